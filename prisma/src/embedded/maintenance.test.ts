import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../testing.ts'
import { maintain, runRound } from './maintenance.ts'

describe('maintenance of the embedded database', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase('embedded')
    await database.pool.query('create table samples_any partition of samples default')
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const one = async <T>(text: string): Promise<T> => {
    const { rows } = await database.pool.query<{ value: T }>(text)
    if (!rows[0]) throw new Error(`no row: ${text}`)
    return rows[0].value
  }
  const fill = (from: number) =>
    database.pool.query(
      `insert into samples (deployment_key, sequence, window_start, window_ms, requests, errors, latency_sum_ms,
        latency_max_ms, source)
      select 1, n, to_timestamp(n), 1000, 0, 0, 0, 0, 'SIMULATED' from generate_series($1::int, $1::int + 4999) n`,
      [from],
    )

  it('moves the point from which a start after a crash replays', async () => {
    const redo = `select redo_lsn::text as value from pg_control_checkpoint()`
    const before = await one<string>(redo)
    await fill(1)
    expect(await one<string>(redo)).toBe(before)
    await runRound(database.pool)
    expect(await one<string>(redo)).not.toBe(before)
  })

  it('lets new samples reuse the space of removed ones', async () => {
    const size = `select pg_relation_size('samples_any')::int as value`
    const before = await one<number>(size)
    for (let from = 5001; from <= 25_001; from += 5000) {
      await database.pool.query('delete from samples')
      await runRound(database.pool)
      await fill(from)
    }
    expect(await one<number>(size)).toBeLessThanOrEqual(before)
  })

  it('continues after a round that failed, and stops when it is asked to', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      const statements: string[] = []
      const errors: unknown[] = []
      const pool = {
        query: (text: string) => {
          statements.push(text)
          return statements.length === 1 ? Promise.reject(new Error('gone')) : Promise.resolve()
        },
      }
      const end = maintain(pool, (error) => errors.push(error))
      await vi.advanceTimersByTimeAsync(300_000)
      expect(errors).toEqual([new Error('gone')])
      await vi.advanceTimersByTimeAsync(300_000)
      await end()
      await vi.advanceTimersByTimeAsync(900_000)
      expect(statements).toEqual(['VACUUM', 'VACUUM', 'CHECKPOINT'])
    } finally {
      vi.useRealTimers()
    }
  })
})
