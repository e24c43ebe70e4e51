import { describe, expect, it } from 'vitest'
import { BOUNDS, mergedAnyhow, mixture, tell } from '../../test/mixed-latencies.ts'
import { Distribution } from './distribution.ts'
import type { LatencyTotals, Quantile } from './quantile.ts'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'

const QUANTILES = [0, 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1]
const SEEDS = Array.from({ length: 200 }, (_, at) => `mixture ${at}`)

/** Nearest rank over the raw values. */
function exactQuantile(rawMs: readonly number[], q: number): number {
  const sorted = rawMs.toSorted((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(q * sorted.length * (1 - 2 ** -51))) - 1]!
}

/** Whether all that a quantile says of itself holds for the exact one. */
function isTrue({ valueMs, lowMs, highMs, kind }: Quantile, exactMs: number): boolean {
  const isWithin = (ms: number) => ms >= lowMs && ms <= (highMs ?? Infinity)
  if (!isWithin(exactMs) || (valueMs !== null && !isWithin(valueMs))) return false
  if (kind === 'MEASURED') return valueMs !== null && Math.abs(valueMs / exactMs - 1) <= 0.01
  return (valueMs !== null) === (kind === 'INTERPOLATED')
}

function totalsOf(rawMs: readonly number[]): LatencyTotals {
  return { sumMs: rawMs.reduce((sum, latencyMs) => sum + latencyMs, 0), maxMs: Math.max(...rawMs) }
}

function bucketed(boundsMs: readonly number[], counts: readonly number[]): Distribution {
  const distribution = new Distribution()
  distribution.recordBuckets(boundsMs, counts)
  return distribution
}

describe('a quantile of any mixture', () => {
  it('lies where it says, in any order and grouping of merges, whatever is known beside the buckets', () => {
    const kinds = new Map<string, number>()
    const wrong: unknown[] = []
    for (const seed of SEEDS) {
      const all = mixture(seed)
      const rawMs = all.flatMap((told) => told.rawMs)
      if (rawMs.length === 0) continue
      const merged = mergedAnyhow(all, new Random(seedOf(seed)))
      const { sumMs, maxMs } = totalsOf(rawMs)
      for (const totals of [
        { sumMs: null, maxMs: null },
        { sumMs, maxMs: null },
        { sumMs: null, maxMs },
        { sumMs, maxMs },
      ]) {
        for (const q of QUANTILES) {
          const exactMs = exactQuantile(rawMs, q)
          const quantile = merged.quantile(q, totals)!
          const { kind } = quantile
          // A matcher for each of a hundred thousand would take most of the time.
          if (!isTrue(quantile, exactMs)) wrong.push({ seed, q, totals, exactMs, quantile })
          const meanBoundMs = totals.sumMs === null ? Infinity : totals.sumMs / rawMs.length / (1 - q)
          if ((quantile.highMs ?? Infinity) > meanBoundMs * (1 + 1e-8)) wrong.push({ seed, q, meanBoundMs, quantile })
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
        }
      }
    }
    expect(wrong).toEqual([])
    // Every kind was put to the test.
    expect([...kinds.keys()].toSorted()).toEqual([
      'ABOVE_HIGHEST_BUCKET',
      'BELOW_LOWEST_BUCKET',
      'INTERPOLATED',
      'MEAN_ONLY',
      'MEASURED',
    ])
    expect(Math.min(...kinds.values())).toBeGreaterThan(100)
  })

  it('ascends with q', () => {
    for (const seed of SEEDS.slice(0, 60)) {
      const all = mixture(seed)
      const rawMs = all.flatMap((told) => told.rawMs)
      if (rawMs.length === 0) continue
      const merged = mergedAnyhow(all, new Random(seedOf(seed)))
      const quantiles = Array.from({ length: 101 }, (_, step) => merged.quantile(step / 100, totalsOf(rawMs))!)
      for (const figure of [
        quantiles.map(({ lowMs }) => lowMs),
        quantiles.map(({ highMs }) => highMs ?? Infinity),
        quantiles.flatMap(({ valueMs }) => valueMs ?? []),
      ]) {
        expect(figure.filter((ms, at) => ms * (1 + 1e-6) < (figure[at - 1] ?? 0))).toEqual([])
      }
    }
  })

  it('is measured within 1 % when every latency was, from p1 to p99.9 and 0.05 ms to an hour', () => {
    for (let round = 0; round < 40; round++) {
      const random = new Random(seedOf(`measured ${round}`))
      const all = Array.from({ length: 12 }, () => tell(random, 'measured', Math.floor(random.between(0, 150))))
      const rawMs = all.flatMap((told) => told.rawMs)
      const merged = mergedAnyhow(all, random)
      for (const q of QUANTILES) {
        const exactMs = exactQuantile(rawMs, q)
        const { kind, valueMs, lowMs, highMs } = merged.quantile(q)!
        expect(kind).toBe('MEASURED')
        expect(Math.abs(valueMs! / exactMs - 1)).toBeLessThanOrEqual(0.002_8)
        expect(highMs! / lowMs).toBeLessThan(1.005_5)
      }
    }
  })
})

describe('the kind of a quantile', () => {
  const shape = ({ kind, valueMs, lowMs, highMs }: Quantile) => [kind, valueMs === null ? null : 'value', lowMs, highMs]

  it('says what a queue far below the lowest bound leaves open, and its mean bounds it', () => {
    // vLLM: all of 1,000 waits below 0.3 s, their mean 18.5 µs. Others show a p99 of 297 ms.
    const queue = bucketed(BOUNDS.vllm, [1_000, ...BOUNDS.vllm.map(() => 0)])
    expect(shape(queue.quantile(0.99)!)).toEqual(['BELOW_LOWEST_BUCKET', null, 0, 300])
    const { kind, highMs } = queue.quantile(0.99, { sumMs: 18.5, maxMs: null })!
    expect(kind).toBe('BELOW_LOWEST_BUCKET')
    // Eleven latencies are not below the p99.
    expect(highMs).toBeCloseTo(18.5 / 11, 6)
  })

  it('says what a server far above its highest bound leaves open', () => {
    const overloaded = bucketed([10_000, 30_000], [0, 0, 100])
    expect(shape(overloaded.quantile(0.5)!)).toEqual(['ABOVE_HIGHEST_BUCKET', null, 30_000, null])
    const { kind, valueMs, lowMs, highMs } = overloaded.quantile(0.5, { sumMs: 21_400_000, maxMs: null })!
    expect([kind, valueMs, lowMs]).toEqual(['ABOVE_HIGHEST_BUCKET', null, 30_000])
    // Those below it are above 30 s as well: (21,400 s − 49 × 30 s) / 51.
    expect(highMs! / 1000).toBeCloseTo((21_400 - 49 * 30) / 51, 3)
    expect(overloaded.quantile(0.5, { sumMs: null, maxMs: 45_000 })).toMatchObject({ valueMs: null, highMs: 45_000 })
  })

  it('is interpolated between the bounds of its bucket, however many share it', () => {
    const one = bucketed(BOUNDS.vllm, [10, 60, 20, 10, ...Array.from({ length: 18 }, () => 0)])
    for (const distribution of [
      one,
      mergedAnyhow(
        Array.from({ length: 5 }, () => ({ rawMs: [], distribution: one })),
        new Random(seedOf('x')),
      ),
    ]) {
      const median = distribution.quantile(0.5)!
      expect(shape(median)).toEqual(['INTERPOLATED', 'value', 300, 500])
      // Two thirds of the bucket's logarithm.
      expect(median.valueMs).toBeCloseTo(300 * (5 / 3) ** (2 / 3), -1)
    }
  })

  it('is nothing but a mean where only a number and a sum are known', () => {
    const unknown = new Distribution()
    unknown.recordUnknown(100)
    expect(shape(unknown.quantile(0.95)!)).toEqual(['MEAN_ONLY', null, 0, null])
    const bounded = unknown.quantile(0.95, { sumMs: 1_200, maxMs: null })!
    expect([bounded.kind, bounded.valueMs, bounded.lowMs]).toEqual(['MEAN_ONLY', null, 0])
    expect(bounded.highMs).toBeCloseTo(200, 6)
  })

  it('stays measured beside a few coarse latencies that leave it within 1 %', () => {
    const mixed = new Distribution()
    for (let latencyMs = 100; latencyMs < 200; latencyMs += 0.01) mixed.record(latencyMs)
    mixed.recordBuckets([50, 1_000], [0, 20, 0])
    const { kind, lowMs, highMs, valueMs } = mixed.quantile(0.5)!
    expect(kind).toBe('MEASURED')
    expect(highMs! / lowMs).toBeLessThanOrEqual(1.01)
    expect(valueMs).toBeCloseTo(150, -1)
    // Twenty are 0.2 % of all: they may all lie above, or all below.
    expect(mixed.quantile(0.999)).toMatchObject({ kind: 'INTERPOLATED', highMs: 1_000 })
  })

  it('is known within the bounds that all parts share, no wider', () => {
    const random = new Random(seedOf('shared'))
    const shared = [128, 1_024, 8_192]
    const sets = [
      [16, ...shared],
      [...shared, 65_536],
      [128, 300, 1_024, 5_000, 8_192],
    ]
    const all = [...sets.map((boundsMs) => tell(random, boundsMs, 80)), tell(random, 'measured', 80)]
    const rawMs = all.flatMap((told) => told.rawMs)
    const merged = mergedAnyhow(all, random)
    for (let q = 0.01; q < 1; q += 0.01) {
      const exactMs = exactQuantile(rawMs, q)
      const { lowMs, highMs } = merged.quantile(q)!
      expect(lowMs).toBeGreaterThanOrEqual(shared.findLast((boundMs) => boundMs < exactMs) ?? 0)
      expect(highMs ?? Infinity).toBeLessThanOrEqual(shared.find((boundMs) => boundMs >= exactMs) ?? Infinity)
    }
  })

  it('is the maximum itself at the highest rank', () => {
    const coarse = bucketed([10, 20], [3, 0, 1])
    const exactly = { kind: 'MEASURED', valueMs: 77, lowMs: 77, highMs: 77, enoughRequests: false }
    expect(coarse.quantile(0.99, { sumMs: null, maxMs: 77 })).toMatchObject(exactly)
    const measured = new Distribution()
    measured.record(77)
    expect(measured.quantile(0.99, { sumMs: null, maxMs: 77 })).toMatchObject(exactly)
  })

  it('is told by the buckets alone when the sum or the maximum contradicts them', () => {
    const above = bucketed([100, 200], [0, 0, 10])
    for (const totals of [
      { sumMs: 5, maxMs: null },
      { sumMs: null, maxMs: 50 },
    ]) {
      for (const q of [0.5, 1])
        expect(shape(above.quantile(q, totals)!)).toEqual(['ABOVE_HIGHEST_BUCKET', null, 200, null])
    }
  })
})

describe('enough requests', () => {
  it('are those with which one at least lies above the quantile', () => {
    for (const [q, enough] of [
      [0.5, 2],
      [0.9, 10],
      [0.95, 20],
      [0.99, 100],
      [0.999, 1_000],
    ] as const) {
      const distribution = new Distribution()
      distribution.record(5, enough - 1)
      expect(distribution.quantile(q)?.enoughRequests, `${enough - 1} for ${q}`).toBe(false)
      distribution.recordUnknown(1)
      expect(distribution.quantile(q)?.enoughRequests, `${enough} for ${q}`).toBe(true)
    }
  })

  it('refuse what is no quantile', () => {
    const distribution = new Distribution()
    distribution.record(5)
    const mixed = bucketed([1], [1, 1])
    for (const q of [-0.001, 1.001, Number.NaN, 95]) {
      expect(() => distribution.quantile(q)).toThrow(new RangeError(`A quantile is from 0 to 1, not ${q}.`))
      expect(() => mixed.quantile(q)).toThrow(new RangeError(`A quantile is from 0 to 1, not ${q}.`))
    }
  })
})
