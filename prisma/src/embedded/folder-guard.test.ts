import { execFileSync, spawnSync } from 'node:child_process'
import { fstatSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestDatabase } from '../testing.ts'
import { isUnavailable } from '../violations.ts'
import { FolderGuard } from './folder-guard.mjs'

let parent: string
let folder: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'gaugeline-guard-'))
  folder = join(parent, 'data')
})
afterEach(() => rmSync(parent, { recursive: true }))

/** Makes the files that are watched, and a guard over them. */
function guarded(): FolderGuard {
  mkdirSync(folder, { recursive: true })
  const lock = join(folder, 'lock')
  const control = join(folder, 'control')
  for (const path of [lock, control]) writeFileSync(path, '')
  const { dev, ino } = fstatSync(openSync(lock, 'r'), { bigint: true })
  const guard = new FolderGuard(folder, { path: lock, dev, ino })
  guard.keep(control)
  return guard
}

test.each<[string, () => void]>([
  ['deleted', () => rmSync(folder, { recursive: true })],
  ['renamed', () => renameSync(folder, join(parent, 'renamed'))],
  [
    'replaced by its copy',
    () => {
      execFileSync('cp', ['-a', folder, join(parent, 'copy')])
      renameSync(folder, join(parent, 'renamed'))
      renameSync(join(parent, 'copy'), folder)
    },
  ],
  ['emptied of its database', () => rmSync(join(folder, 'control'))],
  [
    'restored in its place',
    () => {
      rmSync(join(folder, 'control'))
      writeFileSync(join(folder, 'control'), '')
    },
  ],
  [
    'taken by another process',
    () => {
      rmSync(join(folder, 'lock'))
      writeFileSync(join(folder, 'lock'), '')
    },
  ],
])('a data folder that is %s is lost', (_, lose) => {
  const guard = guarded()
  expect(guard.loss()).toBeNull()
  lose()
  expect(guard.loss()).toMatch(/^The data folder .+ was deleted, moved, .+: .+ is (gone|another file)\.$/)
})

const mount = (path: string) => spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', path]).status === 0
const unmount = (path: string) => execFileSync('umount', ['--lazy', path])

test('a data folder that is unmounted is lost', ({ skip }) => {
  mkdirSync(folder)
  skip(!mount(folder), 'this user cannot mount anything')
  const guard = guarded()
  expect(guard.loss()).toBeNull()
  unmount(folder)
  expect(guard.loss()).toMatch(/ is gone\.$/)
})

test('a data folder that was moved and linked to its old place is still there', () => {
  const guard = guarded()
  renameSync(folder, join(parent, 'moved'))
  execFileSync('ln', ['-s', 'moved', folder])
  expect(guard.loss()).toBeNull()
})

test('from the moment the data folder is gone, nothing is acknowledged, and the database says why it ends', async () => {
  await using database = await createTestDatabase('embedded')
  const failed = new Promise<Error>((resolve) => database.onFailure(resolve))
  const dataDir = database.dataDir ?? ''
  await database.prisma.model.create({ data: { name: 'before' } })
  rmSync(dataDir, { recursive: true })
  const writes = Array.from({ length: 8 }, (_, n) => database.prisma.model.create({ data: { name: `after ${n}` } }))
  for (const outcome of await Promise.allSettled(writes)) {
    expect(outcome.status === 'rejected' && isUnavailable(outcome.reason)).toBe(true)
  }
  expect((await failed).message).toBe(
    `The data folder ${dataDir} was deleted, moved, unmounted or taken by another process while the database was ` +
      `open: ${dataDir}/gaugeline.lock is gone.`,
  )
})
