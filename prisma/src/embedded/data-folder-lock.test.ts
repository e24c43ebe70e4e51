import { spawn, spawnSync } from 'node:child_process'
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
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DatabaseStartError } from '../database-start-error.ts'
import { openDatabase } from '../open-database.ts'
import { createTestDatabase } from '../testing.ts'
import { lockDataFolder, type LockOptions } from './data-folder-lock.ts'

const IN_USE = /^The data folder .+ is in use by process \d+: stop that process, or set DATA_DIR to another folder\.$/

let folder: string
let temporary: string
let children: ChildProcess[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gaugeline-lock-'))
  temporary = mkdtempSync(join(tmpdir(), 'gaugeline-temporary-'))
  children = []
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  for (const path of [folder, temporary]) rmSync(path, { recursive: true })
})

/** A command that runs a TypeScript file. */
function commandOf(file: string, ...args: string[]): [string, ...string[]] {
  return [process.execPath, '--import', 'tsx', fileURLToPath(new URL(file, import.meta.url)), ...args]
}

/** Starts a command and gives the first line that it writes. */
async function startCommand([command, ...args]: [string, ...string[]]) {
  const env = { ...process.env, TMPDIR: temporary }
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, line }
}

/** Starts a TypeScript file in another process. */
const start = (file: string, ...args: string[]) => startCommand(commandOf(file, ...args))
const startHolder = (...args: string[]) => start('./fixtures/lock-holder.ts', ...args)

/** Takes the lock in this process. */
function lock(dataDir = folder, options: Partial<LockOptions> = {}) {
  return lockDataFolder(dataDir, { socketFolder: mkdtempSync(join(temporary, 'sockets-')), ...options })
}

async function kill(child: ChildProcess) {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

/** Leaves the lock of a process that was killed, changed, and its socket. */
async function leaveLock(change: (text: string) => string): Promise<string> {
  const mine = await lock()
  const path = join(folder, 'gaugeline.lock')
  const text = readFileSync(path, 'utf8')
  await mine.release()
  const [socket = ''] = /gaugeline-\w+\.sock/.exec(text) ?? []
  const listen = `net.createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['--eval', listen, join(folder, socket)])
  expect(readdirSync(folder)).toContain(socket)
  writeFileSync(path, change(text))
  return path
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

test('of many that find the lock of a dead process, one gets it, and nothing is left of the others', async () => {
  const { child } = await startHolder(folder)
  await kill(child)
  expect(existsSync(join(folder, 'gaugeline.lock'))).toBe(true)
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => startHolder(folder)))
  const lines = outcomes.map(({ line }) => line)
  expect(lines.filter((line) => line.startsWith('locked'))).toHaveLength(1)
  expect(lines.filter((line) => line.includes('is in use by process'))).toHaveLength(5)
  expect(readdirSync(folder).toSorted()).toEqual([expect.stringMatching(/\.sock$/), 'gaugeline.lock'])
})

describe('a holder whose process id says nothing', () => {
  const noNamespace = (() => {
    if (process.platform !== 'linux') return ' (skipped: Linux has namespaces)'
    const { status } = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'])
    return status === 0 ? '' : ' (skipped: this user may not make a namespace of processes)'
  })()

  test.skipIf(noNamespace)(`is seen in another container, where each is process 1${noNamespace}`, async () => {
    const inContainer = () =>
      startCommand([
        'unshare',
        '--pid',
        '--fork',
        '--kill-child',
        '--mount-proc',
        ...commandOf('./fixtures/lock-holder.ts', folder),
      ])
    const first = await inContainer()
    expect(first.line).toBe('locked by 1')
    expect((await inContainer()).line).toMatch(/in use by process 1:/)
    await expect(lock()).rejects.toThrow(/in use by process 1:/)

    await kill(first.child)
    const { line } = await inContainer()
    expect(line).toBe('locked by 1')
  })

  test('has ended although another process has its number now', async () => {
    await leaveLock((text) => text.replace(/"pid":\d+/, `"pid":${process.ppid}`))
    await (await lock()).release()
    expect(readdirSync(folder)).toEqual([])
  })

  const noZombies = process.platform === 'linux' ? '' : ' (skipped: looks for zombies in /proc)'
  test.skipIf(noZombies)(`has ended although nobody has reaped it${noZombies}`, async () => {
    const script = '"$@" & exec tail -f /dev/null'
    const { line } = await startCommand(['sh', '-c', script, 'sh', ...commandOf('./fixtures/lock-holder.ts', folder)])
    const pid = Number(/^locked by (\d+)$/.exec(line)?.[1])
    process.kill(pid, 'SIGKILL')
    // A process that dies is shown as a zombie as soon as its first thread is gone.
    await expect.poll(() => readdirSync(`/proc/${pid}/task`)).toEqual([String(pid)])
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /)
    await (await lock()).release()
  })
})

describe('a holder that cannot be asked', () => {
  const onOtherMachine = (text: string) => text.replace(/"reach":"[^"]*"/, '"reach":"of another machine"')
  test.each([
    ['on another machine', onOtherMachine],
    ['with a lock that makes no sense', () => 'half a lo'],
    ['without its socket', (text: string) => text.replace(/gaugeline-\w+/, 'gaugeline-0')],
  ])('%s, has ended after 15 s without a sign of life, which are waited for', async (_, change) => {
    await leaveLock(change)
    const lines: string[] = []
    const from = performance.now()
    const soon = await lock(folder, { leaseMs: 600, onProgress: (line) => lines.push(line) })
    expect(performance.now() - from).toBeGreaterThan(500)
    expect(lines).toEqual([
      expect.stringMatching(/^The data folder .+ was used by .+ a moment ago: waiting up to 1 s /),
    ])
    await soon.release()

    const path = await leaveLock(change)
    const longAgo = new Date(Date.now() - 16_000)
    utimesSync(path, longAgo, longAgo)
    const again = await lock(folder, { onProgress: (line) => lines.push(line) })
    expect(lines).toHaveLength(1)
    await again.release()
  })

  test('is not waited for by a start that was given up', async () => {
    await leaveLock(onOtherMachine)
    const left = readdirSync(folder)
    const start = new AbortController()
    const locked = lock(folder, { signal: start.signal, onProgress: () => start.abort() })
    await expect(locked).rejects.toThrow(DatabaseStartError)
    expect(readdirSync(folder)).toEqual(left)
  })

  test('in a folder that cannot hold sockets, is seen by its signs of life', async () => {
    const { child, line } = await startHolder(folder, 'none', '1000')
    expect(line).toMatch(/^locked/)
    expect(readdirSync(folder)).toEqual(['gaugeline.lock'])
    const listen = () => Promise.resolve(null)
    await expect(lock(folder, { listen })).rejects.toThrow(IN_USE)
    await kill(child)
    await (await lock(folder, { listen, leaseMs: 600 })).release()
    expect(readdirSync(folder)).toEqual([])
  })
})

test('a folder with a path too long for a socket is locked as well', async () => {
  const deep = join(folder, ...Array.from({ length: 5 }, () => 'x'.repeat(50)))
  const first = await lock(deep)
  expect(readdirSync(deep)).toHaveLength(2)
  const { line } = await startHolder(deep)
  expect(line).toContain(`in use by process ${process.pid}`)
  await first.release()
  expect(readdirSync(deep)).toEqual([])
})

test('release does not touch the lock of another process', async () => {
  const mine = await lock()
  writeFileSync(join(folder, 'gaugeline.lock'), 'of another')
  await mine.release()
  expect(readFileSync(join(folder, 'gaugeline.lock'), 'utf8')).toBe('of another')
})

test('a file in the place of the folder, or above it, is an error of one line', async () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  const line = /^The data folder .+ cannot be used: a file is in its place\. Set DATA_DIR to a folder .+\.$/
  await expect(lock(file)).rejects.toThrow(line)
  await expect(lock(join(file, 'below'))).rejects.toThrow(line)
})

test('a folder that cannot be written is an error of one line, and nothing is left in it', async () => {
  const readOnly = join(folder, 'read-only')
  mkdirSync(readOnly)
  chmodSync(folder, 0o755)
  chmodSync(readOnly, 0o555)
  chmodSync(temporary, 0o777)
  await asOrdinaryUser(async () => {
    const line = /^The data folder .+ cannot be used: it cannot be written\. Set DATA_DIR to a folder .+\.$/
    await expect(lock(readOnly)).rejects.toThrow(line)
    await expect(lock(join(readOnly, 'new'))).rejects.toThrow(line)
  })
  expect(readdirSync(readOnly)).toEqual([])
})

/** Nothing is read-only to root. */
async function asOrdinaryUser(work: () => Promise<void>) {
  if (process.getuid?.() !== 0) return await work()
  process.seteuid?.(65534)
  try {
    await work()
  } finally {
    process.seteuid?.(0)
  }
}
