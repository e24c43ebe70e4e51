import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleOf } from '../../test/sample-of.ts'
import { createSampleStorage } from './create-sample-storage.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NOON = Date.UTC(2026, 10, 23, 12)
const KEPT_HOURS = 8
const DEPLOYMENTS = 4

describe.each(await testDatabaseKinds())('samples that are stored for longer than they are kept, on %s,', (kind) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase(kind)
    await database.pool.query(
      `insert into sample_heads (deployment_key, recording_since)
        select n, to_timestamp($1::float8 / 1000) from generate_series(1, ${DEPLOYMENTS}) n`,
      [NOON],
    )
  })
  afterAll(() => database[Symbol.asyncDispose]())

  it('take no more than 1.2 times the room of those that are kept, without a vacuum', async () => {
    let nowMs = NOON
    const { sampleStore, retention } = createSampleStorage({
      database,
      keep: { samplesMs: KEPT_HOURS * HOUR, merged: [] },
      intervalMs: 5000,
      time: { wall: () => nowMs, monotonic: () => nowMs },
      clock: { now: () => nowMs },
      onRetentionError: (error) => {
        throw error
      },
    })
    const { latency } = sampleOf({ latenciesMs: Array.from({ length: 200 }, (_, n) => 20 + ((n * 7919) % 1000)) })
    const size = async () => {
      const { rows } = await database.pool.query<{ bytes: number }>(
        `select sum(pg_total_relation_size(relid))::float8 as bytes from pg_partition_tree('samples') where isleaf`,
      )
      return rows[0]?.bytes ?? 0
    }
    let sequence = 0
    const sizes: number[] = []
    for (let minutes = 30; minutes <= 3 * KEPT_HOURS * 60; minutes += 30) {
      const windows = Array.from({ length: 360 }, (_, n) => ({ windowStartMs: nowMs + n * 5000, sequence: ++sequence }))
      nowMs = NOON + minutes * MINUTE
      const given = Array.from({ length: DEPLOYMENTS }, (_, index) => index + 1).flatMap((deploymentKey) =>
        windows.map((window) => sampleOf({ ...window, deploymentKey, windowMs: 5000, requests: 200, latency })),
      )
      expect((await sampleStore.store(given)).stored).toHaveLength(given.length)
      sizes.push(await size())
      await retention.sweep()
    }
    const kept = sizes[2 * KEPT_HOURS - 1] ?? 0
    expect(kept).toBeGreaterThan(4_000_000)
    expect(Math.max(...sizes) / kept).toBeLessThan(1.2)
    expect((sizes.at(-1) ?? 0) / kept).toBeGreaterThan(1)
    // All that is kept is there.
    const { rows } = await database.pool.query<{ count: number }>(
      'select count(*) from samples where window_start >= to_timestamp($1::float8 / 1000)',
      [nowMs - KEPT_HOURS * HOUR],
    )
    expect(rows[0]?.count).toBe(DEPLOYMENTS * KEPT_HOURS * 720)
  })
})
