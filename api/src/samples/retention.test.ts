import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { completedJob, createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { Queue } from '../../test/queue.ts'
import { sampleOf } from '../../test/sample-of.ts'
import { Partitions } from './partitions.ts'
import { Retention } from './retention.ts'
import { partitionWidth, type StoredTable, storedTables } from './stored-tables.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOON = Date.UTC(2026, 10, 23, 12)
const by = 'amira'

describe.each(await testDatabaseKinds())('retention on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(async () => {
    deps = await createTestDeps(database)
  })

  const deploy = async () => deps.services.deployments.deploy(await completedJob(deps), { by })
  const remove = async (id: string) => {
    await deps.services.deployments.pause(id, { by })
    await deps.services.deployments.delete(id, { by })
  }
  /** The sample of each of these hours, counted from noon. */
  const store = (deploymentKey: number, hours: readonly number[]) =>
    deps.services.sampleStore.store(
      hours.map((hour, index) => sampleOf({ deploymentKey, sequence: index + 1, windowStartMs: NOON + hour * HOUR })),
    )
  /** The hours of the samples that are left. */
  const left = async (key: number) => {
    const { rows } = await database.pool.query<{ hour: number }>(
      `select (extract(epoch from window_start) * 1000 - $2::float8)::float8 / ${HOUR} as hour from samples
        where deployment_key = $1 order by 1`,
      [key, NOON],
    )
    return rows.map(({ hour }) => hour)
  }
  const SAMPLES: StoredTable = { table: 'samples', keepMs: 3 * HOUR, widthMs: HOUR }
  const MINUTES: StoredTable = { table: 'merged_windows', resolutionMs: 60_000, keepMs: 8 * HOUR, widthMs: HOUR }
  const HOURS: StoredTable = { table: 'merged_windows', resolutionMs: HOUR, keepMs: 1000 * DAY, widthMs: 84 * DAY }
  const retentionAt = (nowMs: number, tables: readonly StoredTable[] = [SAMPLES, MINUTES, HOURS]) =>
    new Retention({
      database,
      partitions: new Partitions(database),
      tables,
      now: async () => nowMs,
      clock: { now: () => nowMs },
      onError: (error) => {
        throw error
      },
    })
  const merge = async (series: number, { resolutionMs = HOUR, widthMs }: StoredTable, hours: readonly number[]) => {
    const starts = hours.map((hour) => NOON + hour * HOUR)
    await new Partitions(database).writing({ table: 'merged_windows', resolutionMs, widthMs }, starts, () =>
      database.pool.query(
        `insert into merged_windows (series, resolution_ms, window_start, covered_ms, first_sequence, last_sequence, sources)
          select $1::int, $2, to_timestamp(ms / 1000), $2, case when $1 > 0 then 1 end, case when $1 > 0 then 1 end, '{}'
          from unnest($3::float8[]) ms`,
        [series, resolutionMs, starts],
      ),
    )
  }
  const merged = async (series: number) => {
    const { rows } = await database.pool.query<{ of: string }>(
      `select resolution_ms / 1000 || ' s: ' || count(*) as of from merged_windows where series = $1
        group by resolution_ms order by resolution_ms`,
      [series],
    )
    return rows.map((row) => row.of)
  }
  const heads = async () => {
    const { rows } = await database.pool.query<{ key: number }>(
      'select deployment_key as key from sample_heads union select deployment_key from resolution_heads order by 1',
    )
    return rows.map(({ key }) => key)
  }

  it('drops a partition once all of it is old, of every deployment, and no sample before', async () => {
    const [one, other] = [(await deploy()).key, (await deploy()).key]
    await Promise.all([store(one, [0, 1, 1.5, 2, 3]), store(other, [0.5, 1.9])])
    await retentionAt(NOON + 5 * HOUR - 1).sweep()
    expect([await left(one), await left(other)]).toEqual([[1, 1.5, 2, 3], [1.9]])
    await retentionAt(NOON + 5 * HOUR).sweep()
    expect([await left(one), await left(other)]).toEqual([[2, 3], []])
    const [head] = await deps.services.sampleStore.heads([other])
    expect(head).toMatchObject({ sequence: 2 })
  })

  it('keeps each resolution for its own time', async () => {
    await merge(0, MINUTES, [0, 1, 2])
    await merge(0, { ...MINUTES, resolutionMs: 600_000 }, [0, 1, 2])
    await retentionAt(NOON + 9 * HOUR).sweep()
    expect(await merged(0)).toEqual(['60 s: 2', '600 s: 3'])
  })

  it('makes the partitions of the next hour, so that nobody who records waits for them', async () => {
    await retentionAt(NOON + 40 * DAY + 1).sweep()
    const { rows } = await database.pool.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'samples'::regclass order by 1 desc limit 2`,
    )
    expect(rows.map(({ name }) => name)).toEqual(['samples_20270102_130000', 'samples_20270102_120000'])
  })

  it('keeps no more recorded time than it lasts, however far behind its own time is, and no less after a jump', async () => {
    const { key } = await deploy()
    await store(key, [0, 1, 2, 100, 101, 102, 103, 104])
    // Nothing but a few minutes were recorded since the first.
    await merge(0, HOURS, [2, 100])
    await retentionAt(NOON - DAY).sweep()
    expect(await left(key)).toHaveLength(8)
    await merge(0, HOURS, [101, 102, 103])
    await retentionAt(NOON - DAY).sweep()
    expect(await left(key)).toEqual([101, 102, 103, 104])
  })

  it('removes what was merged of a deleted deployment once its part of its model is whole, in short statements', async () => {
    const [gone, waiting, kept] = [await deploy(), await deploy(), await deploy()]
    for (const { key } of [gone, waiting, kept]) {
      await store(key, [0])
      await merge(key, HOURS, [0])
      await database.pool.query(
        `update resolution_heads set merged_through = to_timestamp($2::float8 / 1000)
          where deployment_key = $1 and resolution_ms = ${DAY}`,
        [key, NOON + (key === waiting.key ? 0 : HOUR)],
      )
    }
    await merge(
      gone.key,
      { ...MINUTES, widthMs: 84 * DAY },
      Array.from({ length: 4100 }, (_, minute) => minute / 60),
    )
    await merge(0, HOURS, [0])
    await Promise.all([remove(gone.id), remove(waiting.id)])
    const query = vi.spyOn(database.pool, 'query')
    await retentionAt(NOON + 2 * HOUR).sweep()
    const deletes = query.mock.calls.filter(([text]) => text.includes('delete from merged_windows'))
    query.mockRestore()
    expect(deletes.length).toBeGreaterThan(3)
    expect(await merged(gone.key)).toEqual([])
    expect([await merged(waiting.key), await merged(kept.key), await merged(0)]).toEqual(
      Array.from({ length: 3 }, () => ['3600 s: 1']),
    )
    expect(await heads()).toEqual([waiting.key, kept.key])
    // The sample of the other one was never merged, and can't be any more.
    await retentionAt(NOON + 10 * HOUR).sweep()
    expect(await merged(waiting.key)).toEqual([])
    expect(await heads()).toEqual([kept.key])
  })

  it('removes the head of a deleted deployment that recorded nothing', async () => {
    const { id } = await deploy()
    await remove(id)
    await retentionAt(NOON).sweep()
    expect(await heads()).toEqual([])
  })
})

describe('the width of partitions', () => {
  it.each([
    [HOUR, HOUR],
    [6 * HOUR, HOUR],
    [24 * HOUR, 3 * HOUR],
    [3 * DAY, 6 * HOUR],
    [30 * DAY, 3 * DAY],
    [180 * DAY, 14 * DAY],
    [730 * DAY, 84 * DAY],
  ])('is round and at most an eighth of what is kept, for %d ms', (keepMs, widthMs) => {
    expect(partitionWidth(keepMs)).toBe(widthMs)
  })

  it('is that of each resolution', () => {
    const kept = { samplesMs: DAY, merged: [{ resolutionMs: 10_000, keepMs: 3 * DAY }] }
    expect(storedTables(kept)).toEqual([
      { table: 'samples', keepMs: DAY, widthMs: 3 * HOUR },
      { table: 'merged_windows', resolutionMs: 10_000, keepMs: 3 * DAY, widthMs: 6 * HOUR },
    ])
  })
})

describe('retention over time', () => {
  let statements: Queue<{ what: string; answer: (dropped: number) => void; fail: (error: Error) => void }>
  let errors: unknown[]
  let now: number
  let retention: Retention

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    statements = new Queue()
    errors = []
    now = NOON
    const pool = { query: async () => ({ rows: [] }) } as never
    const partitions = new Partitions({ pool })
    vi.spyOn(partitions, 'ensure').mockResolvedValue()
    vi.spyOn(partitions, 'dropBefore').mockImplementation(
      (_, cutoff) =>
        new Promise((resolve, reject) =>
          statements.push({ what: `before ${cutoff - NOON}`, answer: resolve, fail: reject }),
        ),
    )
    const tables: StoredTable[] = [{ table: 'samples', keepMs: 1000, widthMs: HOUR }]
    const onError = (error: unknown) => errors.push(error)
    const clock = { now: () => now }
    retention = new Retention({ database: { pool }, partitions, tables, now: async () => now, clock, onError })
    retention.start()
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  const answer = async (what: string, removed: number) => {
    const statement = await statements.next()
    expect(statement.what).toBe(what)
    statement.answer(removed)
    await settled()
  }

  it('sweeps every half a minute, until nothing is left to remove', async () => {
    expect(statements.size).toBe(0)
    vi.advanceTimersByTime(30_000)
    await answer('before -1000', 2)
    await answer('before -1000', 0)
    expect(statements.size).toBe(0)
    now += 30_000
    vi.advanceTimersByTime(30_000)
    await answer('before 29000', 0)
  })

  it('does not begin a sweep while one is running', async () => {
    vi.advanceTimersByTime(90_000)
    await answer('before -1000', 1)
    expect(statements.size).toBe(1)
  })

  it('reports a failed sweep and tries again at the next', async () => {
    vi.advanceTimersByTime(30_000)
    const failing = await statements.next()
    failing.fail(new Error('gone'))
    await settled()
    expect(errors).toEqual([new Error('gone')])
    vi.advanceTimersByTime(30_000)
    await answer('before -1000', 0)
  })

  it('stops after the statement in flight, and begins no other', async () => {
    vi.advanceTimersByTime(30_000)
    const statement = await statements.next()
    let stopped = false
    const stopping = retention.stop().then(() => (stopped = true))
    await settled()
    expect(stopped).toBe(false)
    statement.answer(1)
    await stopping
    vi.advanceTimersByTime(60_000)
    await settled()
    expect([statements.size, errors]).toEqual([0, []])
  })
})
