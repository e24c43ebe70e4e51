import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, DatabaseStartError, reasonOf } from '../database-start-error.ts'

/** PGlite 0.5 is PostgreSQL 18; a data folder of another major version cannot be read. */
const MAJOR_VERSION = '18'

/** The folder of PostgreSQL's files in a data folder. */
export interface DatabaseFolder {
  path: string
  /** Whether the database has yet to be made. */
  isNew: boolean
  /** To be called once it is made: what an interrupted first start left behind is thrown away. */
  finished(): void
}

/** @throws DatabaseStartError when the folder holds something else, or files that this user cannot read or write. */
export function prepareDatabaseFolder(dataDir: string): DatabaseFolder {
  const path = join(dataDir, 'postgres')
  const unfinished = join(dataDir, 'first-start-unfinished')
  try {
    const isNew = prepare(dataDir, path, unfinished)
    if (!isNew) accessAll(path)
    return { path, isNew, finished: () => rmSync(unfinished, { force: true }) }
  } catch (error) {
    throw isForbidden(error) ? forbidden(dataDir, error) : error
  }
}

function prepare(dataDir: string, path: string, unfinished: string): boolean {
  if (isThere(unfinished)) rmSync(path, { recursive: true, force: true })
  const versionFile = join(path, 'PG_VERSION')
  if (!isThere(versionFile)) {
    if (isThere(path)) {
      throw new DatabaseStartError(
        `The folder ${path} holds no database: remove it, or set DATA_DIR to another folder than ${dataDir}.`,
      )
    }
    writeFileSync(unfinished, '')
    // PGlite makes its files writable for all; the folder keeps others out.
    mkdirSync(path, { mode: 0o700 })
    return true
  }
  const version = readFileSync(versionFile, 'utf8').trim()
  if (version !== MAJOR_VERSION) {
    throw new DatabaseStartError(
      `The folder ${path} was written by PostgreSQL ${version}, this build reads ${MAJOR_VERSION}: ` +
        'use the build that wrote it, or another DATA_DIR.',
    )
  }
  return false
}

/** Unlike `existsSync`, says no only of what is known not to be there. */
function isThere(path: string): boolean {
  try {
    statSync(path)
    return true
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(String(codeOf(error)))) return false
    throw error
  }
}

/** Otherwise PostgreSQL would end when it comes to such a file, which may be long after the start. */
function accessAll(folder: string): void {
  accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) accessAll(path)
    else accessSync(path, constants.R_OK | constants.W_OK)
  }
}

function isForbidden(error: unknown): error is NodeJS.ErrnoException {
  return ['EACCES', 'EPERM', 'EROFS'].includes(String(codeOf(error)))
}

function forbidden(dataDir: string, error: NodeJS.ErrnoException): DatabaseStartError {
  const path = error.path ?? dataDir
  const owner = ownerOf(path)
  const me = process.getuid?.()
  const advice =
    owner === null || owner === me
      ? 'Give this user the right to read and write all of it, or set DATA_DIR to another folder.'
      : `It belongs to user ${owner}, this is user ${me}: start as that user, give the folder to this one ` +
        `(chown -R ${me} ${dataDir}), or set DATA_DIR to another folder.`
  const reason = `${path} cannot be read and written (${reasonOf(codeOf(error))})`
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
