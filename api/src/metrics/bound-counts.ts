import { Distribution } from './distribution.ts'
import { SLOTS, slotBounds, slotOf } from './histogram-buckets.ts'
import { addReadTo, ByteReader, readEntries } from './histogram-encoding.ts'
import { HISTOGRAM_VERSION } from './latency-histogram.ts'

/**
 * Counts stored latencies between a few fixed bounds; those that were measured one by one, which most are, without
 * making an object of them. The bounds are borders of our own buckets, as every power of two of a millisecond is: so
 * each of those counts exactly where it belongs.
 */
export class BoundCounts {
  readonly boundsMs: readonly number[]
  /** By slot, the number of the bucket between the bounds that it lies in. */
  readonly #bucketOf: Uint8Array

  /** @param boundsMs upper bounds, ascending, each with its own value in it; above the last there is one bucket more */
  constructor(boundsMs: readonly number[]) {
    const strayMs = boundsMs.find((boundMs) => slotBounds(slotOf(boundMs)).upperMs !== boundMs)
    if (strayMs !== undefined) throw new RangeError(`${strayMs} ms is no border of a bucket, so counts are not exact.`)
    this.boundsMs = boundsMs
    const lastSlots = boundsMs.map((boundMs) => slotOf(boundMs))
    this.#bucketOf = Uint8Array.from({ length: SLOTS }, (_, slot) => lastSlots.filter((last) => last < slot).length)
  }

  /** Counts by bucket, none of them cumulative: one for each bound, and one for what lies above the last. */
  empty(): Float64Array {
    return new Float64Array(this.boundsMs.length + 1)
  }

  /**
   * Adds an encoded distribution to counts. What came in coarse buckets counts below the bounds that it is known to be
   * below.
   * @returns false when the distribution of some latencies is unknown: nothing was added then
   * @throws MalformedHistogramError; nothing was added then
   */
  add(counts: Float64Array, latency: Uint8Array): boolean {
    if (latency[0] === HISTOGRAM_VERSION) {
      this.#addMeasured(counts, latency)
      return true
    }
    const distribution = Distribution.decode(latency)
    if (distribution.unknownCount > 0) return false
    let before = 0
    for (const [bucket, upTo] of [...distribution.cumulative(this.boundsMs), distribution.count].entries()) {
      counts[bucket] = (counts[bucket] ?? 0) + upTo - before
      before = upTo
    }
    return true
  }

  #addMeasured(counts: Float64Array, latency: Uint8Array): void {
    const { entries, end } = readEntries(latency, 1, SLOTS)
    new ByteReader(latency, end).end()
    addReadTo(entries, counts, this.#bucketOf)
  }
}
