import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { completedJob, createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { removeSamplesBefore } from '../../test/remove-samples.ts'
import { sampleOf } from '../../test/sample-of.ts'
import type { DeploymentHistory } from './history.ts'
import { Distribution } from '../metrics/distribution.ts'
import { ratePerSecond } from '../metrics/metrics-summary.ts'
import { HistoryStore } from './history-store.ts'
import type { Sample } from '../metrics/sample.ts'

const NOON = Date.UTC(2026, 10, 23, 12)
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

describe.each(await testDatabaseKinds())('the history of a deployment on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let deploymentKey: number

  beforeAll(async () => {
    database = await createTestDatabase(kind)
    deps = await createTestDeps(database)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  beforeEach(async () => {
    deploymentKey = await deployed()
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  const deployed = async () => (await deps.services.deployments.deploy(await completedJob(deps), { by: 'amira' })).key
  /** Stores a sample for each of these seconds after noon; each has as many requests as its second. */
  const store = async (seconds: readonly number[], key = deploymentKey, more: Partial<Sample> = {}) => {
    const [head] = await deps.services.sampleStore.heads([key])
    const samples = seconds.map((second, index) =>
      sampleOf({
        deploymentKey: key,
        sequence: (head?.sequence ?? 0) + 1 + index,
        windowStartMs: NOON + second * SECOND,
        latenciesMs: Array.from({ length: second % 100 }, () => second),
        inFlight: second,
        ...more,
      }),
    )
    expect((await deps.services.sampleStore.store(samples)).stored).toHaveLength(samples.length)
  }
  const seconds = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)
  /** Of seconds after noon. */
  const history = (from: number, to: number, maxPoints = 300): Promise<DeploymentHistory> =>
    deps.services.metricsHistory.ofDeployment(deploymentKey, {
      fromMs: NOON + from * SECOND,
      toMs: NOON + to * SECOND,
      maxPoints,
    })
  /** `second: requests` of each point. */
  const points = ({ points: all }: DeploymentHistory) =>
    all.map(({ atMs, requests }) => `${(atMs - NOON) / SECOND}: ${requests}`)

  it('has a point for each sample where there is room, and what is at `from` but not what is at `to`', async () => {
    await store(seconds(0, 9))
    const result = await history(3, 6)
    expect(points(result)).toEqual(['3: 3', '4: 4', '5: 5'])
    expect(result).toMatchObject({ fromMs: NOON + 3 * SECOND, toMs: NOON + 6 * SECOND, resolutionMs: SECOND })
    expect(result.endSequence).toBe(6)
    expect(result.summary).toMatchObject({ requests: 12, windowMs: 3 * SECOND, coveredMs: 3 * SECOND })
  })

  it('has points no shorter than the windows of the deployment, and of a group none shorter than those of any', async () => {
    const { prisma, metricsHistory } = deps.services
    await prisma.deployment.update({ where: { key: deploymentKey }, data: { intervalMs: 5 * SECOND } })
    const fives = { windowMs: 5 * SECOND, requests: 50, kvCacheUsage: 0.5 }
    await store([0, 5, 10], deploymentKey, fives)
    // The samples of ten seconds are missing: the next one takes their place.
    await store([15], deploymentKey, { ...fives, windowMs: 15 * SECOND, requests: 150 })
    const own = await history(2, 28)
    expect(own).toMatchObject({ fromMs: NOON, toMs: NOON + 30 * SECOND, resolutionMs: 5 * SECOND })
    const shown = own.points.map((point) => [point.requests, point.coveredMs, ratePerSecond('requests', point)])
    expect(shown).toEqual([...[1, 2, 3].map(() => [50, 5000, 10]), [150, 5000, 10]])
    expect(own.points.map(({ kvCacheUsage }) => kvCacheUsage)).toEqual([0.5, 0.5, 0.5, 0.5])
    expect(own.summary).toMatchObject({ requests: 300, coveredMs: 30 * SECOND, kvCacheUsage: 0.5 })
    const other = await deployed()
    await store(seconds(0, 29), other, { requests: 3 })
    const range = { fromMs: NOON, toMs: NOON + 30 * SECOND, maxPoints: 300 }
    const group = await metricsHistory.ofDeployments(async () => [deploymentKey, other], range)
    expect(group.points.map(({ requests }) => requests)).toEqual([65, 65, 65, 15, 15, 165])
    expect(group.points.every(({ coveredMs, kvCacheUsage }) => coveredMs === 5000 && kvCacheUsage === null)).toBe(true)
    expect((await metricsHistory.ofDeployments(async () => [other], range)).resolutionMs).toBe(SECOND)
  })

  it('is of the asked range, rounded outwards only to recorded windows, however few points are made of it', async () => {
    await store(seconds(0, 29))
    const read = vi.spyOn(HistoryStore.prototype, 'samples')
    for (const [maxPoints, resolutionMs, expected] of [
      [300, SECOND, seconds(7, 20).map((second) => `${second}: ${second}`)],
      [4, 5000, ['5: 24', '10: 60', '15: 85', '20: 20']],
      [1, 30_000, ['0: 189']],
    ] as const) {
      const result = await history(7.5, 20.5, maxPoints)
      expect(points(result)).toEqual(expected)
      expect(result).toMatchObject({ fromMs: NOON + 7000, toMs: NOON + 21_000, resolutionMs, endSequence: 21 })
      expect(result.summary).toMatchObject({ atMs: NOON + 7000, windowMs: 14_000, coveredMs: 14_000, requests: 189 })
      expect(result.points.reduce((sum, { coveredMs }) => sum + coveredMs, 0)).toBe(14_000)
      // What it costs is counted by the asked range: no more than that is read.
      expect(read).toHaveBeenLastCalledWith([deploymentKey], NOON + 7000, NOON + 21_000, SECOND)
    }
  })

  it('merges all samples of a point, latencies too, and takes what was in flight at its end', async () => {
    await store(seconds(0, 9))
    const { points: all, summary } = await history(0, 10, 2)
    expect(all).toHaveLength(2)
    expect(all[1]).toMatchObject({
      windowMs: 5000,
      coveredMs: 5000,
      requests: 35,
      latencySumMs: 25 + 36 + 49 + 64 + 81,
      latencyMaxMs: 9,
      inFlight: 9,
    })
    const p50 = (latency: Distribution | Uint8Array | null | undefined) =>
      (latency instanceof Uint8Array ? Distribution.decode(latency) : latency)?.quantile(0.5)?.valueMs
    expect(p50(all[1]?.latency)).toBeCloseTo(7, 1)
    expect(p50(summary.latency)).toBeCloseTo(7, 1)
  })

  it('has no point where nothing was recorded, and says how much of a point was', async () => {
    await store([...seconds(0, 12), ...seconds(41, 44)])
    const result = await history(0, 60, 6)
    expect(result.points.map(({ atMs, coveredMs }) => [(atMs - NOON) / SECOND, coveredMs])).toEqual([
      [0, 10_000],
      [10, 3000],
      [40, 4000],
    ])
    expect(result.summary).toMatchObject({ windowMs: 60_000, coveredMs: 17_000 })
  })

  it('has a point without percentiles where no request finished', async () => {
    await store([0, 100])
    const { points: all } = await history(0, 101)
    expect(all.map(({ requests, latency }) => [requests, latency])).toEqual([
      [0, null],
      [0, null],
    ])
  })

  it('holds nothing of another deployment', async () => {
    await store([1, 2])
    await store(seconds(0, 9), await deployed())
    expect(points(await history(0, 10))).toEqual(['1: 1', '2: 2'])
  })

  it('reads any number of samples, in chunks, each once', async () => {
    for (let first = 0; first < 4100; first += 820) await store(seconds(first, first + 819), deploymentKey, SMALL)
    const result = await history(0, 4100, 2000)
    expect(result).toMatchObject({ resolutionMs: 5000, endSequence: 4100, summary: { coveredMs: 4_100_000 } })
    expect(result.points.map(({ coveredMs }) => coveredMs)).toEqual(Array.from({ length: 820 }, () => 5000))
  })

  it('says where its log continues, wherever it ends', async () => {
    expect(await history(0, 60)).toMatchObject({ points: [], endSequence: 0 })
    await store([...seconds(10, 14), ...seconds(50, 54)])
    const endOf = async (from: number, to: number) => (await history(from, to)).endSequence
    expect(await endOf(0, 10)).toBe(0)
    expect(await endOf(0, 11)).toBe(1)
    expect(await endOf(0, 30)).toBe(5)
    expect(await endOf(20, 50)).toBe(5)
    expect(await endOf(20, 51)).toBe(6)
    expect(await endOf(0, 1000)).toBe(10)
    expect(await endOf(60, 70)).toBe(10)
    await removeSamplesBefore(deps, NOON + 12_000)
    expect(await endOf(0, 10)).toBe(2)
    expect(await endOf(0, 30)).toBe(5)
    await removeSamplesBefore(deps, NOON + HOUR)
    expect(await endOf(0, 30)).toBe(10)
  })

  it('continues live without a gap when a sample is stored right after the range was read', async () => {
    const { samples } = HistoryStore.prototype
    const late = async (second: number) => {
      vi.spyOn(HistoryStore.prototype, 'samples').mockImplementationOnce(async function* (
        this: HistoryStore,
        ...asked
      ) {
        yield* samples.apply(this, asked)
        await store([second])
      })
      return await history(0, 60)
    }
    expect(await late(1)).toMatchObject({ points: [], endSequence: 0 })
    expect(await late(2)).toMatchObject({ points: [{ requests: 1 }], endSequence: 1 })
  })

  it.each([0, -1, 2001, 1.5, Number.NaN])('refuses %d points', async (maxPoints) => {
    await expect(history(0, 1, maxPoints)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  it('refuses years in which nothing is recorded', async () => {
    const of = (fromMs: number, toMs: number) =>
      deps.services.metricsHistory.ofDeployment(deploymentKey, { maxPoints: 10, fromMs, toMs })
    const refusal = { code: 'BAD_USER_INPUT' }
    await expect(of(-1, NOON)).rejects.toMatchObject(refusal)
    const toMs = Date.UTC(2200, 0)
    await expect(of(0, toMs + 1)).rejects.toMatchObject(refusal)
    expect(await of(0, toMs)).toMatchObject({ points: [] })
  })

  it('refuses a range that is empty or turned round', async () => {
    for (const [from, to] of [
      [0, 0],
      [1, 0],
      [Number.NaN, 1],
      [0, Number.NaN],
    ] as const) {
      await expect(history(from, to)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
    }
  })
})

const SMALL: Partial<Sample> = { requests: 0, latency: null, latencySumMs: 0, latencyMaxMs: 0 }
