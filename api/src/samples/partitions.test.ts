import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type PartitionedTable, Partitions } from './partitions.ts'

const HOUR = 3_600_000
const NOON = Date.UTC(2026, 10, 23, 12)
const SAMPLES: PartitionedTable = { table: 'samples', widthMs: 3 * HOUR }
const MINUTES: PartitionedTable = { table: 'merged_windows', resolutionMs: 60_000, widthMs: 24 * HOUR }

describe.each(await testDatabaseKinds())('partitions on %s', (kind) => {
  let database: TestDatabase
  let partitions: Partitions

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(async () => {
    for (const name of [...(await names('samples')), ...(await names('merged_windows'))]) {
      await database.pool.query(`drop table "${name}"`)
    }
    partitions = new Partitions(database)
  })

  const names = async (table: string) => {
    const { rows } = await database.pool.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = '${table}'::regclass order by 1`,
    )
    return rows.map(({ name }) => name)
  }
  const insert = async (ms: number, sequence = 1) => {
    await database.pool.query(
      `insert into samples (deployment_key, sequence, window_start, window_ms, requests, errors, latency_sum_ms,
        latency_max_ms, source) values (1, $1, to_timestamp($2::float8 / 1000), 1000, 0, 0, 0, 0, 'SIMULATED')`,
      [sequence, ms],
    )
  }

  it('makes those that a span of time needs, on a grid', async () => {
    await partitions.ensure(SAMPLES, NOON - 1, NOON + 3 * HOUR)
    expect(await names('samples')).toEqual([
      'samples_20261123_090000',
      'samples_20261123_120000',
      'samples_20261123_150000',
    ])
    for (const [index, ms] of [NOON - 1, NOON, NOON + 3 * HOUR, NOON + 6 * HOUR - 1].entries())
      await insert(ms, index + 1)
  })

  it('keeps resolutions apart', async () => {
    await partitions.ensure(MINUTES, NOON, NOON)
    await partitions.ensure({ ...MINUTES, resolutionMs: 600_000 }, NOON, NOON)
    expect(await names('merged_windows')).toEqual([
      'merged_windows_600000_20261123_000000',
      'merged_windows_60000_20261123_000000',
    ])
    expect(await partitions.dropBefore(MINUTES, NOON + 12 * HOUR)).toBe(1)
    expect(await names('merged_windows')).toEqual(['merged_windows_600000_20261123_000000'])
  })

  it('fits one between neighbours of another width, on both sides', async () => {
    await partitions.ensure({ ...SAMPLES, widthMs: HOUR }, NOON + HOUR, NOON + HOUR)
    await new Partitions(database).ensure(SAMPLES, NOON, NOON + 2 * HOUR)
    expect(await names('samples')).toEqual([
      'samples_20261123_120000',
      'samples_20261123_130000',
      'samples_20261123_140000',
    ])
    await Promise.all([insert(NOON, 1), insert(NOON + HOUR, 2), insert(NOON + 3 * HOUR - 1, 3)])
    await expect(insert(NOON + 3 * HOUR, 4)).rejects.toThrow('no partition')
  })

  it('is made once by two that need it at the same time', async () => {
    const others = Array.from({ length: 6 }, () => new Partitions(database))
    await Promise.all(others.map((other) => other.ensure(SAMPLES, NOON, NOON + 4 * HOUR)))
    expect(await names('samples')).toHaveLength(2)
  })

  it('asks the catalog only for what it does not know', async () => {
    const statements: unknown[] = []
    const pool = Object.assign(Object.create(database.pool) as typeof database.pool, {
      connect: () => {
        statements.push('connect')
        return database.pool.connect()
      },
    })
    const watched = new Partitions({ pool })
    for (const ms of [0, 1, HOUR, 3 * HOUR - 1]) await watched.ensure(SAMPLES, NOON + ms, NOON + ms)
    expect(statements).toHaveLength(1)
  })

  it('writes although a partition that it knew was taken away, as by a restored database', async () => {
    await partitions.ensure(SAMPLES, NOON, NOON)
    await database.pool.query('drop table samples_20261123_120000')
    await partitions.writing(SAMPLES, [NOON], () => insert(NOON))
    expect(await names('samples')).toEqual(['samples_20261123_120000'])
  })

  it('makes only the partitions that far-apart windows are in', async () => {
    await partitions.writing(SAMPLES, [NOON, NOON + 1000 * 24 * HOUR], async () => undefined)
    expect(await names('samples')).toEqual(['samples_20261123_120000', 'samples_20290819_120000'])
  })

  it('drops those that ended by a time, and makes them again for windows that come late', async () => {
    await partitions.ensure(SAMPLES, NOON, NOON + 6 * HOUR)
    expect(await partitions.dropBefore(SAMPLES, NOON + 6 * HOUR)).toBe(2)
    expect(await partitions.dropBefore(SAMPLES, NOON + 6 * HOUR)).toBe(0)
    expect(await names('samples')).toEqual(['samples_20261123_180000'])
    await partitions.writing(SAMPLES, [NOON], () => insert(NOON))
    expect(await names('samples')).toEqual(['samples_20261123_120000', 'samples_20261123_180000'])
  })

  it.runIf(kind === 'postgres')(
    'leaves one that is being read to another time, and nobody who writes waits',
    async () => {
      await partitions.ensure(SAMPLES, NOON, NOON + 3 * HOUR)
      const reader = await database.pool.connect()
      try {
        await reader.query('begin; select count(*) from samples_20261123_120000')
        const dropping = partitions.dropBefore(SAMPLES, NOON + 3 * HOUR)
        for (let n = 0; n < 20; n += 1) {
          // Refused if it has to wait for a lock at all.
          await database.pool.query(`begin; set local lock_timeout = 10; insert into samples
            (deployment_key, sequence, window_start, window_ms, source)
            values (1, ${n + 1}, to_timestamp(${NOON / 1000 + 10_800 + n}), 1000, 'SIMULATED'); commit`)
        }
        expect(await dropping).toBe(0)
        await reader.query('commit')
      } finally {
        reader.release()
      }
      expect(await partitions.dropBefore(SAMPLES, NOON + 3 * HOUR)).toBe(1)
      expect(await names('samples')).toEqual(['samples_20261123_150000'])
    },
  )
})
