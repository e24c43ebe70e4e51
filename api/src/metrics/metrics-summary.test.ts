import { describe, expect, it } from 'vitest'
import { sampleOf } from '../../test/sample-of.ts'
import { Distribution } from './distribution.ts'
import { NUMBERS } from './figures.ts'
import { MetricsMerger, ratePerSecond, type MetricsSummary, summaryOf } from './metrics-summary.ts'
import type { Sample } from './sample.ts'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'

const START = Date.UTC(2026, 10, 23, 12)
const QUANTILES = [0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1]

const merged = (samples: readonly Sample[], inFlight: 'sum' | 'last' = 'last') => {
  const merger = new MetricsMerger()
  for (const sample of samples) merger.add(sample, inFlight)
  return merger
}
/** The smallest latency that at least q of them do not exceed, from all of them, sorted. */
const exact = (sorted: readonly number[], q: number) =>
  sorted[Math.max(1, Math.ceil(q * sorted.length * (1 - 2 ** -51))) - 1] ?? Number.NaN
const quantile = ({ latency, latencyMaxMs }: MetricsSummary, q: number) =>
  latency instanceof Distribution ? (latency.quantile(q, { sumMs: null, maxMs: latencyMaxMs })?.valueMs ?? null) : null

/** Windows of a few to many requests, each of another shape, so that averaging percentiles would be far off. */
function windows(random: Random, count: number): number[][] {
  return Array.from({ length: count }, () => {
    const [median, spread] = [2 ** random.between(0, 12), random.between(0.1, 1.5)]
    const requests = random.poisson(random.between(0, 60))
    return Array.from({ length: requests }, () => median * Math.exp(spread * random.gaussian()))
  })
}

describe('merging samples', () => {
  it.each(['a', 'b', 'c', 'd', 'e'])(
    'gives percentiles within 1 % of the exact nearest rank over all latencies, in any order (seed %s)',
    (seed) => {
      const all = windows(new Random(seedOf(seed)), 40)
      const samples = all.map((latenciesMs) => sampleOf({ latenciesMs }))
      const sorted = all.flat().toSorted((a, b) => a - b)
      for (const order of [samples, samples.toReversed()]) {
        const summary = merged(order).summary(START, 40_000)
        expect(summary.requests).toBe(sorted.length)
        for (const q of QUANTILES) {
          const error = Math.abs((quantile(summary, q) ?? Number.NaN) / exact(sorted, q) - 1)
          expect([q, error < 0.01]).toEqual([q, true])
        }
        expect(quantile(summary, 1)).toBe(sorted.at(-1))
      }
    },
  )

  it('gives the summary of the sample when there is only one', () => {
    const [latenciesMs = []] = windows(new Random(seedOf('one')), 1)
    const sample = sampleOf({ latenciesMs, errors: 2, inFlight: 3, promptTokens: 4, generatedTokens: 0 })
    expect(merged([sample]).summary(sample.windowStartMs, sample.windowMs)).toEqual(summaryOf(sample))
  })

  it('adds requests, errors, sums and tokens up, and keeps the highest maximum', () => {
    const samples = [
      sampleOf({ latenciesMs: [5, 900], errors: 1, promptTokens: 10, generatedTokens: 1 }),
      sampleOf({ latenciesMs: [7], errors: 0, promptTokens: 20, generatedTokens: 0 }),
    ]
    expect(merged(samples).summary(START, 5000)).toMatchObject({
      atMs: START,
      windowMs: 5000,
      coveredMs: 2000,
      requests: 3,
      errors: 1,
      latencySumMs: 912,
      latencyMaxMs: 900,
      promptTokens: 30,
      generatedTokens: 1,
    })
  })

  it('has no latency and no tokens where nothing was measured: no data is not zero', () => {
    const nothing = { requests: 0, latency: null, promptTokens: null, generatedTokens: null, inFlight: null }
    expect(new MetricsMerger().summary(START, 1000)).toMatchObject({ ...nothing, coveredMs: 0 })
    expect(merged([sampleOf(), sampleOf()]).summary(START, 2000)).toMatchObject({ ...nothing, coveredMs: 2000 })
  })

  it('counts idle windows as covered without changing a percentile', () => {
    const busy = sampleOf({ latenciesMs: [10, 20, 30] })
    const summary = merged([sampleOf(), busy, sampleOf()]).summary(START, 3000)
    expect(summary.coveredMs).toBe(3000)
    expect(quantile(summary, 0.5)).toBe(quantile(merged([busy]).summary(START, 1000), 0.5))
  })

  it('knows tokens as soon as one of them does', () => {
    const samples = [sampleOf({ promptTokens: null }), sampleOf({ promptTokens: 0 }), sampleOf({ promptTokens: 7 })]
    expect(merged(samples).summary(START, 1000).promptTokens).toBe(7)
  })

  it('adds up what is known, and does not know what nobody does', () => {
    const silent = sampleOf({ requests: null, errors: null, latencySumMs: null, latencyMaxMs: null })
    const counting = sampleOf({ latenciesMs: [10, 20], errors: null })
    const all = [silent, counting, sampleOf({ latenciesMs: [30], errors: 1 })]
    for (const samples of [all, all.toReversed()]) {
      expect(merged(samples).summary(START, 3000)).toMatchObject({ requests: 3, errors: 1, latencySumMs: 60 })
    }
    expect(merged([silent, counting]).summary(START, 2000)).toMatchObject({ requests: 2, errors: null })
    const nothing = { requests: null, errors: null, latencySumMs: null, latencyMaxMs: null, latency: null }
    expect(merged([silent, silent]).summary(START, 2000)).toMatchObject(nothing)
  })

  it('knows a sum and a maximum only if all windows with latencies know theirs', () => {
    const idle = sampleOf()
    const known = sampleOf({ latenciesMs: [10, 900] })
    const noMaximum = sampleOf({ latenciesMs: [20], latencyMaxMs: null })
    const noSum = sampleOf({ latenciesMs: [20], latencySumMs: null })
    const both = [idle, known, noMaximum]
    for (const samples of [both, both.toReversed()]) {
      expect(merged(samples).summary(START, 3000)).toMatchObject({ latencySumMs: 930, latencyMaxMs: null })
    }
    expect(merged([noSum, known, idle]).summary(START, 3000)).toMatchObject({ latencySumMs: null, latencyMaxMs: 900 })
    // A sum of latencies that are not counted is part of no mean.
    const uncounted = sampleOf({ requests: 5, latencySumMs: 500, latencyMaxMs: 4000 })
    expect(merged([uncounted, known]).summary(START, 2000)).toMatchObject({ latencySumMs: 910, latencyMaxMs: 900 })
    expect(merged([idle, known, idle]).summary(START, 3000)).toMatchObject({ latencySumMs: 910, latencyMaxMs: 900 })
  })

  it('keeps what coarse buckets and mere numbers of requests tell', () => {
    const [coarse, unknown] = [new Distribution(), new Distribution()]
    coarse.recordBuckets([300, 500], [0, 10, 0])
    unknown.recordUnknown(5)
    const { latency } = merged([
      sampleOf({ latenciesMs: [1, 2, 3, 4, 5] }),
      sampleOf({ requests: 10, latencySumMs: 4000, latencyMaxMs: null, latency: coarse.encode() }),
      sampleOf({ requests: 5, latencySumMs: 2000, latencyMaxMs: null, latency: unknown.encode() }),
    ]).summary(START, 3000)
    expect(latency instanceof Distribution && latency.count).toBe(20)
    const median = latency instanceof Distribution ? latency.quantile(0.5) : null
    expect(median).toMatchObject({ kind: 'INTERPOLATED', highMs: 500 })
    // Should all unknown ones be fast, five measured ones and five in the bucket make up the rest of the lower half.
    expect(median?.lowMs).toBeCloseTo(5, 1)
  })

  it('adds requests in flight up over deployments, and takes the last that is known over time', () => {
    const samples = [sampleOf({ inFlight: 5 }), sampleOf({ inFlight: null }), sampleOf({ inFlight: 2 })]
    expect(merged(samples, 'sum').summary(START, 1000).inFlight).toBe(7)
    expect(merged(samples, 'last').summary(START, 1000).inFlight).toBe(2)
    expect(merged(samples.slice(0, 2), 'last').summary(START, 1000).inFlight).toBe(5)
  })

  it('knows of the cache of one deployment over time, and nothing over deployments', () => {
    const samples = [sampleOf({ kvCacheUsage: 0.25 }), sampleOf({ kvCacheUsage: 0.75 }), sampleOf()]
    expect(merged(samples, 'last').summary(START, 1000).kvCacheUsage).toBe(0.75)
    expect(merged(samples, 'sum').summary(START, 1000).kvCacheUsage).toBeNull()
    expect(merged(samples.slice(0, 1), 'sum').summary(START, 1000).kvCacheUsage).toBeNull()
  })

  it('merges each distribution by itself, and knows a sum only if all in it have one', () => {
    const { latency: times } = sampleOf({ latenciesMs: [10, 30] })
    const first = { timeToFirstToken: times, timeToFirstTokenSumMs: 40, timeToFirstTokenMaxMs: 30 }
    const between = { interTokenLatency: times, interTokenLatencySumMs: 40, interTokenLatencyMaxMs: null }
    const none = { interTokenLatencySumMs: 0, interTokenLatencyMaxMs: 0, queueTimeSumMs: 0 }
    const summary = merged([sampleOf({ ...first, ...between }), sampleOf(none), sampleOf(first)]).summary(START, 3000)
    expect(summary).toMatchObject({
      timeToFirstTokenSumMs: 80,
      timeToFirstTokenMaxMs: 30,
      interTokenLatencySumMs: 40,
      interTokenLatencyMaxMs: null,
      queueTimeSumMs: 0,
      queueTimeMaxMs: null,
      queueTime: null,
      lateReports: null,
    })
    expect((summary.timeToFirstToken as Distribution).count).toBe(4)
    expect(Distribution.decode(summary.interTokenLatency as Uint8Array).count).toBe(2)
  })

  it('adds up late reports and reasons of those that tell them', () => {
    const summary = merged([
      sampleOf({ lateReports: 2, errorsByReason: { timeout: 1 } }),
      sampleOf(),
      sampleOf({ lateReports: 0, errorsByReason: { timeout: 2, constructor: 1 } }),
    ]).summary(START, 3000)
    expect(summary.lateReports).toBe(2)
    expect({ ...summary.errorsByReason }).toEqual({ timeout: 3, constructor: 1 })
    expect(merged([sampleOf({ errorsByReason: {} })]).summary(START, 1000).errorsByReason).toEqual({})
    expect(merged([sampleOf()]).summary(START, 1000).errorsByReason).toBeNull()
  })

  it('has rates over all that was measured where the first sample reaches back before the window', () => {
    const summary = merged([sampleOf({ windowMs: 5000, requests: 50 })]).summary(START, 2000, 2000, 5000)
    expect(ratePerSecond('requests', summary)).toBe(10)
    expect(ratePerSecond('generatedTokens', summary)).toBeNull()
    expect(merged([sampleOf({ requests: 3 })]).summary(START, 1000)).not.toHaveProperty('perSecond')
  })

  it('leaves out no number: each that all windows know is known of them together', () => {
    const { latency: times } = sampleOf({ latenciesMs: [1] })
    const distributions = { latency: times, timeToFirstToken: times, interTokenLatency: times, queueTime: times }
    const numbers = Object.fromEntries(NUMBERS.map((name) => [name, 1]))
    const summary = merged([sampleOf({ ...numbers, ...distributions }), sampleOf()]).summary(START, 2000)
    for (const name of NUMBERS) expect([name, summary[name]]).toEqual([name, 1])
  })

  it('covers the given time for deployments side by side', () => {
    expect(merged([sampleOf(), sampleOf()], 'sum').summary(START, 1000, 1000).coveredMs).toBe(1000)
  })

  it('says where the samples came from, the source of most requests first', () => {
    // Until there is a second source in the database.
    const other = 'SCRAPED' as Sample['source']
    const samples = [
      sampleOf({ latenciesMs: [1], source: 'SIMULATED' }),
      sampleOf({ latenciesMs: [1], source: other }),
      sampleOf({ latenciesMs: [1], source: other }),
    ]
    expect(merged(samples).summary(START, 1000).sources).toEqual([other, 'SIMULATED'])
    expect(merged(samples.slice(0, 2)).summary(START, 1000).sources).toEqual(['SIMULATED', other])
    expect(new MetricsMerger().summary(START, 1000).sources).toEqual([])
  })
})
