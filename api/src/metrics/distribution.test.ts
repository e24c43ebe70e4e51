import { describe, expect, it } from 'vitest'
import { BOUNDS, countsBetween, mergedAnyhow, mixture, tell } from '../../test/mixed-latencies.ts'
import { Distribution } from './distribution.ts'
import { slotOf, slotReach } from './histogram-buckets.ts'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'

const SEEDS = Array.from({ length: 60 }, (_, at) => `mixture ${at}`)

/** A distribution of so many latencies in each set of bounds, and so many of which only the number is known. */
function coarse(sets: readonly (readonly number[])[], each = 1, unknown = 0): Distribution {
  const distribution = new Distribution()
  for (const boundsMs of sets) {
    distribution.recordBuckets(
      boundsMs,
      Array.from({ length: boundsMs.length + 1 }, () => each),
    )
  }
  distribution.recordUnknown(unknown)
  return distribution
}

describe('merging distributions', () => {
  it('gives the same in any order and grouping', () => {
    for (const seed of SEEDS) {
      const all = mixture(seed)
      const random = new Random(seedOf(`order of ${seed}`))
      const bytes = mergedAnyhow(all, random).encode()
      for (let again = 0; again < 3; again++) expect([seed, mergedAnyhow(all, random).encode()]).toEqual([seed, bytes])
    }
  })

  it('gives what recording everything in one would have given', () => {
    const random = new Random(seedOf('union'))
    const all = [BOUNDS.vllm, BOUNDS.vllm, BOUNDS.tgi].map((boundsMs) => ({
      boundsMs,
      ...tell(random, boundsMs, 50),
    }))
    const measured = [tell(random, 'measured', 30), tell(random, 'measured', 40)]
    const together = new Distribution()
    for (const { rawMs } of measured) for (const latencyMs of rawMs) together.record(latencyMs)
    for (const boundsMs of [BOUNDS.vllm, BOUNDS.tgi]) {
      const rawMs = all.filter((one) => one.boundsMs === boundsMs).flatMap((one) => one.rawMs)
      together.recordBuckets(boundsMs, countsBetween(boundsMs, rawMs))
    }
    const merged = mergedAnyhow([...all, ...measured], random)
    expect(merged.count).toBe(220)
    expect(merged.encode()).toEqual(together.encode())
  })

  it('leaves the merged one as it was, and doubles with itself', () => {
    const one = coarse([BOUNDS.one], 2, 3)
    one.record(5)
    const other = coarse([BOUNDS.one, BOUNDS.vllm])
    const before = other.encode()
    one.merge(other)
    one.mergeEncoded(other.encode())
    expect(other.encode()).toEqual(before)
    expect(one.count).toBe(8 + 2 * other.count)
    one.merge(one)
    expect(one.count).toBe(2 * (8 + 2 * other.count))
  })

  it('is seen by the next quantile', () => {
    const distribution = coarse([BOUNDS.one])
    expect(distribution.quantile(0.5)?.highMs).toBe(250)
    distribution.recordBuckets(BOUNDS.one, [0, 8])
    expect(distribution.quantile(0.5)?.lowMs).toBe(250)
    const measured = new Distribution()
    measured.record(5, 90)
    distribution.mergeEncoded(measured.encode())
    expect(distribution.quantile(0.5)?.kind).toBe('MEASURED')
    distribution.record(9_000, 900)
    expect(distribution.quantile(0.5)?.valueMs).toBeGreaterThan(8_000)
  })

  it('keeps seven sets of bounds, those with most bounds, whichever came first; others are of unknown distribution', () => {
    const sets = Array.from({ length: 10 }, (_, at) => Array.from({ length: at + 1 }, (_bound, i) => 100 + 10 * i + at))
    const ascending = coarse(sets)
    const descending = coarse(sets.toReversed())
    const grouped = coarse(sets.slice(4, 9))
    grouped.mergeEncoded(coarse([...sets.slice(0, 4), ...sets.slice(9)]).encode())
    for (const distribution of [ascending, descending, grouped]) {
      expect(distribution.count).toBe(sets.reduce((sum, { length }) => sum + length + 1, 0))
      // Those with one, two and three bounds.
      expect(distribution.unknownCount).toBe(2 + 3 + 4)
      expect(distribution.encode()).toEqual(ascending.encode())
    }
    ascending.recordBuckets(sets[0]!, [1, 0])
    expect(ascending.unknownCount).toBe(10)
  })
})

describe('what a distribution counts', () => {
  it('refuses what cannot be, and stays as it was', () => {
    const distribution = coarse([BOUNDS.one], 1, 1)
    const before = distribution.encode()
    for (const [boundsMs, counts] of [
      [[], [1]],
      [[1], [1]],
      [[1], [1, 2, 3]],
      [
        [2, 1],
        [1, 1, 1],
      ],
      [
        [1, 1],
        [1, 1, 1],
      ],
      [[-1], [1, 1]],
      [[Number.NaN], [1, 1]],
      [[Infinity], [1, 1]],
      [[1], [1, -1]],
      [[1], [1, 0.5]],
      [Array.from({ length: 257 }, (_, at) => at), Array.from({ length: 258 }, () => 1)],
    ] as const) {
      expect(() => distribution.recordBuckets(boundsMs, counts)).toThrow(RangeError)
    }
    for (const count of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => distribution.recordUnknown(count)).toThrow(RangeError)
    }
    const full = new Distribution()
    full.record(9, Number.MAX_SAFE_INTEGER - 2)
    expect(() => distribution.recordUnknown(Number.MAX_SAFE_INTEGER)).toThrow('at most 2^53 - 1 latencies')
    expect(() => distribution.record(1, Number.MAX_SAFE_INTEGER)).toThrow('at most 2^53 - 1 latencies')
    expect(() => distribution.merge(full)).toThrow('at most 2^53 - 1 latencies')
    expect(() => distribution.mergeEncoded(full.encode())).toThrow('at most 2^53 - 1 latencies')
    expect(distribution.encode()).toEqual(before)
  })

  it('is empty without latencies: no data is not zero', () => {
    const empty = new Distribution()
    expect([empty.count, empty.quantile(0.5), empty.buckets(2)]).toEqual([0, null, []])
    empty.recordBuckets([1, 2], [0, 0, 0])
    empty.recordUnknown(0)
    expect(empty.encode()).toEqual(new Distribution().encode())
  })
})

describe('a distribution on the grid of a heatmap', () => {
  it('has each latency that was measured in its own bucket', () => {
    const { rawMs, distribution } = tell(new Random(seedOf('grid')), 'measured', 500)
    for (const perDoubling of [1, 2, 4, 8]) {
      const buckets = distribution.buckets(perDoubling)
      expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(500)
      for (const { lowMs, highMs, count } of buckets) {
        expect(count).toBe(rawMs.filter((latencyMs) => latencyMs > lowMs && latencyMs <= highMs).length)
        expect(highMs / lowMs).toBeCloseTo(2 ** (1 / perDoubling), 9)
        const index = Math.log2(lowMs) * perDoubling
        expect(index).toBeCloseTo(Math.round(index), 9)
      }
    }
  })

  it('spreads a coarse bucket evenly over the logarithm, and leaves out what is unknown', () => {
    const distribution = new Distribution()
    distribution.recordBuckets([128, 1024], [0, 30, 0])
    distribution.recordUnknown(1000)
    const buckets = distribution.buckets(1)
    expect(buckets.map(({ lowMs, highMs }) => [lowMs, highMs])).toEqual([
      [128, 256],
      [256, 512],
      [512, 1024],
    ])
    for (const { count } of buckets) expect(count).toBeCloseTo(10, 9)
  })

  it('draws what lies beyond the bounds in the doubling next to them, or up to the maximum', () => {
    const distribution = new Distribution()
    distribution.recordBuckets([64, 128], [7, 0, 6])
    expect(distribution.buckets(1)).toEqual([
      { lowMs: 32, highMs: 64, count: 7 },
      { lowMs: 128, highMs: 256, count: 6 },
    ])
    const counts = distribution.buckets(1, 1024).map(({ count }) => Math.round(count * 1e9) / 1e9)
    expect(counts).toEqual([7, 2, 2, 2])
    // Bounds at either end of what can be counted.
    const edges = new Distribution()
    edges.recordBuckets([0, 2 ** 32], [1, 1, 1])
    expect(edges.buckets(8).reduce((sum, { count }) => sum + count, 0)).toBeCloseTo(3, 9)
  })

  it('keeps the number of all known latencies for every mixture', () => {
    for (const seed of SEEDS) {
      const merged = mergedAnyhow(mixture(seed), new Random(seedOf(seed)))
      for (const perDoubling of [1, 8]) {
        const drawn = merged.buckets(perDoubling).reduce((sum, { count }) => sum + count, 0)
        expect(drawn).toBeCloseTo(merged.count - merged.unknownCount, 6)
      }
    }
  })
})

describe('cumulative counts', () => {
  it('are those of a bound at most 0.55 % higher for what was measured', () => {
    const { rawMs, distribution } = tell(new Random(seedOf('cumulative')), 'measured', 1_000)
    const boundsMs = Array.from({ length: 60 }, (_, at) => 0.05 * 1.35 ** at)
    for (const [at, count] of distribution.cumulative(boundsMs).entries()) {
      const { upperMs } = slotReach(slotOf(boundsMs[at]!))
      expect(count).toBe(rawMs.filter((latencyMs) => latencyMs <= upperMs).length)
      expect(upperMs / boundsMs[at]!).toBeLessThan(1.005_5)
    }
    const whole = new Distribution()
    whole.record(100, 4)
    expect(whole.cumulative([99, 100, 101])).toEqual([0, 4, 4])
  })

  it('count of a coarse bucket only what is known to lie below, and of what is unknown nothing', () => {
    const distribution = new Distribution()
    distribution.recordBuckets([300, 500, 800], [1, 2, 4, 8])
    distribution.recordUnknown(16)
    distribution.record(400, 32)
    expect(distribution.cumulative([100, 300, 499, 500, 1_000, 2 ** 32])).toEqual([0, 1, 33, 35, 39, 39])
    expect(distribution.count).toBe(63)
  })
})
