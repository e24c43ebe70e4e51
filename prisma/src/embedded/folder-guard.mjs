// @ts-check
// Plain JavaScript, for the worker (see embedded-worker.mjs).
import { fstatSync, openSync, statSync } from 'node:fs'

/** @typedef {import('./data-folder-lock.ts').FileIdentity} FileIdentity */

/**
 * Whether a data folder is still at its place and ours. Files stay open when their folder is deleted, renamed or
 * unmounted: PostgreSQL would go on to write where nobody will ever read.
 */
export class FolderGuard {
  #dataDir
  /** @type {FileIdentity[]} */
  #files

  /**
   * @param {string} dataDir
   * @param {FileIdentity} lock
   */
  constructor(dataDir, lock) {
    this.#dataDir = dataDir
    this.#files = [lock]
  }

  /**
   * From now on, this file has to be there too. It is kept open: otherwise another file might get its number once it is
   * deleted.
   *
   * @param {string} path
   */
  keep(path) {
    const { dev, ino } = fstatSync(openSync(path, 'r'), { bigint: true })
    this.#files.push({ path, dev, ino })
  }

  /** In one sentence how the folder was lost; null while it is there. Takes some microseconds. */
  loss() {
    for (const file of this.#files) {
      const reason = changeOf(file)
      if (reason !== null) {
        return `The data folder ${this.#dataDir} was deleted, moved, unmounted or taken by another process while the database was open: ${reason}.`
      }
    }
    return null
  }
}

/** @param {FileIdentity} file */
function changeOf({ path, dev, ino }) {
  try {
    const there = statSync(path, { bigint: true, throwIfNoEntry: false })
    if (there === undefined) return `${path} is gone`
    return there.dev === dev && there.ino === ino ? null : `${path} is another file`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
