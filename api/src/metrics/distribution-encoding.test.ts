import { describe, expect, it } from 'vitest'
import { BOUNDS, mergedAnyhow, mixture, tell } from '../../test/mixed-latencies.ts'
import { Distribution } from './distribution.ts'
import { MalformedHistogramError } from './histogram-encoding.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

/** The big-endian bytes of a double. */
function double(value: number): number[] {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return [...new Uint8Array(view.buffer)]
}

function bucketed(boundsMs: readonly number[], counts: readonly number[]): Distribution {
  const distribution = new Distribution()
  distribution.recordBuckets(boundsMs, counts)
  return distribution
}

describe('the stored form of a distribution', () => {
  it('is version 1, as it always was, when every latency was measured', () => {
    const histogram = new LatencyHistogram()
    const distribution = new Distribution()
    expect(distribution.encode()).toEqual(bytes(1, 0))
    for (const latencyMs of [3, 4, 5, 5, 700]) {
      histogram.record(latencyMs)
      distribution.record(latencyMs)
    }
    expect(distribution.encode()).toEqual(histogram.encode())
    expect(distribution.encode()[0]).toBe(1)
  })

  it('comes back the same for every mixture, and is read from a view into a larger buffer', () => {
    for (let at = 0; at < 60; at++) {
      const merged = mergedAnyhow(mixture(`mixture ${at}`), new Random(seedOf(`${at}`)))
      const encoded = merged.encode()
      const row = new Uint8Array(encoded.length + 20).fill(255)
      row.set(encoded, 7)
      const decoded = Distribution.decode(row.subarray(7, 7 + encoded.length))
      expect(decoded.encode()).toEqual(encoded)
      expect([decoded.count, decoded.unknownCount]).toEqual([merged.count, merged.unknownCount])
      for (const q of [0, 0.5, 0.99]) expect(decoded.quantile(q)).toEqual(merged.quantile(q))
      expect(decoded.buckets(2)).toEqual(merged.buckets(2))
    }
  })

  it('is what its description says, byte by byte', () => {
    const distribution = bucketed([0.5, 2], [0, 3, 1])
    distribution.recordUnknown(200)
    distribution.recordBuckets([1 / 3], [1, 0])
    const parts = [
      // 0.5 and 2 with one decimal: 5 and 15 more. Then 3 in the second bucket, 1 in the third.
      [2, 2, 1, 5, 15, 2, 2 * 2 + 1, 3, 2],
      // A third has no decimals. 1 in the first bucket.
      [2, 1, 255, ...double(1 / 3), 1, 2],
      [3, 200, 1],
    ]
    expect(distribution.encode()).toEqual(bytes(2, 3, ...parts.flat()))
    distribution.record(1)
    expect(distribution.encode().subarray(0, 6)).toEqual(bytes(2, 4, 1, 1, 128, 20))
  })

  it('takes less than 80 bytes for a window of 200 requests in the buckets of vLLM', () => {
    const { distribution } = tell(new Random(seedOf('size')), BOUNDS.vllm, 200)
    expect(distribution.encode().length).toBeLessThan(80)
  })

  it('keeps any bounds exactly', () => {
    const random = new Random(seedOf('bounds'))
    for (let round = 0; round < 200; round++) {
      const decimals = Math.floor(random.between(0, 12))
      const drawn = Array.from({ length: 1 + Math.floor(random.between(0, 40)) }, () => {
        const boundMs = 2 ** random.between(-20, 32)
        return decimals > 9 ? boundMs : Number(boundMs.toFixed(decimals))
      })
      const boundsMs = [...new Set(drawn)].toSorted((a, b) => a - b)
      const distribution = bucketed(boundsMs, [7, ...boundsMs.map(() => 0)])
      const decoded = Distribution.decode(distribution.encode())
      expect(decoded.encode()).toEqual(distribution.encode())
      expect(decoded.quantile(0.5)?.highMs).toBe(boundsMs[0])
    }
    expect(bucketed([-0, 1], [1, 0, 0]).encode()).toEqual(bucketed([0, 1], [1, 0, 0]).encode())
  })
})

describe('bytes that are no distribution', () => {
  const SEVEN_SETS = Array.from({ length: 7 }, (_, at) => [2, 1, 0, at, 1, 2]).flat()
  const cases: [string, Uint8Array, string][] = [
    ['nothing', bytes(), 'no bytes'],
    ['a version from the future', bytes(3, 0), 'unknown version 3, only versions 1 and 2 are known'],
    ['a malformed version 1', bytes(1, 1), 'it ends before a bucket'],
    ['a version alone', bytes(2), 'it ends before the number of parts'],
    ['no parts', bytes(2, 0), 'version 2 without a part that needs it'],
    ['what version 1 could say', bytes(2, 1, 1, 1, 4), 'version 2 without a part that needs it'],
    ['too many parts', bytes(2, 10), '10 parts, more than there can be'],
    ['a part missing', bytes(2, 2, 1, 1, 4), 'it ends before the kind of a part'],
    ['a kind from the future', bytes(2, 1, 4), 'part 0 is of the unknown kind 4'],
    ['kind zero', bytes(2, 1, 0), 'part 0 of kind 0 follows one of kind 0'],
    ['parts out of order', bytes(2, 2, 3, 1, 1, 1, 4), 'part 1 of kind 1 follows one of kind 3'],
    ['unknown mass twice', bytes(2, 2, 3, 1, 3, 1), 'part 1 of kind 3 follows one of kind 3'],
    ['ours twice', bytes(2, 3, 1, 1, 4, 1, 1, 4, 3, 1), 'part 1 of kind 1 follows one of kind 1'],
    ['ours without a count', bytes(2, 2, 1, 0, 3, 1), 'part 0 counts nothing'],
    ['bounds without a count', bytes(2, 1, 2, 1, 0, 5, 0), 'part 0 counts nothing'],
    ['unknown mass of zero', bytes(2, 1, 3, 0), 'part 0 counts nothing'],
    ['no bounds', bytes(2, 1, 2, 0), '0 bounds, not 1 to 256'],
    ['too many bounds', bytes(2, 1, 2, 129, 2), '257 bounds, not 1 to 256'],
    ['too many decimals', bytes(2, 1, 2, 1, 10), 'bounds with 10 decimals'],
    ['decimals without need', bytes(2, 1, 2, 1, 1, 50, 1, 2), 'its bounds are not written in their one form'],
    [
      'doubles without need',
      bytes(2, 1, 2, 1, 255, ...double(5), 1, 2),
      'its bounds are not written in their one form',
    ],
    ['a negative zero', bytes(2, 1, 2, 1, 255, ...double(-0), 1, 2), 'its bounds are not written in their one form'],
    ['a double cut off', bytes(2, 1, 2, 1, 255, 1, 2), 'it ends inside a bound'],
    ['the same bound twice', bytes(2, 1, 2, 2, 0, 5, 0, 1, 2), 'its bounds are wrong: Bounds ascend, but 5 follows 5.'],
    [
      'bounds that are no numbers',
      bytes(2, 1, 2, 1, 255, ...double(Number.NaN), 1, 2),
      'its bounds are wrong: A bound is from 0 to 4294967296 milliseconds, not NaN.',
    ],
    ['more entries than buckets', bytes(2, 1, 2, 1, 0, 5, 3), '3 entries, more than there are buckets'],
    ['a bucket beyond the highest', bytes(2, 1, 2, 1, 0, 5, 1, 6), 'entry 0 lies beyond the highest bucket'],
    [
      'the same bounds twice',
      bytes(2, 2, 2, 1, 0, 5, 1, 2, 2, 1, 0, 5, 1, 2),
      'part 1 does not come after the part before it',
    ],
    [
      'more bounds after fewer',
      bytes(2, 2, 2, 1, 0, 5, 1, 2, 2, 2, 0, 5, 1, 1, 2),
      'part 1 does not come after the part before it',
    ],
    ['eight sets of bounds', bytes(2, 8, ...SEVEN_SETS, 2, 1, 0, 9, 1, 2), 'more than 7 sets of bounds'],
    ['something behind the last part', bytes(2, 1, 3, 1, 0), '1 trailing bytes'],
    [
      'counts that add up to too much',
      bytes(2, 2, 1, 1, 4, 3, 255, 255, 255, 255, 255, 255, 255, 15),
      'counts add up to more than 2^53 - 1',
    ],
  ]

  it.each(cases)('are refused with the reason: %s', (_, malformed, reason) => {
    expect(() => Distribution.decode(malformed)).toThrow(new MalformedHistogramError(reason))
  })

  it('are every cut of a good one, and every good one with a byte more', () => {
    const distribution = bucketed(BOUNDS.sglang, [0, ...BOUNDS.sglang.map((_, at) => at % 5)])
    distribution.recordBuckets(BOUNDS.tgi, [3, ...BOUNDS.tgi.map(() => 200)])
    distribution.recordUnknown(1000)
    for (let latencyMs = 1; latencyMs < 900; latencyMs *= 1.3) distribution.record(latencyMs, Math.ceil(latencyMs))
    const good = distribution.encode()
    expect(Distribution.decode(good).encode()).toEqual(good)
    for (let length = 0; length < good.length; length++) {
      expect(() => Distribution.decode(good.subarray(0, length)), `${length}`).toThrow(MalformedHistogramError)
    }
    expect(() => Distribution.decode(bytes(...good, 0))).toThrow('1 trailing bytes')
  })

  it('are all that would not be written again as they are', () => {
    const random = new Random(seedOf('fuzz of parts'))
    let [accepted, refused] = [0, 0]
    const check = (noise: Uint8Array) => {
      try {
        const writtenAgain = Distribution.decode(noise).encode()
        // A matcher for each would take most of the time.
        if (Buffer.compare(writtenAgain, noise) !== 0) expect(writtenAgain).toEqual(noise)
        accepted++
      } catch (error) {
        if (!(error instanceof MalformedHistogramError)) throw error
        refused++
      }
    }
    // Small numbers are more often right.
    const byte = () => (random.uniform() < 0.8 ? random.uint32() % 4 : random.uint32() % 256)
    for (let round = 0; round < 10_000; round++) {
      const noise = Uint8Array.from({ length: 4 + Math.floor(random.between(0, 16)) }, byte)
      noise.set([2, 1 + (random.uint32() % 3)])
      check(noise)
    }
    // Good ones with a byte changed.
    for (let at = 0; at < 100; at++) {
      const good = mergedAnyhow(mixture(`mixture ${at}`), random).encode()
      for (let round = 0; round < 50; round++) {
        const changed = good.slice()
        changed[random.uint32() % changed.length] = random.uint32()
        check(changed)
      }
    }
    expect(Math.min(accepted, refused)).toBeGreaterThan(500)
  })

  it('add nothing to what they were to be merged into', () => {
    const distribution = bucketed([5], [1, 2])
    distribution.record(3)
    const before = distribution.encode()
    for (const [, malformed] of cases) {
      expect(() => distribution.mergeEncoded(malformed)).toThrow(MalformedHistogramError)
    }
    expect(distribution.encode()).toEqual(before)
  })
})
