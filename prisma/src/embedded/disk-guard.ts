import { statfs } from 'node:fs/promises'
import { DatabaseStartError } from '../database-start-error.ts'
import type { Statements } from './maintenance.ts'

/**
 * PostgreSQL panics when a disk has no room for the next 16 MB of its write-ahead log, which ends the embedded
 * database. A vacuum needs several such segments at once.
 */
export const NEEDED_BYTES = 64 * 2 ** 20
const EVERY_MS = 1000

export interface DiskGuard {
  /** Whether it refuses writes now. */
  isRefusing(): boolean
  /** Stops it, once the statement in flight has finished. */
  stop(): Promise<void>
}

/**
 * Makes the embedded database refuse writes (they fail with 25006) while the disk of its folder is nearly full, and
 * accept them again once there is room. Reads continue.
 *
 * @param freeBytes how much room there is
 * @param onFull is called once each time the disk fills up, and for a check that failed; the next check tries again.
 */
export function guardDisk(
  pool: Statements,
  freeBytes: () => Promise<number>,
  onFull: (error: Error) => void,
): DiskGuard {
  let isReadOnly = false
  let looking: Promise<void> | null = null

  async function look(): Promise<void> {
    const free = await freeBytes()
    const isFull = free < NEEDED_BYTES
    if (isFull === isReadOnly) return
    // All connections share the one session of PGlite, so the setting applies to all of them.
    await pool.query(`SET default_transaction_read_only = ${isFull ? 'on' : 'off'}`)
    isReadOnly = isFull
    if (isFull) onFull(new Error(`The disk has only ${room(free)} left: writes are refused until there is more room.`))
  }

  const timer = setInterval(() => {
    looking ??= look()
      .catch(onFull)
      .finally(() => {
        looking = null
      })
  }, EVERY_MS)
  return {
    isRefusing: () => isReadOnly,
    async stop() {
      clearInterval(timer)
      await looking
    },
  }
}

/** @throws DatabaseStartError when the disk of a data folder has too little room to open a database there. */
export async function refuseFullDisk(dataDir: string): Promise<void> {
  const free = await freeBytesOf(dataDir)
  if (free >= NEEDED_BYTES) return
  throw new DatabaseStartError(
    `The disk of the data folder ${dataDir} has only ${room(free)} left: ` +
      `make room for ${room(NEEDED_BYTES)}, or set DATA_DIR to another disk.`,
  )
}

/** What this user may still write there. */
export async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

function room(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MB`
}
