import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf, DatabaseStartError } from '../database-start-error.ts'
import { askSocket } from './lock-socket.ts'

const LOOK_EVERY_MS = 250

/** Who holds a data folder: what its lock says. */
export interface Holder {
  pid: number
  host: string
  /** The running kernel and the file system of the folder, as they are seen from there: see `reachOf`. */
  reach: string
  /** The name of its socket in the data folder; null where the folder cannot hold sockets. */
  socket: string | null
}

export interface Candidate {
  dataDir: string
  shortPath: string
  /** The path of the lock. */
  path: string
  id: string
  leaseMs: number
  onProgress?: ((line: string) => void) | undefined
  signal?: AbortSignal | undefined
}

/** The lock of another process, looked at until it is gone. */
export class Takeover {
  readonly #candidate: Candidate
  /** The sign of life of a holder that cannot be asked: when the lock was written, and since when that was so. */
  #sign: { mtimeMs: number; seenAt: number } | null = null

  constructor(candidate: Candidate) {
    this.#candidate = candidate
  }

  /**
   * Resolves when it is worth trying to create the lock again.
   *
   * @throws DatabaseStartError when the holder runs.
   */
  async next(): Promise<void> {
    const { path, signal } = this.#candidate
    const held = readIfPresent(path)
    if (held === null) return
    if (await this.#hasEnded(parseHolder(held))) this.#putAside(held)
    else await sleep(LOOK_EVERY_MS, undefined, { signal })
  }

  async #hasEnded(holder: Holder | null): Promise<boolean> {
    const { path, shortPath, leaseMs, dataDir, onProgress } = this.#candidate
    if (holder !== null && holder.socket !== null) {
      const answer = await askSocket(join(shortPath, holder.socket))
      if (answer === 'answered') throw inUse(dataDir, holder)
      if (answer === 'refused' && holder.reach === reachOf(dataDir)) return true
    }
    const mtimeMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs
    if (mtimeMs === undefined) return false
    const isFirstLook = this.#sign === null
    this.#sign ??= { mtimeMs, seenAt: performance.now() }
    if (this.#sign.mtimeMs !== mtimeMs) throw inUse(dataDir, holder)
    // Of two machines, the clocks may differ: the time of a lock is compared with the time of another file there.
    const silentMs = Math.max(performance.now() - this.#sign.seenAt, this.#timeOfFolder() - mtimeMs)
    if (silentMs >= leaseMs) return true
    if (isFirstLook) {
      onProgress?.(
        `The data folder ${dataDir} was used by ${nameOf(holder)} a moment ago: ` +
          `waiting up to ${Math.ceil(leaseMs / 1000)} s for a sign that it still is`,
      )
    }
    return false
  }

  #timeOfFolder(): number {
    const probe = `${this.#candidate.path}.${this.#candidate.id}`
    try {
      writeFileSync(probe, '', { mode: 0o600 })
      return statSync(probe).mtimeMs
    } finally {
      rmSync(probe, { force: true })
    }
  }

  // Two processes may both find the same stale lock. Renaming gives a file to exactly one of them; the one that finds
  // it renamed the fresh lock of the other puts it back.
  #putAside(stale: string): void {
    const { dataDir, path, id } = this.#candidate
    if (readIfPresent(path) !== stale) return
    const aside = `${path}.${id}`
    try {
      renameSync(path, aside)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return
      throw error
    }
    if (readFileSync(aside, 'utf8') !== stale) return renameSync(aside, path)
    rmSync(aside)
    const socket = parseHolder(stale)?.socket
    if (typeof socket === 'string') rmSync(join(dataDir, socket), { force: true })
  }
}

function inUse(dataDir: string, holder: Holder | null): DatabaseStartError {
  return new DatabaseStartError(
    `The data folder ${dataDir} is in use by ${nameOf(holder)}: ` +
      'stop that process, or set DATA_DIR to another folder.',
  )
}

/** A process id has a meaning on its own host only; a container is a host. */
function nameOf(holder: Holder | null): string {
  if (holder === null) return 'another process'
  return holder.host === hostname() ? `process ${holder.pid}` : `process ${holder.pid} on ${holder.host}`
}

function parseHolder(text: string): Holder | null {
  const match =
    /^\{"id":"\w+","pid":(\d+),"host":"([^"]*)","reach":"([^"]*)","socket":(?:null|"(gaugeline-\w+\.sock)")\}$/.exec(
      text,
    )
  if (match === null) return null
  const [, pid, host = '', reach = '', socket = null] = match
  return { pid: Number(pid), host, reach, socket }
}

export function readIfPresent(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/**
 * From where a socket in a folder is reached, as an opaque text: all containers of a machine have one kernel, and another
 * one after a restart, which knows the sockets of a file system as it is mounted. Refusing a connection proves that
 * nobody listens only to those who would reach a listener.
 */
export function reachOf(folder: string): string {
  const kernel = readIfPresent('/proc/sys/kernel/random/boot_id')?.trim() ?? hostname()
  return `${kernel} ${statSync(folder).dev}`
}
