import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { completedJob, createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { removeSamplesBefore } from '../../test/remove-samples.ts'
import { sampleOf } from '../../test/sample-of.ts'
import { type History, resolutionFor } from './history.ts'
import { Distribution } from '../metrics/distribution.ts'
import type { Sample } from '../metrics/sample.ts'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'

const NOON = Date.UTC(2026, 10, 23, 12)
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const WEEK = 7 * DAY

describe('the resolution of a history', () => {
  it.each([
    ['five minutes in 300 points', 5 * MINUTE, 300, SECOND],
    ['five minutes and a second in 300 points', 5 * MINUTE + SECOND, 300, 2 * SECOND],
    ['an hour in 300 points', HOUR, 300, 15 * SECOND],
    ['an hour in 60 points', HOUR, 60, MINUTE],
    ['an hour in 59 points', HOUR, 59, 2 * MINUTE],
    ['a day in 300 points', DAY, 300, 5 * MINUTE],
    ['a day in 2000 points', DAY, 2000, MINUTE],
    ['twelve hours in one point', 12 * HOUR, 1, 12 * HOUR],
  ])('of %s is the finest readable one that fits', (_what, spanMs, maxPoints, resolutionMs) => {
    expect(resolutionFor(NOON, NOON + spanMs, maxPoints, SECOND)).toBe(resolutionMs)
  })

  it('counts windows that the ends only touch', () => {
    expect(resolutionFor(NOON + 500, NOON + 10_500, 10, SECOND)).toBe(2 * SECOND)
    expect(resolutionFor(NOON + 500, NOON + 10_500, 11, SECOND)).toBe(SECOND)
  })

  it('is never finer than the windows that are recorded, and as fine as them where they are short', () => {
    expect(resolutionFor(NOON, NOON + MINUTE, 2000, 5 * SECOND)).toBe(5 * SECOND)
    // Whole windows only: two of six seconds would not fill a point of ten.
    expect(resolutionFor(NOON, NOON + MINUTE, 8, 6 * SECOND)).toBe(30 * SECOND)
    expect(resolutionFor(NOON, NOON + SECOND, 100, 10)).toBe(10)
    expect(resolutionFor(NOON, NOON + SECOND, 99, 10)).toBe(SECOND)
  })

  it('keeps to the bound for any span, from a millisecond to ten thousand years', () => {
    const random = new Random(seedOf('spans'))
    for (let round = 0; round < 2000; round += 1) {
      const fromMs = Math.floor(random.between(0, NOON))
      const toMs = Math.min(fromMs + Math.ceil(10 ** random.between(0, 14)), 253_402_300_799_999)
      const maxPoints = Math.ceil(2000 ** random.between(0, 1))
      const width = resolutionFor(fromMs, toMs, maxPoints, SECOND)
      const points = Math.ceil(toMs / width) - Math.floor(fromMs / width)
      expect([fromMs, toMs, maxPoints, points <= maxPoints, points > 0]).toEqual([fromMs, toMs, maxPoints, true, true])
    }
  })

  it('keeps to a single point also where the span lies across a week’s border', () => {
    const border = Math.ceil(NOON / WEEK) * WEEK
    const width = resolutionFor(border - HOUR, border + HOUR, 1, SECOND)
    expect(Math.ceil((border + HOUR) / width) - Math.floor((border - HOUR) / width)).toBe(1)
  })

  it('is found at once for years before the epoch, and for a span across it', () => {
    expect(resolutionFor(-62_167_219_200_000, -62_167_219_200_000 + DAY, 24, SECOND)).toBe(HOUR)
    expect(resolutionFor(-62_167_219_200_000, 253_402_300_799_999, 1, SECOND)).toBeGreaterThan(253_402_300_799_999)
  })
})

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
  const history = (from: number, to: number, maxPoints = 300): Promise<History> =>
    deps.services.history.ofDeployment({
      deploymentKey,
      fromMs: NOON + from * SECOND,
      toMs: NOON + to * SECOND,
      maxPoints,
    })
  /** `second: requests` of each point. */
  const points = ({ points: all }: History) => all.map(({ atMs, requests }) => `${(atMs - NOON) / SECOND}: ${requests}`)

  it('has a point for each sample where there is room, and what is at `from` but not what is at `to`', async () => {
    await store(seconds(0, 9))
    const result = await history(3, 6)
    expect(points(result)).toEqual(['3: 3', '4: 4', '5: 5'])
    expect(result).toMatchObject({ fromMs: NOON + 3 * SECOND, toMs: NOON + 6 * SECOND, resolutionMs: SECOND })
    expect(result.endSequence).toBe(6)
    expect(result.summary).toMatchObject({ requests: 12, windowMs: 3 * SECOND, coveredMs: 3 * SECOND })
  })

  it('is of the asked range, rounded outwards only to recorded windows, however few points are made of it', async () => {
    await store(seconds(0, 29))
    const range = vi.spyOn(deps.services.sampleStore, 'range')
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
      expect(range).toHaveBeenLastCalledWith(deploymentKey, NOON + 7000, NOON + 21_000)
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
    const p50 = (latency: unknown) => (latency instanceof Distribution ? latency.quantile(0.5)?.valueMs : null)
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
    const { sampleStore } = deps.services
    const range = sampleStore.range.bind(sampleStore)
    const late = async (second: number) => {
      vi.spyOn(sampleStore, 'range').mockImplementationOnce(async function* (...asked) {
        yield* range(...asked)
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
    const metricsHistory = deps.services.history
    const refusal = { code: 'BAD_USER_INPUT' }
    const asked = { deploymentKey, maxPoints: 10 }
    await expect(metricsHistory.ofDeployment({ ...asked, fromMs: -1, toMs: NOON })).rejects.toMatchObject(refusal)
    const toMs = Date.UTC(2200, 0)
    await expect(metricsHistory.ofDeployment({ ...asked, fromMs: 0, toMs: toMs + 1 })).rejects.toMatchObject(refusal)
    expect(await metricsHistory.ofDeployment({ ...asked, fromMs: 0, toMs })).toMatchObject({ points: [] })
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
