import { describe, expect, it } from 'vitest'
import { BOUNDS, tell } from '../../test/mixed-latencies.ts'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'
import { Distribution } from './distribution.ts'
import { MalformedHistogramError } from './histogram-encoding.ts'
import { readDistribution } from './stored-distribution.ts'

const QUANTILES = [0, 0.01, 0.5, 0.95, 0.99, 0.999, 1]

describe('a distribution that is read in its stored form', () => {
  it('says what it says when it is unpacked, also while others are read', () => {
    const random = new Random(seedOf('stored'))
    const all = Array.from({ length: 60 }, (_, n) => {
      const { distribution, rawMs } = tell(random, 'measured', 1 + Math.floor(2000 ** random.between(0, 1)))
      if (n % 3 === 0) distribution.merge(tell(random, n % 2 === 0 ? BOUNDS.vllm : 'unknown', 50).distribution)
      const bytes = distribution.encode()
      const totals = n % 2 === 0 ? undefined : { sumMs: null, maxMs: Math.max(...rawMs) }
      return { read: readDistribution(bytes), unpacked: Distribution.decode(bytes), totals }
    })
    for (const q of QUANTILES) {
      for (const { read, unpacked, totals } of all)
        expect(read.quantile(q, totals)).toEqual(unpacked.quantile(q, totals))
    }
    for (const { read, unpacked } of all) {
      expect([read.count, read.unknownCount]).toEqual([unpacked.count, unpacked.unknownCount])
      expect(read.buckets(2)).toEqual(unpacked.buckets(2))
    }
  })

  it('has no quantiles when it is empty', () => {
    const read = readDistribution(new Distribution().encode())
    expect([read.count, read.quantile(0.5), read.buckets(2)]).toEqual([0, null, []])
  })

  it('is refused where it is malformed', () => {
    const distribution = new Distribution()
    distribution.record(5, 300)
    const bytes = distribution.encode()
    for (const malformed of [bytes.subarray(0, -1), Uint8Array.of(...bytes, 0), Uint8Array.of(3), new Uint8Array()]) {
      expect(() => readDistribution(malformed)).toThrow(MalformedHistogramError)
    }
  })
})
