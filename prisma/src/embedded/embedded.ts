import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type pg from 'pg'
import { DatabaseStartError } from '../database-start-error.ts'
import { createPool } from '../pool.ts'
import { lockDataFolder } from './data-folder-lock.ts'
import { refuseFullDisk } from './disk-guard.ts'

export interface WorkerSettings {
  pgData: string
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
/** What pg looks for in a folder that it is given as host. */
const SOCKET = '.s.PGSQL.5432'
/** A longer path is truncated silently, and the socket is then created outside the private folder. */
const MAX_SOCKET_PATH_BYTES = process.platform === 'darwin' ? 103 : 107
/** PGlite 0.5 is PostgreSQL 18; a data folder of another major version cannot be read. */
const majorVersion = '18'

/**
 * Starts PGlite on a data folder, in a worker thread, behind a Unix socket in a folder that only this user can enter
 * (a loopback port would let in every local user). A new data folder starts from the snapshot, if there is one.
 *
 * @throws DatabaseStartError when the folder cannot be used or holds something else.
 */
export async function startEmbedded(dataDir: string, snapshot: string | null): Promise<EmbeddedPostgres> {
  const lock = lockDataFolder(dataDir)
  const socketFolder = makeSocketFolder(() => lock.release())
  const removeSocketFolder = () => rmSync(socketFolder, { recursive: true, force: true })
  process.once('exit', removeSocketFolder)
  const leave = () => {
    process.off('exit', removeSocketFolder)
    removeSocketFolder()
    lock.release()
  }
  try {
    await refuseFullDisk(dataDir)
    const pgData = join(dataDir, 'postgres')
    const unfinished = join(dataDir, 'first-start-unfinished')
    const isNew = prepare(dataDir, pgData, unfinished)
    const worker = new EmbeddedWorker({
      pgData,
      snapshot: isNew ? snapshot : null,
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
    rmSync(unfinished, { force: true })
    let stopped: Promise<void> | null = null
    return {
      socketFolder,
      isNew,
      fileIdentity: () => fileIdentity(join(pgData, 'global', 'pg_control')),
      onFailure: (listener) => worker.onFailure(listener),
      dump: (path) => worker.dump(path),
      stop: () => (stopped ??= worker.stop().finally(leave)),
    }
  } catch (error) {
    leave()
    throw error
  }
}

/** Connections to it. Fewer than it accepts: one that is being closed still counts while its successor is opened. */
export function createEmbeddedPool(server: EmbeddedPostgres, onIdleError: (error: Error) => void): pg.Pool {
  return createPool(
    {
      host: server.socketFolder,
      user: 'postgres',
      database: 'postgres',
      max: maxConnections - 2,
      connectionTimeoutMillis: 10_000,
    },
    onIdleError,
  )
}

/** `undo` is called before it throws. */
function makeSocketFolder(undo: () => void): string {
  try {
    return makePrivateFolder(tmpdir())
  } catch (error) {
    undo()
    throw error
  }
}

function makePrivateFolder(parent: string): string {
  // mkdtemp adds six characters.
  const length = Buffer.byteLength(join(parent, 'gaugeline-XXXXXX', SOCKET))
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

/** Gives whether the database has yet to be made. What an interrupted first start left behind is thrown away. */
function prepare(dataDir: string, pgData: string, unfinished: string): boolean {
  if (existsSync(unfinished)) rmSync(pgData, { recursive: true, force: true })
  const versionFile = join(pgData, 'PG_VERSION')
  if (!existsSync(versionFile)) {
    if (existsSync(pgData)) {
      throw new DatabaseStartError(
        `The folder ${pgData} holds no database: remove it, or set DATA_DIR to another folder than ${dataDir}.`,
      )
    }
    writeFileSync(unfinished, '')
    // PGlite makes its files writable for all; the folder keeps others out.
    mkdirSync(pgData, { mode: 0o700 })
    return true
  }
  const version = readFileSync(versionFile, 'utf8').trim()
  if (version !== majorVersion) {
    throw new DatabaseStartError(
      `The folder ${pgData} was written by PostgreSQL ${version}, this build reads ${majorVersion}: ` +
        'use the build that wrote it, or another DATA_DIR.',
    )
  }
  return false
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
