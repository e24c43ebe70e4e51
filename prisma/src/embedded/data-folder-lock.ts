import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseStartError, reasonOf } from '../database-start-error.ts'

export interface DataFolderLock {
  release(): void
}

interface Holder {
  pid: number
  /** Distinguishes the holder from a later process with the same pid; null where the system does not report it. */
  startedAt: string | null
}

/**
 * Makes the data folder if needed and takes it for this process. PGlite itself has no lock: a second process on the
 * same folder silently loses rows. The lock of a process that is gone (`kill -9`) is taken over.
 *
 * @throws DatabaseStartError when another process holds the folder, or it cannot be written.
 */
export function lockDataFolder(dataDir: string): DataFolderLock {
  makeFolder(dataDir)
  const lock = join(dataDir, 'gaugeline.lock')
  const mine = JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) } satisfies Holder)
  const prepared = `${lock}.${process.pid}`
  try {
    // Written beside and linked into place, so that no process ever reads half a lock.
    writeFileSync(prepared, mine, { mode: 0o600 })
    takeOver(lock, prepared, dataDir)
  } catch (error) {
    throw asStartError(dataDir, error)
  } finally {
    rmSync(prepared, { force: true })
  }
  return {
    release() {
      if (readIfPresent(lock) === mine) unlinkSync(lock)
    },
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

function takeOver(lock: string, prepared: string, dataDir: string): void {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (linked(prepared, lock)) return
    const held = readIfPresent(lock)
    if (held === null) continue
    const holder = parseHolder(held)
    if (holder !== null && isRunning(holder)) {
      throw new DatabaseStartError(
        `The data folder ${dataDir} is in use by process ${holder.pid}: ` +
          'stop that process, or set DATA_DIR to another folder.',
      )
    }
    putAside(lock, held)
  }
  throw new Error('other processes keep taking its lock')
}

// Two processes may both find the same stale lock. Renaming gives a file to exactly one of them; the one that finds it
// renamed the fresh lock of the other puts it back.
function putAside(lock: string, stale: string): void {
  const aside = `${lock}.${process.pid}.stale`
  try {
    renameSync(lock, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  if (readFileSync(aside, 'utf8') !== stale) linked(aside, lock)
  unlinkSync(aside)
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

function readIfPresent(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

function parseHolder(text: string): Holder | null {
  const match = /^\{"pid":(\d+),"startedAt":(?:null|"([^"]*)")\}$/.exec(text)
  return match === null ? null : { pid: Number(match[1]), startedAt: match[2] ?? null }
}

function isRunning({ pid, startedAt }: Holder): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs, under another user.
    if (codeOf(error) !== 'EPERM') return false
  }
  const start = startOf(pid)
  return startedAt === null || start === null || start === startedAt
}

/** When a process was started, as an opaque text; null where the system does not report it or the process is gone. */
function startOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      // Field 22, in clock ticks since boot; the name in field 2 may hold spaces and parentheses.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${ticks}`
    }
    if (process.platform === 'win32') return null
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    // Gone, or a system without these: the pid alone decides then.
    return null
  }
}

function asStartError(dataDir: string, error: unknown): DatabaseStartError {
  if (error instanceof DatabaseStartError) return error
  const code = codeOf(error)
  const reason =
    code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
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

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
