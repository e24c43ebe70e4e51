import { statSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, DatabaseStartError } from '../database-start-error.ts'

/** Whether the system forbids this user what it did. */
export function isForbidden(error: unknown): error is NodeJS.ErrnoException {
  return ['EACCES', 'EPERM', 'EROFS'].includes(String(codeOf(error)))
}

/** Says whose file it is that this user may not use, and what to do; never to remove what could not be read. */
export function forbiddenIn(dataDir: string, error: NodeJS.ErrnoException): DatabaseStartError {
  const path = error.path ?? dataDir
  const owner = ownerOf(path)
  const me = process.getuid?.()
  const advice =
    owner === null || owner === me
      ? 'Give this user the right to read and write all of it, or set DATA_DIR to another folder.'
      : `It belongs to user ${owner}, this is user ${me}: start as that user, give the folder to this one ` +
        `(chown -R ${me} ${dataDir}), or set DATA_DIR to another folder.`
  const reason = `${path} cannot be read and written (${error.code})`
  return new DatabaseStartError(`The data folder ${dataDir} cannot be used: ${reason}. ${advice}`, { cause: error })
}

function ownerOf(path: string): number | null {
  for (let at = path; ; at = join(at, '..')) {
    try {
      return statSync(at).uid
    } catch (error) {
      // What is in a folder that cannot be entered belongs to whom the folder belongs.
      if (!isForbidden(error)) return null
    }
  }
}
