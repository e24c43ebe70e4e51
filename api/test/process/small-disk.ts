import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MB = 2 ** 20

/** A small disk in memory that a test can fill. */
export class SmallDisk implements Disposable {
  readonly folder: string
  readonly #filling: string

  /** Takes root on Linux: throws where it cannot be mounted. */
  constructor(megabytes: number) {
    this.folder = mkdtempSync(join(tmpdir(), 'gaugeline-disk-'))
    this.#filling = join(this.folder, 'filling')
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', this.folder], { stdio: 'pipe' })
    } catch (error) {
      rmSync(this.folder, { recursive: true })
      throw error
    }
  }

  get freeMegabytes(): number {
    const { bavail, bsize } = statfsSync(this.folder)
    return (bavail * bsize) / MB
  }

  /** Leaves only so many megabytes. */
  fill(leave: number): void {
    const file = openSync(this.#filling, 'a')
    try {
      while (this.freeMegabytes > leave) writeSync(file, Buffer.alloc(Math.min(MB, (this.freeMegabytes - leave) * MB)))
    } finally {
      closeSync(file)
    }
  }

  makeRoom(): void {
    rmSync(this.#filling, { force: true })
  }

  [Symbol.dispose](): void {
    // A server that was killed a moment ago may still count as a user of it.
    execFileSync('umount', ['--lazy', this.folder])
    rmSync(this.folder, { recursive: true })
  }
}

/** Why none can be had here; null where it can. */
export function noSmallDisk(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'mounting a small disk takes root on Linux'
  try {
    new SmallDisk(1)[Symbol.dispose]()
    return null
  } catch (error) {
    return `no small disk can be mounted: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}
