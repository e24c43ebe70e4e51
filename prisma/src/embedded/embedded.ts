import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type pg from 'pg'
import { DatabaseStartError } from '../database-start-error.ts'
import { createPool, RESERVED_CONNECTIONS } from '../pool.ts'
import { type DataFolderLock, type FileIdentity, LOCK_SOCKET_LENGTH, lockDataFolder } from './data-folder-lock.ts'
import { prepareDatabaseFolder } from './database-folder.ts'
import { refuseFullDisk } from './disk-guard.ts'

export interface WorkerSettings {
  dataDir: string
  pgData: string
  /** While its path leads to this file, the data folder is in its place and ours. */
  lock: FileIdentity
  snapshot: string | null
  socketPath: string
  maxConnections: number
}
export type WorkerRequest = { type: 'stop' } | { type: 'dump'; path: string }
export type WorkerReport =
  { type: 'ready' } | { type: 'stopped' } | { type: 'dumped' } | { type: 'failed'; reason: string }

export interface EmbeddedPostgres {
  /** For pg: the private folder that holds the Unix socket. */
  socketFolder: string
  /** True when the data folder held no database before. */
  isNew: boolean
  /** Distinguishes this data folder from a copy or a restored backup of it. */
  fileIdentity(): string
  /** Calls back once if the worker dies by itself; every connection is gone then. */
  onFailure(listener: (error: Error) => void): void
  /** Writes all of the database into one compressed file. */
  dump(path: string): Promise<void>
  /** Idempotent; waits until all is on disk. */
  stop(): Promise<void>
}

const maxConnections = 8
const CALLERS_CONNECTIONS = 4
const SOCKET_PORT = 5432
/** What pg looks for in a folder that it is given as host. */
const SOCKET = `.s.PGSQL.${SOCKET_PORT}`
/** A longer path is truncated silently, and the socket is then created outside the private folder. */
const MAX_SOCKET_PATH_BYTES = process.platform === 'darwin' ? 103 : 107

export interface EmbeddedOptions {
  onProgress?: ((line: string) => void) | undefined
  /** Called for what fails in the background. */
  onError?: ((error: Error) => void) | undefined
  /** When it is aborted, a start that waits for the folder fails. */
  signal?: AbortSignal | undefined
}

/**
 * Starts PGlite on a data folder, in a worker thread, behind a Unix socket in a folder that only this user can enter
 * (a loopback port would let in every local user). A new data folder starts from the snapshot, if there is one.
 *
 * @throws DatabaseStartError when the folder cannot be used or holds something else.
 */
export async function startEmbedded(
  dataDir: string,
  snapshot: string | null,
  options: EmbeddedOptions = {},
): Promise<EmbeddedPostgres> {
  letOwnerReadAndWrite()
  const socketFolder = makePrivateFolder(tmpdir())
  const removeSocketFolder = () => rmSync(socketFolder, { recursive: true, force: true })
  process.once('exit', removeSocketFolder)
  let lock: DataFolderLock | null = null
  const leave = async () => {
    await lock?.release()
    process.off('exit', removeSocketFolder)
    removeSocketFolder()
  }
  try {
    lock = await lockDataFolder(dataDir, { socketFolder, ...options })
    await refuseFullDisk(dataDir)
    const folder = prepareDatabaseFolder(dataDir)
    const worker = new EmbeddedWorker({
      dataDir,
      pgData: folder.path,
      lock: lock.file,
      snapshot: folder.isNew ? snapshot : null,
      socketPath: join(socketFolder, SOCKET),
      maxConnections,
    })
    await worker.ready().catch(async (error: unknown) => {
      await worker.stop()
      throw new DatabaseStartError(
        `The embedded database in ${dataDir} cannot be opened: ${firstLine(error)}. ` +
          'Restore the folder from a backup, or set DATA_DIR to another one.',
        { cause: error },
      )
    })
    folder.finished()
    const stop = async () => {
      try {
        await worker.stop()
      } finally {
        await leave()
      }
    }
    let stopped: Promise<void> | null = null
    return {
      socketFolder,
      isNew: folder.isNew,
      fileIdentity: () => fileIdentity(join(folder.path, 'global', 'pg_control')),
      onFailure: (listener) => worker.onFailure(listener),
      dump: (path) => worker.dump(path),
      stop: () => (stopped ??= stop()),
    }
  } catch (error) {
    await leave()
    throw error
  }
}

/** PostgreSQL does the same: it could not open the files again that it has made under a umask like 0277. */
function letOwnerReadAndWrite(): void {
  const umask = process.umask(0o077)
  process.umask(umask & 0o077)
}

/**
 * Connections to it, for callers and reserved ones. One transaction runs at a time, and the one statement of each other
 * connection waits in line behind it, so few connections for callers are a short line before a reserved one. All are
 * fewer than it accepts: one that is being closed still counts while its successor is opened. Everything is named that
 * pg would otherwise read from variables like PGPORT, which somebody set for another database.
 */
export function createEmbeddedPools(
  server: EmbeddedPostgres,
  onIdleError: (error: Error) => void,
  signal?: AbortSignal,
): { main: pg.Pool; reserved: pg.Pool } {
  // The types of pg leave it out.
  const noReplication: object = { replication: 'false' }
  const config: pg.PoolConfig = {
    ...noReplication,
    host: server.socketFolder,
    port: SOCKET_PORT,
    user: 'postgres',
    database: 'postgres',
    ssl: false,
    sslnegotiation: 'postgres',
    client_encoding: 'utf8',
    connectionTimeoutMillis: 10_000,
    // UTC, because Prisma sends and reads instants without their zone.
    options: '-c TimeZone=UTC -c DateStyle=ISO -c search_path=public',
  }
  return {
    main: createPool({ ...config, max: CALLERS_CONNECTIONS }, onIdleError, signal),
    reserved: createPool({ ...config, max: RESERVED_CONNECTIONS }, onIdleError, signal),
  }
}

function makePrivateFolder(parent: string): string {
  // mkdtemp adds six characters.
  const length = Buffer.byteLength(join(parent, 'gaugeline-XXXXXX', '/')) + Math.max(SOCKET.length, LOCK_SOCKET_LENGTH)
  if (length > MAX_SOCKET_PATH_BYTES) {
    const room = MAX_SOCKET_PATH_BYTES - (length - Buffer.byteLength(parent))
    throw new DatabaseStartError(
      `The folder for temporary files, ${parent}, has a path too long for a socket: set TMPDIR to one of at most ${room} bytes.`,
    )
  }
  try {
    return mkdtempSync(join(parent, 'gaugeline-'))
  } catch (error) {
    throw new DatabaseStartError(
      `The folder for temporary files, ${parent}, cannot be used: ${firstLine(error)}. Make it, or set TMPDIR to another one.`,
      { cause: error },
    )
  }
}

// pg_control is rewritten in place at every checkpoint, so the file stays the same for the life of a database; any copy
// or restore makes a new one. The time of birth counts too, because a freed inode may be given out again. Where it is
// not known, it equals the time of the last change, and is left out. The device does not count: the same volume may have
// another number each time that it is mounted.
function fileIdentity(path: string): string {
  const { ino, birthtimeNs, ctimeNs } = statSync(path, { bigint: true })
  return `${ino}:${birthtimeNs === ctimeNs ? '' : birthtimeNs}`
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0]?.replace(/\.$/, '') ?? ''
}

class EmbeddedWorker {
  readonly #worker: Worker
  readonly #waiting = new Map<WorkerReport['type'], () => void>()
  readonly #listeners = new Set<(error: Error) => void>()
  #reject: (error: Error) => void = () => undefined
  #failure: Error | null = null
  readonly #failed: Promise<never>

  constructor(settings: WorkerSettings) {
    this.#failed = new Promise<never>((_, reject) => {
      this.#reject = reject
    })
    // Pending requests race against it; without any, the listeners report the failure.
    this.#failed.catch(() => undefined)
    const file = fileURLToPath(new URL('./embedded-worker.mjs', import.meta.url))
    // What loads TypeScript in the main thread has no business here, and PGlite's own chatter is not ours to print.
    this.#worker = new Worker(file, { workerData: settings, execArgv: [], stdout: true, stderr: true })
    this.#worker.stdout.resume()
    this.#worker.stderr.resume()
    this.#worker.on('message', (report: WorkerReport) => {
      if (report.type === 'failed') this.#fail(new Error(report.reason))
      else this.#waiting.get(report.type)?.()
    })
    this.#worker.on('error', (error: Error) => this.#fail(error))
    this.#worker.on('exit', (code) => this.#fail(new Error(`The thread of the embedded database ended (${code})`)))
  }

  ready(): Promise<void> {
    return this.#report('ready')
  }

  dump(path: string): Promise<void> {
    return this.#request({ type: 'dump', path }, 'dumped')
  }

  async stop(): Promise<void> {
    if (this.#failure === null) {
      this.#listeners.clear()
      await this.#request({ type: 'stop' }, 'stopped')
    }
    await this.#worker.terminate()
  }

  onFailure(listener: (error: Error) => void): void {
    if (this.#failure !== null) listener(this.#failure)
    else this.#listeners.add(listener)
  }

  #request(request: WorkerRequest, answer: WorkerReport['type']): Promise<void> {
    const answered = this.#report(answer)
    this.#worker.postMessage(request)
    return answered
  }

  #report(type: WorkerReport['type']): Promise<void> {
    const reported = new Promise<void>((resolve) => this.#waiting.set(type, resolve))
    return Promise.race([reported, this.#failed])
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#reject(error)
    for (const listener of this.#listeners) listener(error)
    this.#listeners.clear()
  }
}
