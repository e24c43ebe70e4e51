// @ts-check
// Plain JavaScript, for the worker (see embedded-worker.mjs).

/** Those that a data folder can cause, by their numbers in WASI. */
const WASI_ERRORS = new Map([
  [2, 'EACCES'],
  [19, 'EDQUOT'],
  [29, 'EIO'],
  [33, 'EMFILE'],
  [44, 'ENOENT'],
  [51, 'ENOSPC'],
  [63, 'EPERM'],
  [69, 'EROFS'],
])

/**
 * Why the worker ends, of anything thrown there.
 *
 * @param {unknown} error
 */
export function reasonOf(error) {
  if (error instanceof Error) return error.stack ?? error.message
  // Emscripten's errors of the file system have a number of WASI and no message.
  if (typeof error === 'object' && error !== null && 'errno' in error) {
    return `a file cannot be used (${WASI_ERRORS.get(Number(error.errno)) ?? `error ${String(error.errno)} of WASI`})`
  }
  return String(error)
}
