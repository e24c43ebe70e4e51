import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { plainMetrics } from '../../test/plain-metrics.ts'
import { completedJob, createTestDeps, record, type TestDeps } from '../../test/create-test-deps.ts'
import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import type { Sample } from '../metrics/sample.ts'
import { RecentSamples } from './recent-samples.ts'
import { TrailingBlocks } from './trailing-blocks.ts'
import { TrailingMetrics } from './trailing-metrics.ts'

const by = 'amira'
const OVERS = [1000, 10_000, 60_000, 300_000]

describe.each(await testDatabaseKinds())('trailing metrics on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let started: RecentSamples[]

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  beforeEach(async () => {
    deps = await createTestDeps(database)
    deps.services.recent.start()
    started = [deps.services.recent]
  })
  afterEach(() => {
    for (const recent of started) recent.stop()
    vi.restoreAllMocks()
  })

  /** As a server that starts now. */
  function another(): TrailingMetrics {
    const { sampleStore: store } = deps.services
    const recent = new RecentSamples({ store, bus: deps.bus, now: () => deps.recordingClock.now() })
    recent.start()
    started.push(recent)
    return new TrailingMetrics({ store, recent })
  }
  const deploy = async () => deps.services.deployments.deploy(await completedJob(deps), { by })
  const stored = (key: number) => deps.services.sampleStore.after(key, 0, 10_000)
  const expected = (samples: Sample[], sample: Sample, overMs: number) =>
    plainMetrics(new TrailingBlocks({ samples, completeAfterMs: -Infinity }).figure(sample, overMs))

  it('are the same from memory, from the store, after a restart, and for every sample of the log', async () => {
    const { key, id } = await deploy()
    const { trailing, recent } = deps.services
    const live = new Map<string, unknown>()
    const note = async (ms: number, stepMs: number) => {
      for (let passed = 0; passed < ms; passed += stepMs) {
        await record(deps, stepMs, stepMs)
        for (const overMs of OVERS) {
          const newest = recent.latest(key) as Sample
          live.set(`${newest.sequence} ${overMs}`, plainMetrics(await trailing.of(newest, overMs)))
        }
      }
    }
    await note(140_000, 20_000)
    await deps.services.deployments.pause(id, { by })
    deps.time.pass(37_000)
    await deps.services.deployments.resume(id, { by })
    await note(12_000, 1000)
    await note(330_000, 30_000)
    await note(24_000, 3000)
    const restarted = another()
    await note(3000, 1000)
    const samples = await stored(key)
    const other = another()
    for (const sample of samples) {
      for (const overMs of OVERS) {
        const known = live.get(`${sample.sequence} ${overMs}`)
        const isRead = sample.sequence % 17 === 0
        if (known === undefined && !isRead) continue
        const figure = expected(samples, sample, overMs)
        if (known !== undefined) expect(known).toEqual(figure)
        if (isRead) expect(plainMetrics(await other.of(sample, overMs))).toEqual(figure)
      }
    }
    for (const overMs of OVERS) {
      const [ofNewest] = await restarted.latest([{ deploymentKey: key, overMs }])
      expect(plainMetrics(ofNewest as MetricsSummary)).toEqual(expected(samples, samples.at(-1) as Sample, overMs))
    }
  })

  it('of a page take a few statements, of paused deployments too, and none while they are in memory', async () => {
    const deployments = [await deploy(), await deploy(), await deploy(), await deploy()]
    await record(deps, 90_000, 30_000)
    const [paused, , empty] = deployments
    await deps.services.deployments.pause(paused!.id, { by })
    await record(deps, 180_000, 60_000)
    await deps.services.deployments.pause(empty!.id, { by })
    const keys = deployments.map(({ key }) => key)
    const requests = [...keys, 999_999].map((deploymentKey) => ({ deploymentKey, overMs: 60_000 }))
    const query = vi.spyOn(database.pool, 'query')
    const server = another()
    const first = await server.latest(requests)
    expect(query.mock.calls.length).toBeLessThanOrEqual(3)
    expect(first.map((figure) => figure && figure.coveredMs)).toEqual([60_000, 60_000, 60_000, 60_000, null])
    for (const [index, key] of keys.entries()) {
      const samples = await stored(key)
      expect(plainMetrics(first[index]!)).toEqual(expected(samples, samples.at(-1) as Sample, 60_000))
    }
    await deps.services.trailing.latest(requests.slice(1, 4))
    query.mockClear()
    await record(deps, 10_000)
    const recording = query.mock.calls.length
    await deps.services.trailing.latest(requests.slice(1, 4))
    expect(query.mock.calls.length).toBe(recording)
  })

  it('are read for the end of a minute-long range once in ten seconds, and kept as little as needed', async () => {
    const { key } = await deploy()
    await record(deps, 360_000, 60_000)
    const { trailing, recent, sampleStore } = deps.services
    await trailing.of(recent.latest(key) as Sample, 300_000)
    const ending = vi.spyOn(sampleStore, 'ending')
    for (let second = 0; second < 40; second += 1) {
      await record(deps, 1000)
      await trailing.of(recent.latest(key) as Sample, 300_000)
    }
    expect(ending.mock.calls.length).toBe(4)
    const rows = (await Promise.all(ending.mock.results.map(({ value }) => value as Promise<Sample[]>))).flat()
    expect(rows.length).toBe(40)
  })

  it('are those of the new history once the database was set back', async () => {
    const { key } = await deploy()
    await record(deps, 65_000, 65_000)
    const { trailing, recent } = deps.services
    const newest = recent.latest(key) as Sample
    await trailing.of(newest, 60_000)
    const more = (await stored(key)).map((sample) => ({ ...sample, errors: (sample.errors ?? 0) + 1 }))
    deps.bus.publish('recorded', { throughMs: deps.time.wallMs, samples: more.slice(9), last: true })
    const again = recent.latest(key) as Sample
    expect(again).not.toBe(newest)
    const before = await trailing.of(newest, 60_000)
    expect((await trailing.of(again, 60_000)).errors).toBeGreaterThan(before.errors ?? 0)
  })
})
