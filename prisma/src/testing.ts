import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { reasonOf } from './database-start-error.ts'
import { migrate } from './migrations/migrate.ts'
import { migrationsHash } from './migrations/migration-files.ts'
import { openDatabase, openDatabaseFrom } from './open-database.ts'
import type { Database } from './open-database.ts'
import { migrationsFolder, packageFolder } from './package-paths.ts'
import { findSnapshot } from './embedded/snapshot.ts'
import { openPostgres } from './postgres.ts'

export type TestDatabaseKind = Database['kind']

/** Where a test's own migrated, empty database is. Nothing has it open; disposal removes it. */
export interface TestDatabaseLocation extends AsyncDisposable {
  /** Set for a PostgreSQL database. */
  url?: string
  /** Set for an embedded database. */
  dataDir?: string
}

/** A test's own database, open. Disposal closes and removes it. */
export interface TestDatabase extends Database, TestDatabaseLocation {}

const serverUrl = process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres'
let kinds: Promise<TestDatabaseKind[]> | null = null

/**
 * The databases that suites run on. A PostgreSQL server (TEST_DATABASE_URL) that cannot be reached is left out, which
 * is said on stderr, or an error with REQUIRE_POSTGRES=1.
 */
export function testDatabaseKinds(): Promise<TestDatabaseKind[]> {
  return (kinds ??= probe())
}

async function probe(): Promise<TestDatabaseKind[]> {
  try {
    await onServer(async (client) => {
      await client.query('SELECT 1')
    })
    return ['embedded', 'postgres']
  } catch (error) {
    const reason = `the PostgreSQL server of TEST_DATABASE_URL cannot be used (${reasonOf(error)})`
    if (process.env['REQUIRE_POSTGRES'] === '1') throw new Error(`REQUIRE_POSTGRES=1, but ${reason}`, { cause: error })
    process.stderr.write(`Tests on PostgreSQL are skipped: ${reason}.\n`)
    return ['embedded']
  }
}

/** Makes a migrated, empty database for one test and opens it, beside any server that the test starts on it. */
export async function createTestDatabase(kind: TestDatabaseKind): Promise<TestDatabase> {
  const location = await prepareTestDatabase(kind)
  try {
    const { url, dataDir } = location
    const sources = { migrationsFolder, snapshot: findSnapshot(), lease: null }
    const database = await openDatabaseFrom({ url, dataDir: dataDir ?? '' }, sources)
    const dispose = once(async () => {
      await database.close()
      await location[Symbol.asyncDispose]()
    })
    return { ...database, ...location, isNew: true, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await location[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Makes a migrated, empty database for one test, for a server that opens it itself: to open an embedded database takes
 * a second of processor time.
 */
export function prepareTestDatabase(kind: TestDatabaseKind): Promise<TestDatabaseLocation> {
  return kind === 'embedded' ? prepareEmbedded() : prepareOnServer()
}

/**
 * Makes a database for one test as an earlier version left it: with the migrations that come before one, and what `fill`
 * stores in it.
 */
export async function prepareOldTestDatabase(
  kind: TestDatabaseKind,
  before: string,
  fill: (pool: pg.Pool) => Promise<void>,
): Promise<TestDatabaseLocation> {
  const folder = mkdtempSync(join(tmpdir(), 'gaugeline-test-'))
  const name = newName()
  const earlier = join(folder, 'migrations')
  cpSync(migrationsFolder, earlier, { recursive: true })
  for (const migration of readdirSync(earlier)) {
    if (/^\d/.test(migration) && migration >= before) rmSync(join(earlier, migration), { recursive: true })
  }
  if (kind === 'postgres') await onServer((client) => client.query(`CREATE DATABASE ${name} TEMPLATE template0`))
  const location = kind === 'postgres' ? { url: urlOf(name) } : { dataDir: join(folder, 'data') }
  const remove = once(async () => {
    if (kind === 'postgres') await drop(name)
    await rm(folder, { recursive: true, force: true })
  })
  try {
    const sources = { migrationsFolder: earlier, snapshot: null, lease: null }
    const database = await openDatabaseFrom({ dataDir: '', ...location }, sources)
    try {
      await fill(database.pool)
    } finally {
      await database.close()
    }
  } catch (error) {
    await remove()
    throw error
  }
  return { ...location, [Symbol.asyncDispose]: remove }
}

async function prepareEmbedded(): Promise<TestDatabaseLocation> {
  const template = await embeddedTemplate()
  const folder = mkdtempSync(join(tmpdir(), 'gaugeline-test-'))
  const dataDir = join(folder, 'data')
  cpSync(template, dataDir, { recursive: true })
  return { dataDir, [Symbol.asyncDispose]: once(async () => rm(folder, { recursive: true, force: true })) }
}

/** A data folder of these migrations, to be copied: half the time of a start from the snapshot. Made once. */
async function embeddedTemplate(): Promise<string> {
  const cache = join(packageFolder, 'node_modules', '.cache', 'gaugeline')
  const template = join(cache, `data-${migrationsHash(migrationsFolder)}`)
  if (existsSync(template)) return template
  mkdirSync(cache, { recursive: true })
  const prepared = mkdtempSync(join(cache, 'new-'))
  const database = await openDatabase({ dataDir: prepared })
  // A copy has an epoch of its own either way; without the row it also looks new.
  await database.pool.query('DELETE FROM log_state')
  await database.close()
  try {
    renameSync(prepared, template)
  } catch (error) {
    rmSync(prepared, { recursive: true, force: true })
    // Another process has made it meanwhile.
    if (!existsSync(template)) throw error
  }
  return template
}

async function prepareOnServer(): Promise<TestDatabaseLocation> {
  const name = newName()
  await onServer(async (client) => {
    // Until the copy is made, nobody with other migrations drops the template.
    await client.query(`SELECT pg_advisory_lock(hashtext('gaugeline_template'))`)
    try {
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${await serverTemplate(client)}`)
    } finally {
      await client.query(`SELECT pg_advisory_unlock(hashtext('gaugeline_template'))`)
    }
    // No test outlives the PostgreSQL server, so no commit has to wait for its disk.
    await client.query(`ALTER DATABASE ${name} SET synchronous_commit = off`)
  })
  return { url: urlOf(name), [Symbol.asyncDispose]: once(() => drop(name)) }
}

function newName(): string {
  return `gaugeline_test_${randomBytes(6).toString('hex')}`
}

async function drop(name: string): Promise<void> {
  await onServer((client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
}

/** A database of these migrations, to be copied under a lock. Made once; those of other migrations are dropped then. */
async function serverTemplate(client: pg.Client): Promise<string> {
  const template = `gaugeline_template_${migrationsHash(migrationsFolder)}`
  const { rows } = await client.query<{ name: string }>(
    `SELECT datname AS name FROM pg_database WHERE datname LIKE 'gaugeline\\_template\\_%'`,
  )
  if (rows.some(({ name }) => name === template)) return template
  for (const { name } of rows) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  // Renamed when it is complete, so that no test copies half of it.
  const prepared = 'gaugeline_template_new'
  await client.query(`CREATE DATABASE ${prepared} TEMPLATE template0 ENCODING 'UTF8'`)
  const { main, lease, migrations } = await openPostgres(urlOf(prepared), () => undefined)
  try {
    await migrate(migrations, migrationsFolder, () => undefined)
  } finally {
    await Promise.all([main, lease, migrations].map((pool) => pool.end()))
  }
  await client.query(`ALTER DATABASE ${prepared} RENAME TO ${template}`)
  return template
}

/** A function whose work is done by the first call only; the other calls wait for that one. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => (done ??= work())
}

/** The url of another database on the test server. */
export function urlOf(database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}

/** Runs statements on the maintenance database of the test server. */
export async function onServer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: serverUrl, connectionTimeoutMillis: 3_000 })
  // The server may end an idle connection; the next statement reports that.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
