import { Socket } from 'node:net'
import pg from 'pg'
import { TransactionStatement } from './transaction-statement.ts'

/** A connection on which nothing moves is asked for a sign of life after this time, where a firewall may forget it. */
const keepAliveMs = 10_000

/** Connections that work for callers never takes: to record, to merge, and to ask whether the database answers. */
export const RESERVED_CONNECTIONS = 3

/**
 * A pool of connections that were made alike. `bigint` comes back as a number (Prisma reads its own as BigInt),
 * `timestamptz` as a Date, `double precision` exactly.
 *
 * @param signal when it is aborted, every connection ends at once, and so does each new one: all that waits for the
 * database fails, whether or not the network still answers
 */
export function createPool(config: pg.PoolConfig, onIdleError: (error: Error) => void, signal?: AbortSignal): pg.Pool {
  const pool = new pg.Pool({
    application_name: 'gaugeline',
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    stream: () => new Socket(signal && { signal }),
    ...config,
    types: parsers(),
  })
  dropSilentClients(pool)
  // Without a listener the loss of an idle connection would end the process; the pool opens a new one when it needs it.
  pool.on('error', (error) => {
    if (signal?.aborted) return
    // The pool hangs its whole client on it, with the key that cancels other statements: nothing for a log.
    Reflect.deleteProperty(error, 'client')
    onIdleError(error)
  })
  return pool
}

/**
 * Ends a client with the first statement that was not answered in time, so that what follows on the same connection
 * fails at once, like the rollback of its transaction, and Prisma cannot give it back to the pool. Those that are idle
 * are dropped as well: a network that has lost one connection has usually lost all, and each would cost a caller as
 * much time again.
 */
function dropSilentClients(pool: pg.Pool): void {
  const prototype: { query: (...args: never[]) => unknown } = pg.Client.prototype
  const idle = new Set<pg.PoolClient>()
  const dropIdle = (error: Error) => {
    // The pool removes an idle client that reports an error.
    for (const client of idle) client.emit('error', error)
  }
  pool.on('acquire', (client) => void idle.delete(client))
  pool.on('remove', (client) => void idle.delete(client))
  pool.on('release', (error, client) => {
    if (isSilence(error)) dropIdle(error)
    else idle.add(client)
  })
  pool.on('connect', (client) => {
    const watched = (...args: never[]): unknown => {
      const answer = prototype.query.apply(client, args)
      const answered = answer instanceof TransactionStatement ? answer.answered : answer
      if (answered instanceof Promise) {
        answered.catch((error: unknown) => {
          if (!isSilence(error)) return
          dropIdle(error)
          void client.end()
        })
      }
      return answer
    }
    Object.assign(client, { query: watched })
  })
}

function isSilence(error: unknown): error is Error {
  return error instanceof Error && error.message === 'Query read timeout'
}

// Over a copy of the usual parsers: Prisma keeps those, and parses bigint itself.
function parsers(): pg.CustomTypesConfig {
  const types = new pg.TypeOverrides()
  types.setTypeParser(pg.types.builtins.INT8, Number)
  return types
}
