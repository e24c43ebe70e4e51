import { readFileSync } from 'node:fs'
import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { MergedLogs } from '../../test/merged-logs.ts'
import { plainMetrics } from '../../test/plain-metrics.ts'
import { recount } from '../../test/recount.ts'
import { MetricsMerger, type MetricsSummary } from '../metrics/metrics-summary.ts'
import type { Sample } from '../metrics/sample.ts'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'
import type { History } from './history.ts'
import { FIVE_MINUTES_MS } from './merged-window.ts'
import { SAMPLE_FIELDS } from './sample-columns.ts'

const MIGRATION = new URL('../../../prisma/migrations/20261201010000_five_minutes/migration.sql', import.meta.url)
const MINUTE = 60
const WINDOW_S = 5
/** In seconds after the start, as all below. */
const LATE = 21 * MINUTE
/** When the server was upgraded. */
const UPGRADE = 24 * MINUTE + 15
/** When windows of five minutes begin then: the next ten minutes after all that was recorded. */
const BEGIN = 30 * MINUTE

describe.each(await testDatabaseKinds())(
  'windows of five minutes, in a database of before they were stored, on %s,',
  (kind) => {
    let database: TestDatabase
    let deps: TestDeps
    let logs: MergedLogs
    let samples: Sample[]
    let first: { id: string; key: number; modelId: string }

    beforeAll(async () => {
      database = await createTestDatabase(kind)
      deps = await createTestDeps(database)
      logs = new MergedLogs(deps)
      const { services } = deps
      const keys = [await logs.deploy('a'), await logs.deploy('a')]
      for (const { key } of keys) await logs.fill(key, LATE, WINDOW_S * 1000)
      // What one of them measured then comes after the upgrade.
      logs.log(keys[0]!.key).endMs += WINDOW_S * 1000
      for (const { key } of keys) await logs.fill(key, UPGRADE, WINDOW_S * 1000)
      await logs.rollUp().mergeUntil(logs.at(UPGRADE))
      await upgrade()
      // One is deleted, and one is new.
      await services.deployments.pause(keys[1]!.id, { by: 'amira' })
      await services.deployments.delete(keys[1]!.id, { by: 'amira' })
      const added = await logs.deploy('b')
      logs.log(added.key).endMs = logs.at(UPGRADE)
      for (let seconds = UPGRADE; seconds <= 62 * MINUTE; seconds += 7 * MINUTE) {
        for (const key of [keys[0]!.key, added.key]) await logs.fill(key, seconds, WINDOW_S * 1000)
        await logs.rollUp().mergeUntil(logs.at(seconds))
      }
      await logs.store([logs.sample(keys[0]!.key, logs.at(LATE), WINDOW_S * 1000)])
      deps.time.pass(64 * MINUTE * 1000)
      await logs.rollUp().mergeUntil(deps.recordingClock.now())
      const read = await database.pool.query<Sample>(`select ${SAMPLE_FIELDS} from samples order by sequence`)
      samples = read.rows
      first = await services.prisma.deployment.findUniqueOrThrow({ where: { id: keys[0]!.id } })
    }, 120_000)
    afterAll(() => database[Symbol.asyncDispose]())

    /** As if all until now had been merged by an earlier version. */
    async function upgrade() {
      const { pool } = database
      await pool.query(`delete from merged_windows where resolution_ms = ${FIVE_MINUTES_MS}`)
      await pool.query(`delete from resolution_heads where resolution_ms = ${FIVE_MINUTES_MS}`)
      await pool.query('alter table merge_state drop column five_minutes_from')
      await pool.query(readFileSync(MIGRATION, 'utf8'))
    }

    const figures = (metrics: MetricsSummary) => {
      const { inFlight: _, waiting: _waiting, kvCacheUsage: _usage, ...rest } = plainMetrics(metrics)
      const numbers = Object.entries(rest).map(([name, value]): [string, unknown] =>
        name.endsWith('SumMs') && typeof value === 'number' ? [name, Math.round(value)] : [name, value],
      )
      return Object.fromEntries(numbers)
    }
    const shown = ({ points, summary }: History) => ({ points: points.map(figures), summary: figures(summary) })

    /** What the samples themselves say of it. */
    function truth(of: (sample: Sample) => boolean, { fromMs, toMs, resolutionMs }: History) {
      const total = new MetricsMerger()
      const points = new Map<number, { merger: MetricsMerger; seconds: Set<number> }>()
      const all = new Set<number>()
      for (const sample of samples) {
        const endMs = sample.windowStartMs + sample.windowMs
        if (!of(sample) || endMs <= fromMs || endMs > toMs) continue
        const atMs = Math.ceil(endMs / resolutionMs - 1) * resolutionMs
        const point = points.get(atMs) ?? { merger: new MetricsMerger(), seconds: new Set() }
        points.set(atMs, point)
        point.merger.add(sample, 'last')
        total.add(sample, 'last')
        point.seconds.add(endMs)
        all.add(endMs)
      }
      const ofAll = points.size === 0 ? [] : [...points].toSorted(([a], [b]) => a - b)
      return {
        points: ofAll.map(([atMs, { merger, seconds }]) =>
          figures(merger.summary(atMs, resolutionMs, seconds.size * WINDOW_S * 1000)),
        ),
        summary: figures(total.summary(fromMs, toMs - fromMs, all.size * WINDOW_S * 1000)),
      }
    }

    it('begin behind all that was recorded, and hold all that comes from then on', async () => {
      const { rows } = await database.pool.query<{ ms: number; windows: number }>(
        `select (extract(epoch from min(window_start)) * 1000)::float8 as ms, count(*)::int as windows from merged_windows
        where resolution_ms = ${FIVE_MINUTES_MS}`,
      )
      expect(rows[0]?.ms).toBe(logs.at(BEGIN))
      expect((await recount(database)).faults).toEqual([])
      await logs.expectWhole()
    })

    it('make no difference to any history of before, after and across their beginning', async () => {
      const { history } = deps.services
      const random = new Random(seedOf('ranges across an upgrade'))
      for (let round = 0; round < 30; round += 1) {
        // Of whole minutes: the fleet has no finer windows.
        const from = Math.floor(random.between(-5, 50))
        const fromMs = logs.at(from * MINUTE)
        const toMs = logs.at(Math.min(62, from + Math.ceil(random.between(1, 60))) * MINUTE)
        const maxPoints = Math.ceil(60 ** random.between(0, 1))
        const ofFirst = await history.ofDeployment(first, { fromMs, toMs, maxPoints })
        expect(ofFirst).toMatchObject({ fromMs, toMs })
        const own = ({ deploymentKey }: Sample) => deploymentKey === first.key
        expect([round, shown(ofFirst)]).toEqual([round, truth(own, ofFirst)])
        const ofFleet = await history.ofFleet({}, { fromMs, toMs, maxPoints })
        // Finer points are without those that were deleted.
        if (ofFleet.resolutionMs < 60_000) continue
        expect([round, shown(ofFleet)]).toEqual([round, truth(() => true, ofFleet)])
      }
    })
  },
)
