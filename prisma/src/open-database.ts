import type pg from 'pg'
import { DatabaseAdapter } from './adapter.ts'
import { DatabaseStartError, reasonOf } from './database-start-error.ts'
import { freeBytesOf, guardDisk } from './embedded/disk-guard.ts'
import { createEmbeddedPools, startEmbedded } from './embedded/embedded.ts'
import { maintain } from './embedded/maintenance.ts'
import { findSnapshot } from './embedded/snapshot.ts'
import { PrismaClient } from './generated/client/client.ts'
import { openEpoch } from './log-epoch.ts'
import { migrate } from './migrations/migrate.ts'
import { migrationsFolder } from './package-paths.ts'
import { openPostgres } from './postgres.ts'

/** An open, migrated database. */
export interface Database {
  kind: 'embedded' | 'postgres'
  prisma: PrismaClient
  /**
   * For hot raw statements: `bigint` as number, `timestamptz` as Date. On the embedded database all connections share
   * one session, so name no prepared statements and set nothing that lasts longer than a transaction.
   */
  pool: pg.Pool
  /**
   * Further connections to the same database, for what must not wait behind callers: one statement at a time to record
   * samples, one to ask whether the database answers.
   */
  reserved: pg.Pool
  /** Random; new when the database was created, copied or restored. Part of every cursor. */
  epoch: string
  /** True when the database held no migration before this start. */
  isNew: boolean
  /**
   * Calls back once if the embedded database dies under a running server. Nothing brings it back but a new start; a
   * PostgreSQL server that was lost is reconnected to automatically and never causes this call.
   */
  onFailure(listener: (error: Error) => void): void
  /** Closes the pool, Prisma and the thread, and releases the data folder. Idempotent. */
  close(): Promise<void>
}

export interface OpenDatabaseOptions {
  /** Of a PostgreSQL server; without one, the embedded database is used. */
  url?: string | undefined
  /** Of the embedded database; made if it does not exist. */
  dataDir: string
  /** Called with a line of text for each step that can take a while. */
  onProgress?: ((line: string) => void) | undefined
  /** Called for what fails in the background: a lost idle connection, a round of maintenance, a full disk. */
  onIdleError?: ((error: Error) => void) | undefined
}

/** What only tests and the build replace. */
export interface DatabaseSources {
  migrationsFolder: string
  snapshot: string | null
}

/**
 * Opens the database and brings it up to date.
 *
 * @throws DatabaseStartError when it cannot be used; nothing is left open or locked then.
 */
export function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  return openDatabaseFrom(options, { migrationsFolder, snapshot: findSnapshot() })
}

export async function openDatabaseFrom(options: OpenDatabaseOptions, sources: DatabaseSources): Promise<Database> {
  const { url, dataDir, onProgress = () => undefined, onIdleError = () => undefined } = options
  if (url === undefined) return openEmbedded(dataDir, sources, onProgress, onIdleError)
  return openServer(url, sources, onProgress, onIdleError)
}

async function openEmbedded(
  dataDir: string,
  sources: DatabaseSources,
  onProgress: (line: string) => void,
  onIdleError: (error: Error) => void,
): Promise<Database> {
  onProgress(`Opening the embedded database in ${dataDir}`)
  const server = await startEmbedded(dataDir, sources.snapshot)
  const { main: pool, reserved } = createEmbeddedPools(server, onIdleError)
  const endMaintenance = maintain(pool, onIdleError)
  const endGuard = guardDisk(pool, () => freeBytesOf(dataDir), onIdleError)
  const stop = async () => {
    await Promise.all([endMaintenance(), endGuard()])
    await Promise.all([endWithin(pool, 5_000), endWithin(reserved, 5_000)])
    await server.stop()
  }
  return finish(stop, async () => {
    const { wasEmpty } = await migrate(pool, sources.migrationsFolder, onProgress)
    const epoch = await openEpoch(pool, server.fileIdentity())
    const isNew = server.isNew || wasEmpty
    const onFailure = (listener: (error: Error) => void) => server.onFailure(listener)
    return assemble({ kind: 'embedded', pool, reserved, epoch, isNew, onFailure }, stop)
  })
}

async function openServer(
  url: string,
  sources: DatabaseSources,
  onProgress: (line: string) => void,
  onIdleError: (error: Error) => void,
): Promise<Database> {
  onProgress('Connecting to PostgreSQL')
  const { main: pool, reserved, migrations } = await openPostgres(url, onIdleError)
  const stop = async () => {
    await Promise.all([endWithin(pool, 5_000), endWithin(reserved, 5_000)])
  }
  return finish(stop, async () => {
    const wasEmpty = await migrateThrough(migrations, sources.migrationsFolder, onProgress)
    const epoch = await openEpoch(pool, '')
    return assemble({ kind: 'postgres', pool, reserved, epoch, isNew: wasEmpty, onFailure: () => undefined }, stop)
  })
}

async function migrateThrough(pool: pg.Pool, folder: string, onProgress: (line: string) => void): Promise<boolean> {
  try {
    return (await migrate(pool, folder, onProgress)).wasEmpty
  } finally {
    await pool.end()
  }
}

async function finish(stop: () => Promise<void>, open: () => Promise<Database>): Promise<Database> {
  try {
    return await open()
  } catch (error) {
    await stop()
    if (error instanceof DatabaseStartError) throw error
    throw new DatabaseStartError(`The database cannot be opened: ${reasonOf(error)}`, { cause: error })
  }
}

function assemble(parts: Omit<Database, 'prisma' | 'close'>, stop: () => Promise<void>): Database {
  const prisma = new PrismaClient({
    adapter: new DatabaseAdapter(parts.pool),
    // Errors do not name the calling line, for which Prisma would capture a stack trace at every call.
    errorFormat: 'minimal',
    // Waiting for a connection counts; a burst of callers is no reason to refuse one of them.
    transactionOptions: { maxWait: 10_000, timeout: 15_000 },
  })
  let closed: Promise<void> | null = null
  const close = async () => {
    await prisma.$disconnect()
    await stop()
  }
  return { ...parts, prisma, close: () => (closed ??= close()) }
}

/** Ends a pool; one whose connections are still in use after a while is left behind. */
async function endWithin(pool: pg.Pool, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([pool.end(), waited])
  clearTimeout(timer)
}
