// A folder in memory for what tests write: each embedded database is a thousand files, and lives for seconds.
import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { freemem } from 'node:os'

/** Linux keeps it in memory. A container may have a few megabytes of it. */
const MEMORY = '/dev/shm'
/** Several times of what tests that run at once hold. */
const LEAST_FREE_BYTES = 4 * 2 ** 30

/** Whether there is so much memory for files, and so much memory at all. */
function hasRoom({ memory, leastFreeBytes }) {
  try {
    const { bavail, bsize } = statfsSync(memory)
    return Math.min(bavail * bsize, freemem()) >= leastFreeBytes
  } catch {
    return false
  }
}

/** The path of a new folder in memory, or null where there is no room; it is removed when this process ends. */
export function memoryFolder({ memory = MEMORY, leastFreeBytes = LEAST_FREE_BYTES } = {}) {
  if (!hasRoom({ memory, leastFreeBytes })) return null
  const folder = mkdtempSync(`${memory}/gaugeline-`)
  // As with /tmp, tests that run a server as another user let that user in.
  chmodSync(folder, 0o755)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
