import { describe, expect, it } from 'vitest'
import { Distribution } from '../../../metrics/distribution.ts'
import type { ExponentialReport } from '../../../samples/reported.ts'
import { Random, seedOf } from '../simulator/random.ts'
import { addBuckets, bucketsBetween } from './report-buckets.ts'

const QUANTILES = [0.01, 0.25, 0.5, 0.9, 0.99]

/** As an SDK counts them: by the exponent of each, in units. */
function exponentialOf(latenciesMs: readonly number[], scale: number, unitMs: number): ExponentialReport {
  const indexes = latenciesMs.map((ms) => Math.ceil(Math.log2(ms / unitMs) * 2 ** scale) - 1)
  const offset = Math.min(...indexes)
  const counts = Array.from({ length: Math.max(...indexes) - offset + 1 }, () => 0)
  for (const index of indexes) counts[index - offset] = (counts[index - offset] ?? 0) + 1
  return { kind: 'exponential', unitMs, scale, offset, counts, zero: 0, zeroMs: 0 }
}

function latencies(seed: string, count: number): number[] {
  const random = new Random(seedOf(seed))
  return Array.from({ length: count }, () => 5 * Math.exp(random.between(0, 700) / 100))
}

describe('reported exponential histograms', () => {
  it.each([
    [-2, 1000],
    [0, 1000],
    [2, 1],
    [3, 1000],
    [4, 1000],
    [6, 1],
    [7, 1000],
    [8, 1000],
    [10, 0.001],
    [14, 1000],
  ])('at scale %i, in units of %d ms, never claim more than is known', (scale, unitMs) => {
    const given = latencies(`${scale}`, 200)
    const sorted = given.toSorted((a, b) => a - b)
    const distribution = new Distribution()
    addBuckets(distribution, given.length, exponentialOf(given, scale, unitMs))
    expect(distribution.count).toBe(given.length)
    for (const q of QUANTILES) {
      const { lowMs = Infinity, highMs } = distribution.quantile(q) ?? {}
      const exactMs = sorted[Math.ceil(q * sorted.length) - 1] ?? Number.NaN
      expect(exactMs).toBeGreaterThanOrEqual(lowMs * (1 - 1e-9))
      expect(exactMs).toBeLessThanOrEqual((highMs ?? Infinity) * (1 + 1e-9))
      // Two of its own buckets at most, or those that are kept of a finer scale.
      if (scale >= 0) expect((highMs ?? Infinity) / lowMs).toBeLessThan(2 ** (2.001 * 2 ** -Math.min(3, scale)))
    }
  })

  it('are as if measured in milliseconds at a scale of 7 or finer', () => {
    const given = latencies('fine', 200)
    const [reported, measured] = [new Distribution(), new Distribution()]
    addBuckets(reported, given.length, exponentialOf(given, 7, 1))
    for (const latencyMs of given) measured.record(latencyMs)
    expect(reported.encode()).toEqual(measured.encode())
  })

  it('merge into the same bounds whatever they hold', () => {
    const distribution = new Distribution()
    for (let seed = 0; seed < 40; seed++) {
      const given = latencies(`${seed}`, 3 + seed)
      addBuckets(distribution, given.length, exponentialOf(given, 3 + (seed % 3), 1000))
    }
    expect(distribution.unknownCount).toBe(0)
  })

  it('are compared at the coarser of two scales', () => {
    const [before, later] = [latencies('before', 50), latencies('later', 70)]
    const between = bucketsBetween(exponentialOf(before, 9, 1000), exponentialOf([...before, ...later], 4, 1000))
    const [counted, expected] = [new Distribution(), new Distribution()]
    addBuckets(counted, later.length, between === 'began anew' ? null : between)
    addBuckets(expected, later.length, exponentialOf(later, 4, 1000))
    expect(counted.encode()).toEqual(expected.encode())
  })

  it('count zeros as the lowest latency, and as unknown where zero is not known to be low', () => {
    const empty = { kind: 'exponential', unitMs: 1000, scale: 3, offset: 0, counts: [], zero: 2 } as const
    const distribution = new Distribution()
    addBuckets(distribution, 2, { ...empty, zeroMs: 0 })
    expect(distribution.quantile(0.5)?.highMs).toBeLessThan(0.0011)
    addBuckets(distribution, 2, { ...empty, zeroMs: 5 })
    expect(distribution.unknownCount).toBe(2)
  })

  it('that are far apart are compared by what they hold, not by the distance between them', () => {
    const at = (offset: number, counts: number[]) =>
      ({ kind: 'exponential', unitMs: 1000, scale: 20, offset, counts, zero: 0, zeroMs: 0 }) as const
    const between = bucketsBetween(at(-(2 ** 31), [0, 0]), at(2 ** 31, [4, 2]))
    expect(between).toEqual(at(2 ** 31, [4, 2]))
    expect(bucketsBetween(at(-(2 ** 31), [1]), at(2 ** 31, [4, 2]))).toBeNull()
  })
})
