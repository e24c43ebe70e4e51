import { describe, expect, it } from 'vitest'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'
import { BoundCounts } from './bound-counts.ts'
import { Distribution } from './distribution.ts'
import { MalformedHistogramError } from './histogram-encoding.ts'
import { LatencyHistogram } from './latency-histogram.ts'

const BOUNDS_MS = [0.5, 1, 2, 64, 128, 4096]

describe('counts between fixed bounds', () => {
  it('are exactly those of the latencies themselves, bounds included', () => {
    const random = new Random(seedOf('bounds'))
    const latenciesMs = [...BOUNDS_MS, 0, ...Array.from({ length: 5_000 }, () => 2 ** random.between(-12, 14))]
    const bounds = new BoundCounts(BOUNDS_MS)
    const counts = bounds.empty()
    for (let at = 0; at < latenciesMs.length; at += 100) {
      const histogram = new LatencyHistogram()
      for (const latencyMs of latenciesMs.slice(at, at + 100)) histogram.record(latencyMs)
      bounds.add(counts, histogram.encode())
    }
    const exact = [...BOUNDS_MS, Infinity].map(
      (boundMs, index) =>
        latenciesMs.filter((ms) => ms <= boundMs && ms > (index === 0 ? -1 : (BOUNDS_MS[index - 1] ?? 0))).length,
    )
    expect([...counts]).toEqual(exact)
  })

  it('hold of coarse buckets what is known to lie below a bound, and the rest above it', () => {
    const bounds = new BoundCounts(BOUNDS_MS)
    const counts = bounds.empty()
    const distribution = new Distribution()
    // Not above 50 ms, to 100 ms, to 5 s, and above.
    distribution.recordBuckets([50, 100, 5000], [1, 2, 3, 4])
    distribution.record(1.5, 5)
    expect(bounds.add(counts, distribution.encode())).toBe(true)
    expect([...counts]).toEqual([0, 0, 5, 1, 2, 0, 7])
  })

  it('hold nothing of what is partly of unknown distribution', () => {
    const bounds = new BoundCounts(BOUNDS_MS)
    const counts = bounds.empty()
    const distribution = new Distribution()
    distribution.recordUnknown(3)
    distribution.record(1.5)
    expect(bounds.add(counts, distribution.encode())).toBe(false)
    expect([...counts]).toEqual([0, 0, 0, 0, 0, 0, 0])
  })

  it('refuse a bound that would cut through a stored bucket', () => {
    expect(() => new BoundCounts([1, 100])).toThrow('100 ms is no border of a bucket')
  })

  it('stay as they were when the bytes are malformed', () => {
    const bounds = new BoundCounts(BOUNDS_MS)
    const counts = bounds.empty()
    const histogram = new LatencyHistogram()
    histogram.record(3)
    histogram.record(300)
    expect(() => bounds.add(counts, histogram.encode().slice(0, -1))).toThrow(MalformedHistogramError)
    expect([...counts]).toEqual([0, 0, 0, 0, 0, 0, 0])
  })
})
