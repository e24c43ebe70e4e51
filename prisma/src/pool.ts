import pg from 'pg'

/** Connections that work for callers never takes: one to record with, one to ask whether the database answers. */
export const RESERVED_CONNECTIONS = 2

/**
 * A pool whose sessions are the same on every server: UTC, because Prisma sends and reads instants without their zone;
 * ISO dates; the `public` schema. `bigint` comes back as a number (Prisma reads its own as BigInt), `timestamptz` as a
 * Date, `double precision` exactly.
 */
export function createPool(config: pg.PoolConfig, onIdleError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({
    application_name: 'gaugeline',
    keepAlive: true,
    ...config,
    options: [config.options, '-c TimeZone=UTC -c DateStyle=ISO -c search_path=public'].filter(Boolean).join(' '),
    types: parsers(),
  })
  // Without a listener the loss of an idle connection would end the process; the pool opens a new one when it needs it.
  pool.on('error', (error) => {
    // The pool hangs its whole client on it, with the key that cancels other statements: nothing for a log.
    Reflect.deleteProperty(error, 'client')
    onIdleError(error)
  })
  return pool
}

// Over a copy of the usual parsers: Prisma keeps those, and parses bigint itself.
function parsers(): pg.CustomTypesConfig {
  const types = new pg.TypeOverrides()
  types.setTypeParser(pg.types.builtins.INT8, Number)
  return types
}
