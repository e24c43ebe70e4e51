import pg from 'pg'
import { DatabaseStartError, reasonOf } from './database-start-error.ts'
import { createPool, RESERVED_CONNECTIONS } from './pool.ts'

const oldestVersion = 14
const connectTimeoutMs = 5_000
/** Statements are short by construction: one that takes longer means that the database is in trouble. */
const statementTimeoutMs = 5_000
/** A server that is there cuts statements off itself before that; this is for one that has gone silent. */
const readTimeoutMs = 6_000

/** Pools for one PostgreSQL server, all reached by the same url. */
export interface PostgresPools {
  /** For the life of the server: a statement fails after 5 s, after 6 s when no answer comes. */
  main: pg.Pool
  /** The same, for `RESERVED_CONNECTIONS`. */
  reserved: pg.Pool
  /** For migrations, which may take as long as they need. */
  migrations: pg.Pool
}

/**
 * Makes sure that the database can be used.
 *
 * @throws DatabaseStartError saying what is wrong with the url, the server or the database; never with the password.
 */
export async function openPostgres(url: string, onIdleError: (error: Error) => void): Promise<PostgresPools> {
  const target = describe(url)
  const { connectionString, options } = splitOptions(url)
  const config = { connectionString, connectionTimeoutMillis: connectTimeoutMs }
  const lasting = {
    ...config,
    options: `${options} -c statement_timeout=${statementTimeoutMs} -c idle_in_transaction_session_timeout=60000`,
    query_timeout: readTimeoutMs,
  }
  const main = createPool({ ...lasting, max: 10 }, onIdleError)
  try {
    await check(main, target)
  } catch (error) {
    await main.end()
    if (error instanceof DatabaseStartError) throw error
    throw new DatabaseStartError(explain(error, target), { cause: error })
  }
  return {
    main,
    reserved: createPool({ ...lasting, max: RESERVED_CONNECTIONS }, onIdleError),
    migrations: createPool({ ...config, options, max: 2 }, onIdleError),
  }
}

async function check(pool: pg.Pool, { database }: Target): Promise<void> {
  const { rows } = await pool.query<{ version: number; encoding: string; standby: boolean }>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
       pg_is_in_recovery() AS standby`,
  )
  const server = rows[0]
  if (server === undefined) throw new Error('the server answered nothing')
  refuseUnfit(server, database)
}

/** @throws DatabaseStartError for a server that is too old, a standby, or a database in another encoding than UTF-8. */
export function refuseUnfit(server: { version: number; encoding: string; standby: boolean }, database: string): void {
  const major = Math.floor(server.version / 10_000)
  if (major < oldestVersion) {
    throw new DatabaseStartError(
      `The PostgreSQL server of DATABASE_URL is version ${major}: Gaugeline needs ${oldestVersion} or newer.`,
    )
  }
  if (server.standby) {
    throw new DatabaseStartError('The PostgreSQL server of DATABASE_URL is a read-only standby: name the primary.')
  }
  if (server.encoding !== 'UTF8') {
    throw new DatabaseStartError(
      `The database "${database}" of DATABASE_URL has the encoding ${server.encoding}: Gaugeline needs one in UTF8.`,
    )
  }
}

interface Target {
  where: string
  user: string
  database: string
}

function describe(text: string): Target {
  const url = parse(text)
  const user = decodeURIComponent(url.username) || url.searchParams.get('user') || (pg.defaults.user ?? 'postgres')
  return {
    where: url.searchParams.get('host') ?? `${url.hostname || 'localhost'}:${url.port || 5432}`,
    user,
    database: decodeURIComponent(url.pathname.slice(1)) || user,
  }
}

function parse(text: string): URL {
  const refuse = () => {
    throw new DatabaseStartError(
      'DATABASE_URL is not a PostgreSQL address: write it as postgres://user:password@host:5432/database, ' +
        'with special characters %-encoded.',
    )
  }
  try {
    // Without a host, which pg allows: the socket folder may be given in the query.
    const url = new URL(text.replace('@/', '@localhost/'))
    decodeURIComponent(url.username + url.password + url.pathname)
    // What a password ends in when it holds a /, # or ? as it is: the rest of it must not be taken for a path, and
    // shown.
    if (url.hash !== '' || `${url.pathname}${url.search}`.includes('@')) return refuse()
    return url.protocol === 'postgres:' || url.protocol === 'postgresql:' ? url : refuse()
  } catch {
    return refuse()
  }
}

// Options in the URL would replace those of the config, not add to them.
function splitOptions(text: string): { connectionString: string; options: string } {
  const url = parse(text)
  const options = url.searchParams.get('options')
  if (options === null) return { connectionString: text, options: '' }
  url.searchParams.delete('options')
  return { connectionString: url.href, options }
}

function explain(error: unknown, { where, user, database }: Target): string {
  switch (codeOf(error)) {
    case '28P01':
    case '28000':
      return `PostgreSQL at ${where} refuses user "${user}": correct user and password in DATABASE_URL.`
    case '3D000':
      return `PostgreSQL at ${where} has no database "${database}": create it, or correct DATABASE_URL.`
    case 'ECONNREFUSED':
    case 'ENOENT':
      return unreachable(where, 'nothing answers there')
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return unreachable(where, 'that host is not known')
    default:
      return /timeout/i.test(reasonOf(error))
        ? unreachable(where, `no answer within ${connectTimeoutMs / 1000} s`)
        : `PostgreSQL at ${where} cannot be used: ${reasonOf(error)}. Correct DATABASE_URL or the server.`
  }
}

function unreachable(where: string, reason: string): string {
  const advice = 'Start it, correct DATABASE_URL, or unset it for the embedded database.'
  return `PostgreSQL at ${where} cannot be reached: ${reason}. ${advice}`
}

function codeOf(error: unknown): unknown {
  if (error instanceof AggregateError && !('code' in error)) return codeOf(error.errors[0])
  return error instanceof Error && 'code' in error ? error.code : undefined
}
