import { applyScenario, historyScenario } from '@gaugeline/prisma'
import { createTestDatabase, type TestDatabase } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { readEnv } from '../env.ts'
import { fillHistory } from './history-fill.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

describe('the scenario of history', () => {
  let database: TestDatabase
  let deps: TestDeps
  let nowMs: number

  beforeAll(async () => {
    database = await createTestDatabase('embedded')
    deps = await createTestDeps(database)
    nowMs = deps.recordingClock.now()
    const scenario = historyScenario(new Date(nowMs))
    await applyScenario(database, scenario)
    // Less of the finer ones than by default, and days around the pause of one deployment.
    const spansMs = [2 * MINUTE_MS, HOUR_MS, HOUR_MS, 3 * HOUR_MS, 15 * DAY_MS]
    await fillHistory(database, readEnv({}).keep, scenario.deploymentEvents, nowMs, spansMs)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  it('has each coarser window merged from the finer ones, and models and the fleet from all deployments', async () => {
    const { rows: differences } = await database.pool.query(`
      select c.series, c.resolution_ms, c.window_start from merged_windows c join merged_windows f on f.series = c.series
          and f.resolution_ms = case c.resolution_ms when 60000 then 10000 when 300000 then 60000 when 600000 then 60000 when 3600000 then 600000 else 3600000 end
          and f.window_start >= c.window_start and f.window_start < c.window_start + c.resolution_ms * interval '1 ms'
        where c.series > 0
        group by 1, 2, 3, c.requests, c.covered_ms having sum(f.covered_ms) <> c.covered_ms or sum(f.requests) <> c.requests`)
    expect(differences).toEqual([])
    const { rows } = await database.pool.query<{ models: number; fleet: number; deployments: number }>(`
      select (sum(requests) filter (where series < 0))::float8 as models, (sum(requests) filter (where series = 0))::float8 as fleet,
        (sum(requests) filter (where series > 0))::float8 as deployments from merged_windows where resolution_ms = 3600000`)
    // One more deployment was deleted, before these days.
    expect(rows[0]?.fleet).toBeGreaterThan(1e9)
    expect([rows[0]?.models, rows[0]?.deployments]).toEqual([rows[0]?.fleet, rows[0]?.fleet])
  })

  it('shows the busy and the quiet one, a pause, an episode of errors and a slow spell', async () => {
    const { history, prisma } = deps.services
    const of = async (model: string, versionNumber: number, fromHours: number, toHours: number) => {
      const deployment = await prisma.deployment.findFirstOrThrow({ where: { versionNumber, model: { name: model } } })
      const [fromMs, toMs] = [nowMs - fromHours * HOUR_MS, nowMs - toHours * HOUR_MS]
      const { summary } = await history.ofDeployment(deployment, { fromMs, toMs, maxPoints: 50 })
      const { requests, errors, coveredMs, latencySumMs } = summary
      return {
        perSecond: ((requests ?? 0) * 1000) / coveredMs,
        errorRate: (errors ?? 0) / (requests ?? 0),
        meanMs: (latencySumMs ?? 0) / (requests ?? 0),
        coveredMs,
      }
    }
    expect((await of('search/query-embedder', 1, 48, 24)).perSecond).toBeCloseTo(7000, -3.4)
    expect((await of('speech/call-transcriber', 0, 48, 24)).perSecond).toBeCloseTo(7, -0.5)
    expect((await of('speech/call-transcriber', 0, 326, 308)).coveredMs).toBe(0)
    expect((await of('vision/defect-detector', 0, 52, 50)).errorRate).toBeGreaterThan(0.1)
    const slow = await of('chat/assistant-8b', 2, 29, 25)
    expect(slow.meanMs).toBeGreaterThan(1.8 * (await of('chat/assistant-8b', 2, 40, 32)).meanMs)
  })

  it('goes on with the log: the next sample has the sequence after the last one', async () => {
    const heads = await deps.services.sampleStore.recordingHeads()
    expect(heads).toHaveLength(5)
    for (const { sequence, lastWindowEndMs } of heads) {
      expect(sequence).toBeGreaterThan(1e5)
      expect(nowMs - (lastWindowEndMs ?? 0)).toBeLessThan(26 * MINUTE_MS)
    }
  })
})
