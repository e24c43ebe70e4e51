import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import type { Server } from 'node:net'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { codeOf, DatabaseStartError, reasonOf } from '../database-start-error.ts'
import { forbiddenIn, isForbidden } from './forbidden-files.ts'
import { listenOn } from './lock-socket.ts'
import { type Holder, reachOf, readIfPresent, Takeover } from './lock-takeover.ts'

/** A file, whatever is at its path later. */
export interface FileIdentity {
  path: string
  dev: bigint
  ino: bigint
}

interface OwnLock {
  file: FileIdentity
  /** Until then it is open: a file that is deleted keeps its number, so that no other one gets it. */
  close: () => void
}

export interface DataFolderLock {
  /** The file of the lock: while its path leads to it, the folder is in its place and belongs to this process. */
  file: FileIdentity
  release(): Promise<void>
}

export interface LockOptions {
  /** A folder of this process alone, with a path short enough for sockets. */
  socketFolder: string
  /** Called with a line when it has to wait for a sign of life of the last holder. */
  onProgress?: ((line: string) => void) | undefined
  /** Called when this process cannot give its own sign of life. */
  onError?: ((error: Error) => void) | undefined
  /** When it is aborted, it waits no longer. */
  signal?: AbortSignal | undefined
  /** A holder that cannot be asked has ended when it gave no sign of life for so long. 15 s. */
  leaseMs?: number | undefined
  /** Tests replace it by a folder that cannot hold sockets. */
  listen?: ((path: string) => Promise<Server | null>) | undefined
}

const SHORTCUT = 'd'
/** The length of a path in `socketFolder` that is used for a socket. */
export const LOCK_SOCKET_LENGTH = join(SHORTCUT, 'gaugeline-01234567.sock').length

/**
 * Makes the data folder if needed and takes it for this process. PGlite itself has no lock: a second process on the
 * same folder silently loses rows.
 *
 * The holder listens on a Unix socket in the folder, because the kernel knows whether it runs: process ids mean nothing
 * in another container, and a zombie still has one. A socket that answers has a holder, wherever that runs. One that
 * refuses has none, if this process would reach it. Where a socket proves nothing (several machines share the folder, or
 * it cannot hold sockets), the holder has ended once it has not written its lock for 15 s. The lock of a holder that has
 * ended is taken over.
 *
 * @throws DatabaseStartError when another process holds the folder, or it cannot be written.
 */
export async function lockDataFolder(dataDir: string, options: LockOptions): Promise<DataFolderLock> {
  const { leaseMs = 15_000, onError = () => undefined } = options
  makeFolder(dataDir)
  // The path of the data folder itself may be longer than that of a socket can be.
  const shortPath = join(options.socketFolder, SHORTCUT)
  symlinkSync(resolve(dataDir), shortPath)
  const id = randomBytes(4).toString('hex')
  const socket = `gaugeline-${id}.sock`
  const server = await (options.listen ?? listenOn)(join(shortPath, socket))
  server?.on('error', onError)
  const leave = () => {
    server?.close()
    rmSync(join(dataDir, socket), { force: true })
  }
  const holder: Holder = { pid: process.pid, host: hostname(), reach: reachOf(dataDir), socket: server && socket }
  const path = join(dataDir, 'gaugeline.lock')
  const text = JSON.stringify({ id, ...holder })
  try {
    const takeover = new Takeover({ ...options, dataDir, shortPath, path, id, leaseMs })
    let own = create(path, text)
    while (own === null) {
      await takeover.next()
      own = create(path, text)
    }
    const { file, close } = own
    const endBeats = beat(file, text, leaseMs / 5, onError)
    return {
      file,
      async release() {
        await endBeats()
        close()
        if (readIfPresent(path) === text) rmSync(path)
        leave()
      },
    }
  } catch (error) {
    leave()
    throw asStartError(dataDir, error)
  }
}

/** Writes the lock if there is none; null if there is one. Another process may see it before all of it is written. */
function create(path: string, text: string): OwnLock | null {
  let descriptor: number
  try {
    descriptor = openSync(path, 'wx', 0o600)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return null
    throw error
  }
  try {
    writeSync(descriptor, text)
    const { dev, ino } = fstatSync(descriptor, { bigint: true })
    return { file: { path, dev, ino }, close: () => closeSync(descriptor) }
  } catch (error) {
    closeSync(descriptor)
    rmSync(path, { force: true })
    throw error
  }
}

/**
 * Gives a sign of life every so often: writes the lock again, which sets its time by the clock of its file system.
 * Opened and closed each time, which is when a network file system sends what was written.
 *
 * @returns a function that ends it, once the write in flight has finished
 */
function beat(lock: FileIdentity, text: string, everyMs: number, onError: (error: Error) => void): () => Promise<void> {
  let beating: Promise<void> | null = null

  async function write(): Promise<void> {
    const file = await open(lock.path, 'r+')
    try {
      const { dev, ino } = await file.stat({ bigint: true })
      if (dev === lock.dev && ino === lock.ino) await file.write(text, 0)
    } finally {
      await file.close()
    }
  }

  const timer = setInterval(() => {
    beating ??= write()
      .catch(onError)
      .finally(() => {
        beating = null
      })
  }, everyMs).unref()
  return async () => {
    clearInterval(timer)
    await beating
  }
}

function makeFolder(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    if (!statSync(dataDir).isDirectory()) throw new Error('it is not a folder')
  } catch (error) {
    throw asStartError(dataDir, error)
  }
}

function asStartError(dataDir: string, error: unknown): DatabaseStartError {
  if (error instanceof DatabaseStartError) return error
  // The lock of another user; where the folder itself is forbidden, there is none yet.
  if (isForbidden(error) && existsSync(error.path ?? '')) return forbiddenIn(dataDir, error)
  const code = codeOf(error)
  const reason = isForbidden(error)
    ? 'it cannot be written'
    : code === 'EEXIST' || code === 'ENOTDIR'
      ? 'a file is in its place'
      : code === 'ENOSPC'
        ? 'the disk is full'
        : reasonOf(error)
  return new DatabaseStartError(
    `The data folder ${dataDir} cannot be used: ${reason}. Set DATA_DIR to a folder that can be written.`,
    { cause: error },
  )
}
