import { openDatabase } from '@gaugeline/prisma'
import { prepareOldTestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { describe, expect, it } from 'vitest'
import { sampleOf } from '../../test/sample-of.ts'
import { createSampleStorage } from './create-sample-storage.ts'

const MIGRATION = '20261130140000_resolutions'
const HOUR = 3_600_000
const NOON = Date.UTC(2026, 10, 29, 12)
/** The last of the samples that the earlier version has stored; one a second. */
const COUNT = 5000
const DAY_MS = 24 * HOUR

describe.each(await testDatabaseKinds())('an upgrade on %s of samples in a table without partitions', (kind) => {
  it('leaves them readable, goes on behind them, and drops them when they are old', async () => {
    await using location = await prepareOldTestDatabase(kind, MIGRATION, async (pool) => {
      await pool.query(
        `insert into samples (deployment_key, sequence, window_start, window_ms, requests, errors, latency_sum_ms,
            latency_max_ms, latency, source)
          select 1, n, to_timestamp($1::float8 + n - 1), 1000, 1, 0, 5, 5, '\\x0102', 'SIMULATED'
          from generate_series(1, $2::int) n`,
        [NOON / 1000, COUNT],
      )
      await pool.query(
        `insert into sample_heads values (1, $2::int, to_timestamp($1::float8 + $2::int), to_timestamp($1::float8))`,
        [NOON / 1000, COUNT],
      )
    })
    const database = await openDatabase({ dataDir: '', ...location })
    try {
      let nowMs = NOON + COUNT * 1000
      const { sampleStore, retention } = createSampleStorage({
        database,
        keep: { samplesMs: DAY_MS, merged: [] },
        intervalMs: 1000,
        time: { wall: () => nowMs, monotonic: () => nowMs },
        clock: { now: () => nowMs },
        onRetentionError: (error) => {
          throw error
        },
      })
      const sequences = async (after: number, limit: number) =>
        (await sampleStore.after(1, after, limit)).map(({ sequence }) => sequence)
      const partitions = async () => {
        const { rows } = await database.pool.query<{ name: string }>(
          `select relid::text as name from pg_partition_tree('samples') where isleaf order by relid::text`,
        )
        return rows.map(({ name }) => name)
      }
      const store = async (from: number, windowStartMs: number) => {
        const { stored } = await sampleStore.store([sampleOf({ sequence: from, windowStartMs })])
        expect(stored).toHaveLength(1)
      }

      expect(await partitions()).toEqual(['samples_before_partitions'])
      expect(await sequences(0, COUNT + 1)).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1))
      expect((await sampleStore.latest([1]))[0]).toMatchObject({ sequence: COUNT, latency: Buffer.from([1, 2]) })

      await retention.sweep()
      await store(COUNT + 1, NOON + COUNT * 1000)
      await store(COUNT + 2, NOON + 2 * HOUR)
      expect(await sequences(COUNT - 1, 10)).toEqual([COUNT, COUNT + 1, COUNT + 2])
      // An hour, until the next place in the grid, which the table of before reaches into.
      expect(await partitions()).toEqual(['samples_20261129_140000', 'samples_before_partitions'])

      // It holds what was recorded until two.
      nowMs = NOON + 2 * HOUR + DAY_MS - 1
      await retention.sweep()
      expect(await partitions()).toContain('samples_before_partitions')
      nowMs += 1
      await retention.sweep()
      expect(await partitions()).not.toContain('samples_before_partitions')
      expect(await sequences(0, 10)).toEqual([COUNT + 2])
    } finally {
      await database.close()
    }
  }, 120_000)

  // A new embedded database is the same, and takes seconds to make.
  it.runIf(kind === 'postgres')('of a database without samples leaves no partition', async () => {
    await using location = await prepareOldTestDatabase(kind, MIGRATION, async () => undefined)
    const database = await openDatabase({ dataDir: '', ...location })
    const { rows } = await database.pool.query(`select relid from pg_partition_tree('samples') where isleaf`)
    await database.close()
    expect(rows).toEqual([])
  })
})
