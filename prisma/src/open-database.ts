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
import { Reader } from './reads/reader.ts'
import type { NamesInDatabase } from './reads/tables.ts'
import { leaseTimes, type LeaseTimes, ServerLease } from './server-lease.ts'
import { type InTransaction, transactionsOf } from './transactions.ts'

/** An open, migrated database. */
export interface Database {
  kind: 'embedded' | 'postgres'
  prisma: PrismaClient
  /** Reads rows and their relations, wherever no transaction is open. */
  reader: Reader
  /**
   * For hot raw statements: `bigint` as number, `timestamptz` as Date. On the embedded database all connections share
   * one session, so name no prepared statements and set nothing that lasts longer than a transaction.
   */
  pool: pg.Pool
  /** A transaction on a connection of the pool, for hot statements that belong together. */
  inTransaction: InTransaction
  /**
   * Further connections to the same database, for what must not wait behind callers: one statement at a time each to record
   * samples, to merge them, and to ask whether the database answers.
   */
  reserved: pg.Pool
  /** Random; new when the database was created, copied or restored. Part of every cursor. */
  epoch: string
  /** True when the database held no migration before this start. */
  isNew: boolean
  /** Whether the embedded database refuses writes now, because its disk is nearly full. */
  isDiskFull(): boolean
  /**
   * Calls back once if the database can be used no more by this process: the embedded database died, or another server
   * has taken over this one on PostgreSQL while it could not be reached. A PostgreSQL server that was lost is
   * reconnected to automatically, and by itself never causes this call.
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
  /** When it is aborted, all that waits for the database fails at once, and so does every new statement. */
  signal?: AbortSignal | undefined
  /** When it is aborted, a start that waits for another server to end waits no longer, and rejects. */
  startSignal?: AbortSignal | undefined
}

/** What only tests and the build replace. */
export interface DatabaseSources {
  migrationsFolder: string
  snapshot: string | null
  /** Null: beside a server, or other tests, that have the lease. */
  lease: LeaseTimes | null
}

/**
 * Opens the database and brings it up to date.
 *
 * @throws DatabaseStartError when it cannot be used; nothing is left open or locked then.
 */
export function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  return openDatabaseFrom(options, { migrationsFolder, snapshot: findSnapshot(), lease: leaseTimes })
}

export async function openDatabaseFrom(options: OpenDatabaseOptions, sources: DatabaseSources): Promise<Database> {
  const { url, dataDir, onProgress = () => undefined, onIdleError = () => undefined, signal, startSignal } = options
  const listeners = { onProgress, onIdleError, signal, startSignal }
  return url === undefined ? openEmbedded(dataDir, sources, listeners) : openServer(url, sources, listeners)
}

interface Listeners {
  onProgress: (line: string) => void
  onIdleError: (error: Error) => void
  signal: AbortSignal | undefined
  startSignal: AbortSignal | undefined
}

async function openEmbedded(
  dataDir: string,
  sources: DatabaseSources,
  { onProgress, onIdleError, signal, startSignal }: Listeners,
): Promise<Database> {
  onProgress(`Opening the embedded database in ${dataDir}`)
  const waiting = { onProgress, onError: onIdleError, signal: startSignal }
  const server = await startEmbedded(dataDir, sources.snapshot, waiting)
  const { main: pool, reserved } = createEmbeddedPools(server, onIdleError, signal)
  const endMaintenance = maintain(pool, onIdleError)
  const diskGuard = guardDisk(pool, () => freeBytesOf(dataDir), onIdleError)
  const stop = async () => {
    await Promise.all([endMaintenance(), diskGuard.stop()])
    await Promise.all([endWithin(pool, 5_000), endWithin(reserved, 5_000)])
    await server.stop()
  }
  return finish(stop, async () => {
    const { wasEmpty } = await migrate(pool, sources.migrationsFolder, onProgress)
    const epoch = await openEpoch(pool, server.fileIdentity())
    const isNew = server.isNew || wasEmpty
    const onFailure = (listener: (error: Error) => void) => server.onFailure(listener)
    const isDiskFull = () => diskGuard.isRefusing()
    return assemble({ kind: 'embedded', pool, reserved, epoch, isNew, isDiskFull, onFailure }, stop)
  })
}

async function openServer(
  url: string,
  sources: DatabaseSources,
  { onProgress, onIdleError, signal, startSignal }: Listeners,
): Promise<Database> {
  onProgress('Connecting to PostgreSQL')
  const { main: pool, reserved, schema, ...pools } = await openPostgres(url, onIdleError, signal)
  const lease = sources.lease && new ServerLease(pools.lease, sources.lease, onIdleError)
  const takeLease = async () =>
    await lease?.take(() => onProgress('Waiting for another server that runs on this database to end'), startSignal)
  const stop = async () => {
    await Promise.all([endWithin(pool, 5_000), endWithin(reserved, 5_000)])
    // Last: the next server may start now.
    await lease?.release()
    await endWithin(pools.lease, 1_000)
  }
  return finish(stop, async () => {
    // First of all, since a server that is running must not find its tables changed; the very first start makes this one.
    if (await hasTable(pool, 'server_lease')) await takeLease()
    const wasEmpty = await migrateThrough(pools.migrations, schema, sources.migrationsFolder, onProgress)
    await takeLease()
    const epoch = await openEpoch(pool, '')
    const isDiskFull = () => false
    const onFailure: Database['onFailure'] = (listener) => lease?.onLost(listener)
    return assemble({ kind: 'postgres', pool, reserved, epoch, isNew: wasEmpty, isDiskFull, onFailure }, stop, schema)
  })
}

async function hasTable(pool: pg.Pool, name: string): Promise<boolean> {
  const { rows } = await pool.query<{ present: boolean }>('SELECT to_regclass($1) IS NOT NULL AS present', [name])
  return rows[0]?.present === true
}

async function migrateThrough(
  pool: pg.Pool,
  schema: string,
  folder: string,
  onProgress: (line: string) => void,
): Promise<boolean> {
  try {
    return (await migrate(pool, folder, onProgress, schema)).wasEmpty
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

function assemble(
  parts: Omit<Database, 'prisma' | 'reader' | 'inTransaction' | 'close'>,
  stop: () => Promise<void>,
  schema?: string,
): Database {
  const prisma = new PrismaClient({
    adapter: new DatabaseAdapter(parts.pool, schema),
    // Errors do not name the calling line, for which Prisma would capture a stack trace at every call.
    errorFormat: 'minimal',
    // Waiting for a connection counts; a burst of callers is no reason to refuse one of them.
    transactionOptions: { maxWait: 10_000, timeout: 15_000 },
  })
  // Prisma keeps it to itself, and has it nowhere else.
  const { _runtimeDataModel: names } = prisma as unknown as { _runtimeDataModel: NamesInDatabase }
  const reader = new Reader(parts.pool, names, parts.kind === 'postgres')
  let closed: Promise<void> | null = null
  const close = async () => {
    await prisma.$disconnect()
    await stop()
  }
  return { ...parts, prisma, reader, inTransaction: transactionsOf(parts), close: () => (closed ??= close()) }
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
