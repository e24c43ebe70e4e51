import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDatabase } from '../open-database.ts'
import { prepareTestDatabase } from '../testing.ts'
import { reasonOf } from './worker-errors.mjs'

let folder: string
let umask: number
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gaugeline-database-'))
  umask = process.umask(0o022)
})
afterEach(() => {
  process.umask(umask)
  rmSync(folder, { recursive: true })
})

test('a umask that takes the rights of the owner away does not keep the database from its own files', async () => {
  process.umask(0o277)
  const dataDir = join(folder, 'data')
  for (const isNew of [true, false]) {
    const database = await openDatabase({ dataDir })
    expect(database.isNew).toBe(isNew)
    await database.close()
  }
})

test('a file that cannot be read or written is named, and nobody is told to remove anything', async () => {
  await using database = await prepareTestDatabase('embedded')
  const dataDir = database.dataDir ?? ''
  const file = join(dataDir, 'postgres', 'global', 'pg_control')
  for (const mode of [0o400, 0o200]) {
    chmodSync(file, mode)
    await expect(openDatabase({ dataDir })).rejects.toThrow(
      `The data folder ${dataDir} cannot be used: ${file} cannot be read and written (EACCES). ` +
        'Give this user the right to read and write all of it, or set DATA_DIR to another folder.',
    )
  }
})

test('an error of the file system within PGlite has a name', () => {
  expect(reasonOf({ name: 'ErrnoError', errno: 51 })).toBe('a file cannot be used (ENOSPC)')
  expect(reasonOf({ name: 'ErrnoError', errno: 1 })).toBe('a file cannot be used (error 1 of WASI)')
})
