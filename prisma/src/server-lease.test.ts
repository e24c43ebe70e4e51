import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase, openDatabaseFrom } from './open-database.ts'
import type { OpenDatabaseOptions } from './open-database.ts'
import { migrationsFolder } from './package-paths.ts'
import { hasEnded, thisProcess } from './process-identity.ts'
import { createTestDatabase, testDatabaseKinds } from './testing.ts'
import type { TestDatabase } from './testing.ts'

const short = { validMs: 3_000, renewMs: 100, waitMs: 300, askMs: 20 }

function deferred() {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** A process that has ended, as it would have written itself down while it ran. */
async function endedProcess() {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return { ...thisProcess(), pid: child.pid ?? 0, startedAt: startAt('1') }
}

/** Of a process like this one, but for the time of its start. */
function startAt(ticks: string): string {
  return String(thisProcess().startedAt).replace(/\d+$/, ticks)
}

describe.runIf((await testDatabaseKinds()).includes('postgres'))('the lease of a PostgreSQL database', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase('postgres')
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(() => database.pool.query('DELETE FROM server_lease'))

  const open = (options: Partial<OpenDatabaseOptions> = {}, times: Partial<typeof short> = {}) =>
    openDatabaseFrom(
      { url: database.url, dataDir: '', ...options },
      { migrationsFolder, snapshot: null, lease: { ...short, ...times } },
    )
  const expireIn = (ms: number, holder = 'other', { host, pid, startedAt } = { ...thisProcess(), host: 'elsewhere' }) =>
    database.pool.query(
      `INSERT INTO server_lease VALUES (1, $1, $2, $3, $4, clock_timestamp() + $5 * interval '1 ms')
       ON CONFLICT (id) DO UPDATE SET holder = $1, expires_at = excluded.expires_at`,
      [holder, host, pid, startedAt, ms],
    )

  test('a second server is refused in one line, however long the first one runs, and starts when that one has stopped', async () => {
    // Valid for shorter than it is waited for, and for longer than a busy machine may take to renew it.
    const first = await open({}, { validMs: 1_500 })
    const lines: string[] = []
    for (let start = 1; start <= 2; start += 1) {
      await expect(open({ onProgress: (line) => lines.push(line) }, { waitMs: 2_000 })).rejects.toThrow(
        /^Another Gaugeline server \(process \d+ on \S+\) runs on the database of DATABASE_URL, and only one can: stop that server, or use another database\.$/,
      )
    }
    expect(
      lines.filter((line) => line === 'Waiting for another server that runs on this database to end'),
    ).toHaveLength(2)
    await first.close()
    const from = performance.now()
    await (await open({}, { waitMs: 0 })).close()
    expect(performance.now() - from).toBeLessThan(5_000)
  })

  test('a start waits for a server that is about to end', async () => {
    const first = await open()
    const waiting = deferred()
    const second = open({ onProgress: (line) => line.startsWith('Waiting') && waiting.resolve() }, { waitMs: 20_000 })
    await waiting.promise
    await first.close()
    const opened = await second
    expect(opened.kind).toBe('postgres')
    await opened.close()
  })

  test('of servers that start at once, one gets it', async () => {
    const starts = await Promise.allSettled([1, 2, 3].map(() => open()))
    const opened = starts.filter((start) => start.status === 'fulfilled')
    expect(opened).toHaveLength(1)
    for (const { value } of opened) await value.close()
  })

  test('the lease of a host that has vanished is taken when it has expired by the clock of the database', async () => {
    await expireIn(500)
    await (await open({}, { waitMs: 5_000 })).close()
    await expireIn(9_000)
    await expect(open({}, { waitMs: 0, validMs: 10_000 })).rejects.toThrow(/on elsewhere\)/)
    // Written before the clock of the database was set back.
    await expireIn(3_600_000)
    await (await open({}, { waitMs: 0 })).close()
  })

  test.skipIf(thisProcess().startedAt === null)(
    'the lease of a server on this machine that was killed is taken at once (where the system tells when a process started)',
    async () => {
      await expireIn(10_000, 'killed', await endedProcess())
      const from = performance.now()
      const opened = await openDatabase({ url: database.url, dataDir: '' })
      expect(performance.now() - from).toBeLessThan(5_000)
      await opened.close()
    },
  )

  test('a server that could not renew goes on, and takes the lease again unless another one has it', async () => {
    const failures: unknown[] = []
    // Valid for longer than a busy machine may take until it looks again.
    const server = await open({}, { validMs: 10_000 })
    server.onFailure((error) => failures.push(error))
    // As after an outage.
    await expireIn(-60_000)
    const holder = async () => (await database.pool.query<{ holder: string }>('SELECT holder FROM server_lease')).rows
    await expect.poll(holder).not.toEqual([{ holder: 'other' }])
    expect(failures).toEqual([])

    await expireIn(9_000)
    await expect
      .poll(() => failures)
      .toEqual([
        new Error(
          `Another Gaugeline server (process ${process.pid} on ${thisProcess().host}) has taken over this database.`,
        ),
      ])
    await server.close()
    // What the other one holds is not given away.
    expect(await holder()).toEqual([{ holder: 'other' }])
  })

  test('a start that is abandoned waits no longer', async () => {
    const server = await open()
    const abandoned = new AbortController()
    const second = open(
      { startSignal: abandoned.signal, onProgress: (line) => line.startsWith('Waiting') && abandoned.abort() },
      { waitMs: 60_000 },
    )
    await expect(second).rejects.toThrow(/abort/)
    await server.close()
  })

  // The last one: this database can be opened no more.
  test('a running server keeps its tables: the second one is refused before it migrates', async () => {
    const server = await open()
    await database.pool.query('DELETE FROM _prisma_migrations')
    await expect(open()).rejects.toThrow(/^Another Gaugeline server/)
    await server.close()
  })
})

test.skipIf(thisProcess().startedAt === null)('a process has ended only where that can be proved', async () => {
  const me = thisProcess()
  const ended = await endedProcess()
  expect(hasEnded(me)).toBe(false)
  expect(hasEnded(ended)).toBe(true)
  // The pid was given out again.
  expect(hasEnded({ ...me, startedAt: ended.startedAt })).toBe(true)
  // Another machine, another boot or container, another system.
  expect(hasEnded({ ...ended, host: 'elsewhere' })).toBe(false)
  expect(hasEnded({ ...ended, startedAt: `other ${ended.startedAt}` })).toBe(false)
  expect(hasEnded({ ...ended, startedAt: null })).toBe(false)

  // A zombie: it has exited, and its parent has not asked for its exit code.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'])
  const [printed] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string]
  const pid = Number(printed)
  // Until then it is still a shell, which could ask for the exit code.
  await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n')
  const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[21] ?? ''
  const zombie = { ...me, pid, startedAt: startAt(ticks) }
  expect(hasEnded(zombie)).toBe(false)
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => hasEnded(zombie)).toBe(true)
  expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(' Z ')
  parent.kill('SIGKILL')
})
