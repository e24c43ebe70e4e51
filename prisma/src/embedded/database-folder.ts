import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, DatabaseStartError } from '../database-start-error.ts'
import { forbiddenIn, isForbidden } from './forbidden-files.ts'

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
    throw isForbidden(error) ? forbiddenIn(dataDir, error) : error
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
function accessAll(path: string): void {
  const { mode } = statSync(path)
  accessSync(path, constants.R_OK | constants.W_OK)
  // PGlite goes by the mode, and root has no more rights there than others.
  if ((mode & 0o444) === 0 || (mode & 0o222) === 0) throw Object.assign(new Error('EACCES'), { code: 'EACCES', path })
  if ((mode & constants.S_IFMT) !== constants.S_IFDIR) return
  for (const name of readdirSync(path)) accessAll(join(path, name))
}
