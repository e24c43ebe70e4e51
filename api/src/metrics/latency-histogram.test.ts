import { describe, expect, it } from 'vitest'
import { MAX_LATENCY_MS, MIN_LATENCY_MS, SLOTS, slotBounds, slotOf, slotValueMs } from './histogram-buckets.ts'
import { MalformedHistogramError } from './histogram-encoding.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { measuredQuantile } from './quantile.ts'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'

/** The worst error of a bucket's value, (base - 1) / (base + 1), with room for the rounding of doubles. */
const WORST_ERROR = (2 ** (1 / 128) - 1) / (2 ** (1 / 128) + 1) + 1e-12
const QUANTILES = [0, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1]

function histogramOf(latencies: Iterable<number>): LatencyHistogram {
  const histogram = new LatencyHistogram()
  for (const latencyMs of latencies) histogram.record(latencyMs)
  return histogram
}

/** Nearest rank over the raw values; `sorted` ascends. */
function exactQuantile(sorted: Float64Array, q: number): number {
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!
}

function quantile(histogram: LatencyHistogram, q: number, maxMs: number | null = null): number {
  return measuredQuantile(histogram, q, { sumMs: null, maxMs }).valueMs ?? Number.NaN
}

function drawn(count: number, draw: (random: Random) => number, seed = 'latencies'): Float64Array {
  const random = new Random(seedOf(seed))
  return Float64Array.from({ length: count }, () => draw(random))
}

/** The next double above a positive one. */
function nextUp(value: number): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  view.setBigUint64(0, view.getBigUint64(0) + 1n)
  return view.getFloat64(0)
}

const DISTRIBUTIONS: Record<string, (random: Random) => number> = {
  'log-normal': (random) => 800 * Math.exp(0.6 * random.gaussian()),
  'a log-normal with a long tail': (random) => 20 * Math.exp(2 * random.gaussian()),
  'two modes far apart': (random) => (random.uniform() < 0.93 ? 5 : 4_000) * Math.exp(0.1 * random.gaussian()),
  constant: () => 137.25,
  uniform: (random) => random.between(1, 1_000),
  'powers of two, on the borders of buckets': (random) => 2 ** Math.floor(random.between(-9, 27)),
  microseconds: (random) => random.between(0.001, 0.02),
  'hours, up to a day': (random) => random.between(3_600_000, 86_400_000),
  'whole milliseconds': (random) => Math.ceil(random.between(0, 60)),
}

describe('quantiles', () => {
  it.each(Object.entries(DISTRIBUTIONS))('lie within 0.28 % of the exact nearest rank: %s', (_, draw) => {
    for (const count of [1, 2, 3, 10, 19, 20, 21, 100, 999, 60_000]) {
      const latencies = drawn(count, draw)
      const histogram = histogramOf(latencies)
      const sorted = latencies.toSorted()
      for (const q of QUANTILES) {
        const exact = exactQuantile(sorted, q)
        const error = Math.abs(quantile(histogram, q) - exact) / exact
        expect(error, `q ${q} of ${count}`).toBeLessThanOrEqual(WORST_ERROR)
        const clampedError = Math.abs(quantile(histogram, q, sorted.at(-1)) - exact) / exact
        expect(clampedError, `q ${q} of ${count}, with the maximum`).toBeLessThanOrEqual(WORST_ERROR)
      }
    }
  })

  it('never pass the exact maximum, and are it at the highest rank', () => {
    const histogram = histogramOf([100, 100.3])
    expect(quantile(histogram, 0.5)).toBeGreaterThan(100)
    expect(quantile(histogram, 0.5, 100.3)).toBeLessThanOrEqual(100.3)
    expect(quantile(histogram, 0.99, 100.3)).toBe(100.3)
    for (const latencyMs of drawn(300, (random) => random.between(0.001, 50))) {
      const twice = histogramOf([latencyMs, latencyMs])
      expect(quantile(twice, 0.5, latencyMs)).toBeLessThanOrEqual(latencyMs)
    }
  })

  it('ascend with q', () => {
    const latencies = drawn(500, DISTRIBUTIONS['log-normal']!)
    const histogram = histogramOf(latencies)
    const maxMs = Math.max(...latencies)
    const values = Array.from({ length: 1_001 }, (_, step) => quantile(histogram, step / 1_000, maxMs))
    expect(values).toEqual(values.toSorted((a, b) => a - b))
  })

  it('take the rank of the decimal that was meant, not of the double that holds it', () => {
    // 0.07 × 100 is 7.000000000000001 and 0.55 × 100 is 55.00000000000001 in doubles.
    const histogram = histogramOf(Array.from({ length: 100 }, (_, at) => 2 ** (at / 8)))
    expect(quantile(histogram, 0.07)).toBeCloseTo(2 ** (6 / 8), 2)
    expect(quantile(histogram, 0.55) / 2 ** (54 / 8)).toBeCloseTo(1, 2)
  })

  it('refuse what is no quantile', () => {
    const histogram = histogramOf([1])
    for (const q of [-0.001, 1.001, Number.NaN, Infinity, 95]) {
      expect(() => quantile(histogram, q), `${q}`).toThrow(new RangeError(`A quantile is from 0 to 1, not ${q}.`))
    }
  })
})

describe('recording', () => {
  it('counts a latency as many times as the count says', () => {
    const histogram = new LatencyHistogram()
    histogram.record(10, 3)
    histogram.record(1_000)
    expect(histogram.count).toBe(4)
    expect(quantile(histogram, 0.75) / 10).toBeCloseTo(1, 2)
    expect(quantile(histogram, 0.76) / 1_000).toBeCloseTo(1, 2)
  })

  it('takes what is below a microsecond for a microsecond', () => {
    for (const latencyMs of [0, -0, 1e-300, 0.000_999]) {
      expect(histogramOf([latencyMs]).encode(), `${latencyMs}`).toEqual(histogramOf([0.001]).encode())
    }
    expect(quantile(histogramOf([0]), 1, 0)).toBe(0)
  })

  it('refuses latencies and counts that cannot be, and stays as it was', () => {
    const histogram = histogramOf([5])
    const before = histogram.encode()
    for (const latencyMs of [-1, -1e-9, Number.NaN, Infinity, -Infinity, nextUp(MAX_LATENCY_MS)]) {
      expect(() => histogram.record(latencyMs), `${latencyMs}`).toThrow(
        new RangeError(`A latency is from 0 to 4294967296 milliseconds, not ${latencyMs}.`),
      )
    }
    for (const count of [0, -1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => histogram.record(1, count), `${count}`).toThrow(/positive integer/)
    }
    expect(() => histogram.record(7, Number.MAX_SAFE_INTEGER)).toThrow('at most 2^53 - 1 latencies')
    expect(histogram.encode()).toEqual(before)
    expect(histogram.count).toBe(1)
  })
})

describe('buckets', () => {
  it('hold exactly what lies above their lower border and not above their upper one', () => {
    const { upperMs: lowest } = slotBounds(slotOf(MIN_LATENCY_MS))
    let slot = slotOf(lowest) + 1
    for (; slot < SLOTS; slot++) {
      const { lowerMs, upperMs } = slotBounds(slot)
      expect(slotOf(lowerMs)).toBe(slot - 1)
      expect(slotOf(nextUp(lowerMs))).toBe(slot)
      expect(slotOf(upperMs)).toBe(slot)
    }
    expect(slotOf(MAX_LATENCY_MS)).toBe(SLOTS - 1)
  })

  it("are OpenTelemetry's at scale 7", () => {
    const otherwise = drawn(20_000, (random) => 2 ** random.between(-9.9, 31.9))
    for (const latencyMs of otherwise) {
      // The index by logarithm, which is off by rounding only right at a border.
      expect(Math.abs(slotOf(latencyMs) - 1_280 - (Math.ceil(Math.log2(latencyMs) * 128) - 1))).toBeLessThanOrEqual(
        Math.abs(Math.log2(latencyMs) * 128 - Math.round(Math.log2(latencyMs) * 128)) < 1e-9 ? 1 : 0,
      )
    }
    for (let exponent = -9; exponent <= 32; exponent++) expect(slotOf(2 ** exponent)).toBe((exponent + 10) * 128 - 1)
  })

  it('are stood for by the value whose error is the same at either border', () => {
    for (let slot = 0; slot < SLOTS; slot++) {
      const { lowerMs, upperMs } = slotBounds(slot)
      const valueMs = slotValueMs(slot)
      expect((valueMs - lowerMs) / lowerMs).toBeLessThanOrEqual(WORST_ERROR)
      expect((upperMs - valueMs) / upperMs).toBeLessThanOrEqual(WORST_ERROR)
    }
  })
})

describe('merging', () => {
  const parts = ['log-normal', 'two modes far apart', 'microseconds', 'hours, up to a day'].map((name, at) =>
    drawn(200 * (at + 1), DISTRIBUTIONS[name]!, name),
  )
  const together = histogramOf(parts.flatMap((part) => [...part]))

  it('gives what recording everything in one would have given, in any order and grouping', () => {
    const [a, b, c, d] = parts.map((part) => histogramOf(part))
    const forward = new LatencyHistogram()
    for (const part of [a!, b!, c!, d!]) forward.merge(part)
    const backward = new LatencyHistogram()
    for (const part of [d!, c!, b!, a!]) backward.mergeEncoded(part.encode())
    const left = histogramOf(parts[0]!)
    left.merge(b!)
    const right = histogramOf(parts[2]!)
    right.mergeEncoded(d!.encode())
    left.merge(right)
    for (const merged of [forward, backward, left]) {
      expect(merged.count).toBe(2_000)
      expect(merged.encode()).toEqual(together.encode())
    }
    const reversed = histogramOf(parts.flatMap((part) => [...part]).toReversed())
    expect(reversed.encode()).toEqual(together.encode())
  })

  it('leaves the merged one as it was, adds nothing of an empty one, and doubles with itself', () => {
    const one = histogramOf([1, 2, 3])
    const other = histogramOf([3, 400])
    const before = other.encode()
    one.merge(other)
    one.merge(new LatencyHistogram())
    one.mergeEncoded(new LatencyHistogram().encode())
    expect(other.encode()).toEqual(before)
    expect(one.encode()).toEqual(histogramOf([400, 3, 2, 3, 1]).encode())
    other.merge(other)
    expect(other.encode()).toEqual(histogramOf([3, 3, 400, 400]).encode())
  })

  it('adds nothing when the bytes are malformed or the total would be too high', () => {
    const histogram = histogramOf([1, 2])
    const before = histogram.encode()
    expect(() => histogram.mergeEncoded(together.encode().slice(0, -1))).toThrow(MalformedHistogramError)
    const full = new LatencyHistogram()
    full.record(9, Number.MAX_SAFE_INTEGER)
    expect(() => histogram.merge(full)).toThrow('at most 2^53 - 1 latencies')
    expect(() => histogram.mergeEncoded(full.encode())).toThrow('at most 2^53 - 1 latencies')
    expect(histogram.encode()).toEqual(before)
    expect(histogram.count).toBe(2)
  })
})

describe('counting a bucket', () => {
  it('loses nothing of a bucket that lies within one of ours, at scales 7 and finer', () => {
    for (const scale of [7, 8, 10]) {
      const base = 2 ** (2 ** -scale)
      for (const index of [-900, -1, 0, 5, 1234]) {
        const [lowerMs, upperMs] = [base ** index, base ** (index + 1)]
        const histogram = new LatencyHistogram()
        histogram.recordBucket(lowerMs, upperMs, 3)
        expect(histogram.encode()).toEqual(
          histogramOf(Array.from({ length: 3 }, () => (lowerMs + upperMs) / 2)).encode(),
        )
      }
    }
  })

  it('refuses a bucket that is wider than one of ours: what is counted here is known within 1 %', () => {
    const histogram = new LatencyHistogram()
    for (const [lowerMs, upperMs] of [
      [300, 500],
      [100, 101.1],
      [2 ** (5 / 64), 2 ** (6 / 64)],
    ] as const) {
      expect(() => histogram.recordBucket(lowerMs, upperMs)).toThrow(/is wider than what counts as measured/)
    }
    expect(histogram.count).toBe(0)
  })

  it.each([
    [0, 1],
    [2, 1],
    [1, 1],
    [-1, 1],
    [Number.NaN, 1],
    [1, Number.NaN],
    [1, MAX_LATENCY_MS * 2],
  ])('refuses bounds from %d to %d, and counts nothing', (lowerMs, upperMs) => {
    const histogram = new LatencyHistogram()
    expect(() => histogram.recordBucket(lowerMs, upperMs)).toThrow(RangeError)
    expect(() => histogram.recordBucket(1, 2, 0.5)).toThrow(RangeError)
    expect(histogram.count).toBe(0)
  })
})
