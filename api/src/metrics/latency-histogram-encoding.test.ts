import { describe, expect, it } from 'vitest'
import { SLOTS, slotOf } from './histogram-buckets.ts'
import { MalformedHistogramError } from './histogram-encoding.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'

/** The shortest varint of an integer, written here anew. */
function varint(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value % 128n) + 128, ...varint(value / 128n)]
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

function roundTrip(histogram: LatencyHistogram): LatencyHistogram {
  const decoded = LatencyHistogram.decode(histogram.encode())
  expect(decoded.count).toBe(histogram.count)
  expect(decoded.encode()).toEqual(histogram.encode())
  return decoded
}

describe('the stored form', () => {
  it('comes back the same, from empty to every bucket and the highest count', () => {
    roundTrip(new LatencyHistogram())
    const random = new Random(seedOf('stored'))
    for (const requests of [1, 2, 30, 1_000, 60_000]) {
      const histogram = new LatencyHistogram()
      for (let request = 0; request < requests; request++) histogram.record(100 * Math.exp(random.gaussian()))
      roundTrip(histogram)
    }
    const everywhere = new LatencyHistogram()
    for (let latencyMs = 0.001; latencyMs < 2 ** 32; latencyMs *= 1.002) everywhere.record(latencyMs, 2 ** 37)
    roundTrip(everywhere)
    const most = new LatencyHistogram()
    most.record(42, Number.MAX_SAFE_INTEGER)
    expect(roundTrip(most).count).toBe(Number.MAX_SAFE_INTEGER)
  })

  it('is what its description says, byte by byte', () => {
    const histogram = new LatencyHistogram()
    histogram.record(1)
    histogram.record(2, 300)
    // 1 ms is slot 1279, 2 ms 128 slots on: steps 1280 and 128, the second with a count of its own.
    expect(slotOf(1)).toBe(1_279)
    expect(histogram.encode()).toEqual(bytes(1, 2, ...varint(2_560n), ...varint(257n), ...varint(300n)))
    expect(new LatencyHistogram().encode()).toEqual(bytes(1, 0))
  })

  it('takes about one byte for each of a few requests', () => {
    const random = new Random(seedOf('size'))
    const histogram = new LatencyHistogram()
    for (let request = 0; request < 40; request++) histogram.record(700 * Math.exp(0.5 * random.gaussian()))
    expect(histogram.encode().length).toBeLessThan(60)
  })

  it('is not touched by what is encoded after it', () => {
    const first = new LatencyHistogram()
    first.record(10)
    const encoded = first.encode()
    const copy = encoded.slice()
    const second = new LatencyHistogram()
    second.record(99_999, 7)
    second.encode()
    expect(encoded).toEqual(copy)
  })

  it('is read from a view into a larger buffer, like a row of a result', () => {
    const histogram = new LatencyHistogram()
    histogram.record(12, 3)
    const encoded = histogram.encode()
    const row = new Uint8Array(encoded.length + 20).fill(255)
    row.set(encoded, 7)
    const decoded = LatencyHistogram.decode(row.subarray(7, 7 + encoded.length))
    expect(decoded.encode()).toEqual(encoded)
  })
})

describe('bytes that are no histogram', () => {
  const SLOTS_N = BigInt(SLOTS)
  const cases: [string, Uint8Array, string][] = [
    ['nothing', bytes(), 'no bytes'],
    ['a version from the future', bytes(2, 0), 'unknown version 2, only version 1 is known'],
    ['a version alone', bytes(1), 'it ends before the number of entries'],
    ['an entry missing', bytes(1, 2, 4), 'it ends before a bucket'],
    ['a bucket cut off', bytes(1, 1, 0x84), 'it ends inside a bucket'],
    ['a count missing', bytes(1, 1, 5), 'it ends before a count'],
    ['a count cut off', bytes(1, 1, 5, 0x80), 'it ends inside a count'],
    ['something behind the last entry', bytes(1, 1, 4, 0, 0), '2 trailing bytes'],
    ['something behind an empty one', bytes(1, 0, 9), '1 trailing bytes'],
    ['a bucket twice', bytes(1, 2, 4, 0), 'entry 1 does not lie above the entry before it'],
    ['a first bucket below the range', bytes(1, 1, 0), 'entry 0 does not lie above the entry before it'],
    ['a bucket above the range', bytes(1, 1, ...varint(2n * (SLOTS_N + 1n))), 'entry 0 lies beyond the highest bucket'],
    ['a bucket far above it', bytes(1, 1, ...varint(2n ** 52n)), 'entry 0 lies beyond the highest bucket'],
    ['more entries than buckets', bytes(1, ...varint(SLOTS_N + 1n)), '5377 entries, more than there are buckets'],
    ['a count of zero', bytes(1, 1, 5, 0), 'entry 0 has a count of zero'],
    ['a count of one, spelt out', bytes(1, 1, 5, 1), 'entry 0 spells out a count of one'],
    ['a count that is too high', bytes(1, 1, 5, ...varint(2n ** 53n)), 'a count is above 2^53 - 1'],
    ['a varint without end', bytes(1, 1, 5, ...Array.from({ length: 30 }, () => 0x80)), 'a count is above 2^53 - 1'],
    ['a longer form than needed', bytes(1, 1, 0x84, 0), 'a bucket is not written in its shortest form'],
    [
      'counts that add up to too much',
      bytes(1, 2, 5, ...varint(2n ** 53n - 1n), 4),
      'counts add up to more than 2^53 - 1',
    ],
  ]

  it.each(cases)('are refused with the reason: %s', (_, malformed, reason) => {
    expect(() => LatencyHistogram.decode(malformed)).toThrow(new MalformedHistogramError(reason))
  })

  it('are every cut of a good one, and every good one with a byte more', () => {
    const histogram = new LatencyHistogram()
    for (let latencyMs = 1; latencyMs < 900; latencyMs *= 1.3) histogram.record(latencyMs, Math.ceil(latencyMs))
    const good = histogram.encode()
    for (let length = 0; length < good.length; length++) {
      const cut = good.subarray(0, length)
      expect(() => LatencyHistogram.decode(cut), `${length} bytes`).toThrow(MalformedHistogramError)
    }
    for (const byte of [0, 1, 4, 255]) {
      expect(() => LatencyHistogram.decode(bytes(...good, byte))).toThrow('1 trailing bytes')
    }
  })

  it('are all that would not be written again as they are', () => {
    const random = new Random(seedOf('fuzz'))
    const accepted: Uint8Array[] = []
    const writtenAgain: Uint8Array[] = []
    for (let round = 0; round < 20_000; round++) {
      const noise = Uint8Array.from({ length: 2 + Math.floor(random.between(0, 8)) }, () => random.uint32())
      noise.set([1, random.uint32() % 4])
      try {
        writtenAgain.push(LatencyHistogram.decode(noise).encode())
        accepted.push(noise)
      } catch (error) {
        if (!(error instanceof MalformedHistogramError)) throw error
      }
    }
    expect(accepted.length).toBeGreaterThan(100)
    expect(writtenAgain).toEqual(accepted)
  })
})
