import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DatabaseStartError } from '../database-start-error.ts'
import { openDatabase } from '../open-database.ts'
import { createTestDatabase } from '../testing.ts'
import { lockDataFolder } from './data-folder-lock.ts'

let folder: string
let children: ChildProcess[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gaugeline-lock-'))
  children = []
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** Starts a TypeScript file in another process and gives the first line that it writes. */
async function start(file: string, ...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL(file, import.meta.url)), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, line }
}

async function kill(child: ChildProcess) {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

test('a second process is refused with one line that names the first, and gets in when that was killed', async () => {
  await using database = await createTestDatabase('embedded')
  const dataDir = database.dataDir ?? ''
  await database.close()
  const { child, line: said } = await start('./fixtures/other-process.ts', dataDir, 'acknowledged')
  expect(said).toBe('open')

  const error: unknown = await openDatabase({ dataDir }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(DatabaseStartError)
  const line = new RegExp(`^DatabaseStartError: The data folder .+ is in use by process ${child.pid}: .+$`)
  expect(String(error)).toMatch(line)

  await kill(child)
  const reopened = await openDatabase({ dataDir })
  expect(await reopened.prisma.model.findMany({ select: { name: true } })).toEqual([{ name: 'acknowledged' }])
  await reopened.close()
})

test('the same process is refused too, and a closed database releases its folder', async () => {
  await using database = await createTestDatabase('embedded')
  const dataDir = database.dataDir ?? ''
  await expect(openDatabase({ dataDir })).rejects.toThrow(new RegExp(`in use by process ${process.pid}:`))
  await database.close()
  const again = await openDatabase({ dataDir })
  await again.close()
  await again.close()
  expect(readdirSync(dataDir)).toEqual(['postgres'])
})

test('of many that find the lock of a dead process, one gets it', async () => {
  const { child } = await start('./fixtures/lock-holder.ts', folder)
  await kill(child)
  expect(existsSync(join(folder, 'gaugeline.lock'))).toBe(true)
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => start('./fixtures/lock-holder.ts', folder)))
  const lines = outcomes.map(({ line }) => line)
  expect(lines.filter((line) => line === 'locked')).toHaveLength(1)
  expect(lines.filter((line) => line.includes('is in use by process'))).toHaveLength(5)
})

test.each([
  ['of a process whose number was given out again', JSON.stringify({ pid: process.pid, startedAt: 'long ago' })],
  ['that makes no sense', 'half a lo'],
])('a lock %s is taken over', (_, content) => {
  writeFileSync(join(folder, 'gaugeline.lock'), content)
  const lock = lockDataFolder(folder)
  expect(readFileSync(join(folder, 'gaugeline.lock'), 'utf8')).toContain(`"pid":${process.pid},`)
  lock.release()
  expect(readdirSync(folder)).toEqual([])
})

test('release does not touch the lock of another process', () => {
  const lock = lockDataFolder(folder)
  writeFileSync(join(folder, 'gaugeline.lock'), 'of another')
  lock.release()
  expect(readFileSync(join(folder, 'gaugeline.lock'), 'utf8')).toBe('of another')
})

test('a file in the place of the folder, or above it, is an error of one line', () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  const line = /^The data folder .+ cannot be used: a file is in its place\. Set DATA_DIR to a folder .+\.$/
  expect(() => lockDataFolder(file)).toThrow(line)
  expect(() => lockDataFolder(join(file, 'below'))).toThrow(line)
})

test('a folder that cannot be written is an error of one line, and nothing is left in it', () => {
  const readOnly = join(folder, 'read-only')
  mkdirSync(readOnly)
  chmodSync(folder, 0o755)
  chmodSync(readOnly, 0o555)
  asOrdinaryUser(() => {
    const line = /^The data folder .+ cannot be used: it cannot be written\. Set DATA_DIR to a folder .+\.$/
    expect(() => lockDataFolder(readOnly)).toThrow(line)
    expect(() => lockDataFolder(join(readOnly, 'new'))).toThrow(line)
  })
  expect(readdirSync(readOnly)).toEqual([])
})

/** Nothing is read-only to root. */
function asOrdinaryUser(work: () => void) {
  if (process.getuid?.() !== 0) return work()
  process.seteuid?.(65534)
  try {
    work()
  } finally {
    process.seteuid?.(0)
  }
}
