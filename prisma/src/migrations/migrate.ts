import type pg from 'pg'
import { DatabaseAdapter } from '../adapter.ts'
import { DatabaseStartError, reasonOf } from '../database-start-error.ts'
import { createEngine } from './engine.ts'
import { migrationNames, readMigrations } from './migration-files.ts'

interface MigrationRow {
  name: string
  applied: boolean
}

/** Any number; the same in every server that may migrate this database. */
const advisoryLock = 4_717_253
const lockTimeoutMs = 60_000

/**
 * Applies what is missing of the migrations in `folder`, one server at a time. A migration that fails leaves nothing
 * behind; after it was corrected, the next start applies it.
 *
 * @param pool of two connections or more, without a statement timeout
 * @returns whether the database held no migration before
 * @throws DatabaseStartError when a migration fails, or when the database is newer than this build.
 */
export async function migrate(
  pool: pg.Pool,
  folder: string,
  onProgress: (line: string) => void,
  schema?: string,
): Promise<{ wasEmpty: boolean }> {
  const client = await pool.connect()
  try {
    await lock(client)
    const rows = await readMigrationTable(client)
    const names = migrationNames(folder)
    refuseUnknown(rows, names)
    const applied = new Set(rows.filter((row) => row.applied).map((row) => row.name))
    const missing = names.filter((name) => !applied.has(name))
    // The server makes tables as long as it runs: partitions.
    await refuseReadOnlySchema(client)
    if (missing.length > 0) {
      onProgress(`Migrating the database (${missing.length} to apply)`)
      const failed = rows.filter((row) => !row.applied).map((row) => row.name)
      await apply(new DatabaseAdapter(pool, schema), pool, folder, failed)
    }
    return { wasEmpty: applied.size === 0 }
  } finally {
    // Closing the connection releases the advisory lock.
    client.release(true)
  }
}

async function lock(client: pg.PoolClient): Promise<void> {
  await client.query(`SET lock_timeout = ${lockTimeoutMs}`)
  try {
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLock])
  } catch (error) {
    throw new DatabaseStartError(
      `Another server has been migrating this database for over ${lockTimeoutMs / 1000} s: ` +
        'wait for it to finish, then start again.',
      { cause: error },
    )
  } finally {
    // Embedded, all connections share one session.
    await client.query('SET lock_timeout = 0')
  }
}

async function readMigrationTable(client: pg.PoolClient): Promise<MigrationRow[]> {
  const found = await client.query<{ present: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present`,
  )
  if (found.rows[0]?.present !== true) return []
  const { rows } = await client.query<MigrationRow>(
    `SELECT migration_name AS name, finished_at IS NOT NULL AS applied
     FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name`,
  )
  return rows
}

function refuseUnknown(rows: MigrationRow[], names: string[]): void {
  const unknown = rows.find((row) => row.applied && !names.includes(row.name))
  if (unknown === undefined) return
  throw new DatabaseStartError(
    `The database is newer than this build of Gaugeline: it holds the migration ${unknown.name}. ` +
      'Start the newer build, or use another database.',
  )
}

async function refuseReadOnlySchema(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query<{ allowed: boolean; schema: string; role: string; database: string }>(
    `SELECT has_schema_privilege(current_schema(), 'CREATE') AS allowed, quote_ident(current_schema()) AS schema,
       quote_ident(current_user) AS role, current_database() AS database`,
  )
  const found = rows[0]
  if (found === undefined || found.allowed) return
  throw new DatabaseStartError(
    `User ${found.role} may not create tables in the schema ${found.schema} of the database "${found.database}": ` +
      `run GRANT CREATE ON SCHEMA ${found.schema} TO ${found.role}, or use another schema (?schema=name).`,
  )
}

async function apply(adapter: DatabaseAdapter, pool: pg.Pool, folder: string, failed: string[]): Promise<void> {
  const engine = await createEngine(adapter)
  try {
    // Scripts are atomic, so a failed one left nothing, and may simply be tried again.
    await Promise.all(failed.map((migrationName) => engine.markMigrationRolledBack({ migrationName })))
    const filters = { externalTables: [], externalEnums: [] }
    await engine.applyMigrations({ migrationsList: readMigrations(folder), filters })
  } catch (error) {
    const { rows } = await pool.query<{ name: string }>(
      'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL',
    )
    const name = rows[0]?.name
    throw new DatabaseStartError(
      `${name === undefined ? 'Migrating the database' : `The migration ${name}`} failed: ` +
        `${reasonOf(adapter.scriptError ?? error)}. Nothing of it was applied; correct it and start again.`,
      { cause: error },
    )
  } finally {
    engine.free()
  }
}
