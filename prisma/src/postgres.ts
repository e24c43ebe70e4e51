import pg from 'pg'
import { DatabaseStartError } from './database-start-error.ts'
import { createPool, RESERVED_CONNECTIONS } from './pool.ts'
import { checkServer } from './postgres-checks.ts'
import { explainConnection, readPostgresUrl } from './postgres-url.ts'

/** Statements are short by construction: one that takes longer means that the database is in trouble. */
const statementTimeoutMs = 5_000
/** A server that is there cuts statements off itself before that; this is for one that has gone silent. */
const readTimeoutMs = 6_000
/** Far below the lease, so that a renewal on a connection that is lost leaves time for another. */
const leaseTimeoutMs = 2_000
/** A transaction whose server has vanished holds its locks for so long, far below what the recorder can catch up. */
const idleInTransactionMs = 5_000

/** Pools for one PostgreSQL server, all reached by the same url. */
export interface PostgresPools {
  schema: string
  /** For the life of the server: a statement fails after 5 s, after 6 s when no answer comes. */
  main: pg.Pool
  /** The same, for `RESERVED_CONNECTIONS`. */
  reserved: pg.Pool
  /** A connection of its own: the lease must be renewed whatever the others wait for. */
  lease: pg.Pool
  /** For migrations, which may take as long as they need. */
  migrations: pg.Pool
}

/**
 * Makes sure that the database can be used.
 *
 * @throws DatabaseStartError saying what is wrong with the url, the server or the database; never with the password.
 */
export async function openPostgres(
  url: string,
  onIdleError: (error: Error) => void,
  signal?: AbortSignal,
): Promise<PostgresPools> {
  const target = readPostgresUrl(url)
  try {
    await checkServer(target, signal)
  } catch (error) {
    if (error instanceof DatabaseStartError) throw error
    throw new DatabaseStartError(explainConnection(error, target), { cause: error })
  }
  const pool = (own: pg.PoolConfig, limits = { statementMs: statementTimeoutMs, idleMs: idleInTransactionMs }) => {
    const text = `${sessionSettings(target.schema)}
      set statement_timeout = ${limits.statementMs};
      set idle_in_transaction_session_timeout = ${limits.idleMs};`
    const settings = { text, query_timeout: readTimeoutMs }
    // The pool waits for it, which the types of pg leave out.
    const hook: object = { onConnect: (client: pg.Client) => client.query(settings) }
    return createPool({ ...target.config, ...hook, ...own }, onIdleError, signal)
  }
  return {
    schema: target.schema,
    // One stays, for what is done twice a minute: a session would have to be made for it each time.
    main: pool({ max: 10, min: 1, query_timeout: readTimeoutMs }),
    // All stay: with several statements a second, each would begin and end the wait for a silence that never comes.
    reserved: pool({ max: RESERVED_CONNECTIONS, min: RESERVED_CONNECTIONS, query_timeout: readTimeoutMs }),
    lease: pool({ max: 1, query_timeout: leaseTimeoutMs }),
    migrations: pool({ max: 2 }, { statementMs: 0, idleMs: 0 }),
  }
}

/**
 * What every session has, whatever server, database, role and url say. In a statement and not among the parameters
 * that a session starts with, because poolers like PgBouncer refuse or ignore those.
 *
 * UTC, because Prisma sends and reads instants without their zone. READ COMMITTED, because our transactions take row
 * locks and read after that. No compiler: our statements are short, and a plan that counts every partition looks long to
 * PostgreSQL, which then compiles for 200 ms what runs for one. The server ends a session whose client has vanished, within half a minute.
 */
function sessionSettings(schema: string): string {
  return `
    set client_encoding = 'UTF8';
    set TimeZone = 'UTC';
    set DateStyle = 'ISO';
    set extra_float_digits = 1;
    set search_path = ${pg.escapeIdentifier(schema)};
    set default_transaction_isolation = 'read committed';
    set jit = off;
    set tcp_keepalives_idle = 10;
    set tcp_keepalives_interval = 5;
    set tcp_keepalives_count = 3;
    set tcp_user_timeout = 10000;`
}
