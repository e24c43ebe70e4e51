import { describe, expect, it } from 'vitest'
import type { Distribution } from '../../../metrics/distribution.ts'
import type { FullMeasurement } from '../../../metrics/sample.ts'
import { DISTRIBUTION_NAMES, DISTRIBUTIONS } from '../../../metrics/window-metrics.ts'
import { generateInferenceMetrics } from './generate-inference-metrics.ts'
import { seedOf } from './random.ts'
import { createReplay } from './replay.ts'
import { profileFor, type TrafficProfile } from './traffic-profile.ts'
import { overloadAt } from './traffic.ts'

const HOUR_MS = 3_600_000
const startedAtMs = Date.UTC(2026, 4, 1, 9)
const id = '3f6c2d1e-0a4b-4c8d-9e2f-5a6b7c8d9e0f'
const profile: TrafficProfile = {
  ...profileFor({ id, createdAtMs: startedAtMs }),
  requestsPerSecond: 25,
  dailySwing: 0,
  burstShare: 0,
  idleShare: 0,
  latencyP50Ms: 400,
  latencySigma: 0.5,
  errorRate: 0.02,
  promptTokens: { median: 500, sigma: 0.6 },
  generatedTokens: { median: 100, sigma: 0.5 },
}

function measured(count: number, durationMs: number, changes: Partial<TrafficProfile> = {}): FullMeasurement[] {
  return Array.from({ length: count }, (_, at) =>
    generateInferenceMetrics(
      id,
      { startMs: startedAtMs + HOUR_MS + at * durationMs, durationMs },
      { ...profile, ...changes },
    ),
  )
}

const sum = (numbers: readonly (number | null)[]) => numbers.reduce<number>((total, number) => total + (number ?? 0), 0)
const countOf = (distribution: Distribution | null) => distribution?.count ?? 0
const p = (distribution: Distribution | null, q: number) => distribution?.quantile(q)?.valueMs ?? Number.NaN
const reasonsOf = ({ errorsByReason }: FullMeasurement) => sum(Object.values(errorsByReason ?? {}))

describe('a language model', () => {
  const minutes = measured(400, 10_000)

  it('has a first token and a queue for each request that succeeded, and a time for each token after the first', () => {
    for (const one of minutes) {
      const succeeded = one.requests - one.errors
      expect(countOf(one.timeToFirstToken)).toBe(succeeded)
      expect(countOf(one.queueTime)).toBe(succeeded)
      expect(countOf(one.interTokenLatency)).toBe(one.generatedTokens! - succeeded)
    }
  })

  it('takes for the first token and those after it what the request takes, to the microsecond', () => {
    for (const one of measured(200, 1_000, { errorRate: 0 }).filter(({ errors }) => errors === 0)) {
      const tokensMs = one.timeToFirstTokenSumMs! + one.interTokenLatencySumMs!
      expect(Math.round(1_000 * tokensMs)).toBe(Math.round(1_000 * one.latencySumMs))
      expect(one.timeToFirstTokenMaxMs).toBeLessThanOrEqual(one.latencyMaxMs)
      expect(one.queueTimeSumMs).toBeLessThan(one.timeToFirstTokenSumMs!)
    }
  })

  it('tells sums and maxima that agree with its distributions', () => {
    for (const one of [...minutes, ...measured(100, 100)]) {
      for (const name of DISTRIBUTION_NAMES) {
        const [sumMs, maxMs] = [one[DISTRIBUTIONS[name].sum]!, one[DISTRIBUTIONS[name].max]!]
        const count = countOf(one[name])
        expect(sumMs).toBeLessThanOrEqual(count * maxMs * 1.003)
        if (count > 0) expect(Math.abs(p(one[name], 1) / maxMs - 1)).toBeLessThan(0.003 + 0.001 / maxMs)
      }
    }
  })

  it('fails for reasons that add up to its errors, more of them overload where it is slow', () => {
    const counts = { timeout: 0, cancelled: 0, overloaded: 0 }
    let [slow, overloadedInSlow] = [0, 0]
    for (const [at, one] of minutes.entries()) {
      expect(reasonsOf(one)).toBe(one.errors)
      const reasons = one.errorsByReason as Partial<typeof counts>
      for (const reason of ['timeout', 'cancelled', 'overloaded'] as const) counts[reason] += reasons[reason] ?? 0
      if (overloadAt(seedOf(id), startedAtMs + HOUR_MS + (at + 0.5) * 10_000) < 0.4) continue
      slow += one.errors
      overloadedInSlow += reasons.overloaded ?? 0
    }
    const total = counts.timeout + counts.cancelled + counts.overloaded
    expect(total).toBe(sum(minutes.map(({ errors }) => errors)))
    for (const count of Object.values(counts)) expect(count / total).toBeGreaterThan(0.1)
    expect(slow).toBeGreaterThan(50)
    expect(overloadedInSlow / slow).toBeGreaterThan(1.3 * (counts.overloaded / total))
  })

  it('keeps as many waiting as its queue times say by the law of Little, among those in flight', () => {
    const windows = measured(1_500, 1_000, { errorRate: 0, requestsPerSecond: 100 })
    const served = windows.filter(({ errors }) => errors === 0)
    expect(served.every(({ waiting, inFlight }) => waiting! <= inFlight!)).toBe(true)
    const meanWaiting = sum(served.map(({ waiting }) => waiting)) / served.length
    const expected = sum(served.map(({ queueTimeSumMs }) => queueTimeSumMs)) / 1_000 / served.length
    expect(meanWaiting / expected).toBeGreaterThan(0.9)
    expect(meanWaiting / expected).toBeLessThan(1.15)
  })

  it('fills its cache as it is loaded, and never beyond it', () => {
    const usage = (requestsPerSecond: number) => {
      const all = measured(200, 1_000).map((one) => one.kvCacheUsage!)
      const loaded = measured(200, 1_000, { requestsPerSecond }).map((one) => one.kvCacheUsage!)
      expect([...all, ...loaded].every((value) => value >= 0 && value <= 1)).toBe(true)
      return sum(loaded) / loaded.length
    }
    expect(usage(25)).toBeGreaterThan(0.1)
    expect(usage(25)).toBeLessThan(0.9)
    const busy = measured(100, 1_000).toSorted((a, b) => a.inFlight! - a.waiting! - (b.inFlight! - b.waiting!))
    expect(busy.at(-1)!.kvCacheUsage).toBeGreaterThan(busy[0]!.kvCacheUsage!)
  })

  it('has times between tokens that do not depend on how many there are, a few of them late', () => {
    const merged = minutes[0]!.interTokenLatency!
    for (const { interTokenLatency } of minutes.slice(1)) merged.merge(interTokenLatency!)
    // A median request has 100 tokens in 400 ms, one in twenty of them late.
    expect(p(merged, 0.5)).toBeGreaterThan(2)
    expect(p(merged, 0.5)).toBeLessThan(8)
    expect(p(merged, 0.99) / p(merged, 0.5)).toBeGreaterThan(2)
  })
})

describe('a model without generated tokens', () => {
  it('tells nothing of them', () => {
    for (const one of measured(5, 1_000, { generatedTokens: null })) {
      const { timeToFirstToken, interTokenLatency, queueTime, errorsByReason, waiting, kvCacheUsage } = one
      const own = { timeToFirstToken, interTokenLatency, queueTime, errorsByReason, waiting, kvCacheUsage }
      expect(Object.values(own).every((value) => value === null)).toBe(true)
      expect(one.timeToFirstTokenSumMs ?? one.interTokenLatencyMaxMs ?? one.queueTimeSumMs).toBeNull()
      expect(one.requests).toBeGreaterThan(0)
    }
  })
})

describe('what language models show besides', () => {
  it('changes none of the other figures, which are what they have always been', () => {
    const [window] = measured(1, 1_000)
    const { requests, errors, latencySumMs, latencyMaxMs, promptTokens, generatedTokens, inFlight } = window!
    expect([requests, errors, latencySumMs, latencyMaxMs, promptTokens, generatedTokens, inFlight]).toEqual([
      20, 1, 20_302.409, 2_073.214, 10_609, 2_101, 34,
    ])
  })
})

describe('a replay', () => {
  const rows = 400
  const trace = {
    arrivalTicks: Float64Array.from({ length: rows }, (_, row) => row * 300_000),
    path: 'made up',
    promptTokens: Uint32Array.from({ length: rows }, (_, row) => 1 + ((row * 37) % 900)),
    generatedTokens: Uint32Array.from({ length: rows }, (_, row) => 1 + ((row * 13) % 60)),
    periodTicks: rows * 300_000,
  }
  const deployment = { id, createdAtMs: startedAtMs }
  const replay = createReplay(trace)
  const windows = (count: number, durationMs: number) =>
    Array.from({ length: count }, (_, at) => replay(deployment, { startMs: startedAtMs + at * durationMs, durationMs }))

  it('has first tokens, tokens after them and queues of the requests that it replays', () => {
    const all = windows(120, 100)
    const requests = sum(all.map((one) => one.requests))
    expect(requests).toBeGreaterThan(300)
    expect(sum(all.map((one) => countOf(one.timeToFirstToken)))).toBe(requests)
    expect(sum(all.map((one) => countOf(one.queueTime)))).toBe(requests)
    expect(sum(all.map((one) => countOf(one.interTokenLatency)))).toBe(
      sum(all.map((one) => one.generatedTokens)) - requests,
    )
    for (const one of all) {
      expect(one.timeToFirstTokenSumMs! + one.interTokenLatencySumMs!).toBeCloseTo(one.latencySumMs, 3)
      expect(one.errorsByReason).toEqual({})
      expect(one.kvCacheUsage).toBeGreaterThanOrEqual(0)
      expect(one.kvCacheUsage).toBeLessThan(1)
    }
  })

  it('counts the same first tokens and queues in windows of any length', () => {
    const totals = (all: FullMeasurement[]) =>
      [all.map((one) => one.timeToFirstTokenSumMs), all.map((one) => one.queueTimeSumMs)].map(
        (each) => Math.round(1_000 * sum(each)) / 1_000,
      )
    expect(totals(windows(120, 100))).toEqual(totals(windows(12, 1_000)))
  })

  it('has those wait whose queue time has not passed: as many as the law of Little says', () => {
    const all = windows(4_000, 3)
    const waiting = sum(all.map((one) => one.waiting)) / all.length
    const queueSeconds = sum(all.map((one) => one.queueTimeSumMs)) / 1_000
    expect(waiting / (queueSeconds / 12)).toBeGreaterThan(0.85)
    expect(waiting / (queueSeconds / 12)).toBeLessThan(1.15)
  })
})
