import { Socket } from 'node:net'
import pg from 'pg'
import { DatabaseStartError } from './database-start-error.ts'
import type { PostgresTarget } from './postgres-url.ts'

const oldestVersion = 14
const answerTimeoutMs = 5_000

/**
 * Makes sure that a server is fit for Gaugeline, that its sessions belong to whoever opened them, and that the schema
 * is there.
 *
 * @throws DatabaseStartError, or the error of the connection
 */
export async function checkServer(target: PostgresTarget, signal?: AbortSignal): Promise<void> {
  using first = await connect(target, signal)
  const { rows } = await first.client.query<{ version: number; encoding: string; standby: boolean }>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
       pg_is_in_recovery() AS standby`,
  )
  const server = rows[0]
  if (server === undefined) throw new Error('the server answered nothing')
  refuseUnfit(server, target.database)
  using second = await connect(target, signal)
  if (await isSessionShared(first.client, second.client)) {
    throw new DatabaseStartError(
      `DATABASE_URL leads to a pooler at ${target.where} that gives a session to many clients (transaction mode): ` +
        'name the PostgreSQL server itself, or a pooler in session mode.',
    )
  }
  await openSchema(first.client, target)
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

/**
 * Whether a pooler gives one session of the server to several clients, transaction by transaction. What we set in a
 * session (its time zone, its timeouts, its prepared statements) would then be gone in the next transaction, or be
 * somebody else's. Sets nothing itself.
 */
async function isSessionShared(one: pg.Client, other: pg.Client): Promise<boolean> {
  const before = await sessionOf(one)
  await other.query('BEGIN')
  try {
    // While `other` is in a transaction, `one` must be given another session if it was using the same.
    return (await sessionOf(other)) === before || (await sessionOf(one)) !== before
  } finally {
    await other.query('ROLLBACK')
  }
}

async function sessionOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return rows[0]?.pid
}

async function openSchema(client: pg.Client, { schema, user, database }: PostgresTarget): Promise<void> {
  const name = pg.escapeIdentifier(schema)
  const { rows } = await client.query<{ exists: boolean; usable: boolean | null; mayCreate: boolean }>(
    `SELECT to_regnamespace($1) IS NOT NULL AS exists,
       has_schema_privilege(to_regnamespace($1)::oid, 'USAGE') AS usable,
       has_database_privilege(current_database(), 'CREATE') AS "mayCreate"`,
    [name],
  )
  const found = rows[0]
  if (found?.exists === false && found.mayCreate) {
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${name}`)
  } else if (found?.usable !== true) {
    throw new DatabaseStartError(
      found?.exists === false
        ? `The database "${database}" has no schema ${name}, and user "${user}" may not create it: ` +
            `run CREATE SCHEMA ${name} AUTHORIZATION ${pg.escapeIdentifier(user)}.`
        : `User "${user}" may not use the schema ${name} of the database "${database}": ` +
            `run GRANT USAGE, CREATE ON SCHEMA ${name} TO ${pg.escapeIdentifier(user)}.`,
    )
  }
}

async function connect({ config }: PostgresTarget, signal?: AbortSignal): Promise<{ client: pg.Client } & Disposable> {
  const client = new pg.Client({
    ...config,
    application_name: 'gaugeline',
    query_timeout: answerTimeoutMs,
    stream: () => new Socket(signal && { signal }),
  })
  // What it was asked reports the loss of the connection.
  client.on('error', () => undefined)
  await client.connect()
  // Not waited for: a network that falls silent now would hold up the start.
  return { client, [Symbol.dispose]: () => void client.end() }
}
