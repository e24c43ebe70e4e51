import { BoundedHistogram, compareBounds } from './bounded-histogram.ts'
import type { Cells } from './cells.ts'
import { countOf, decodeParts, encodeParts, MAX_SETS_OF_BOUNDS, type Parts } from './distribution-encoding.ts'
import { slotOf, slotReach } from './histogram-buckets.ts'
import { HISTOGRAM_VERSION, LatencyHistogram } from './latency-histogram.ts'
import { type LatencyTotals, measuredQuantile, type Quantile, quantileOf } from './quantile.ts'
import { gridOf, type LatencyBucket } from './spread.ts'

export const NO_TOTALS: LatencyTotals = { sumMs: null, maxMs: null }

/**
 * How latencies are distributed, as well as it is known: a list of parts. Latencies that were measured one by one are in
 * ours, an exponential histogram; those that came in the buckets of a server stay in these, one part for each set of
 * bounds; of the rest only the number is known. Merging adds part to part and loses nothing: in any order and grouping
 * it gives the same.
 *
 * At most 7 sets of bounds are kept beside ours: those with most bounds, and among equally many the lowest. The
 * latencies of an eighth are counted, but their distribution is unknown from then on. Which ones stay depends on all
 * sets that were ever merged alone, not on the order in which they came.
 */
export class Distribution {
  readonly #parts: Parts = { ours: new LatencyHistogram(), bounded: [], unknown: 0 }
  #cells: Cells[] | undefined

  /** How many latencies there are, those whose distribution is unknown among them. */
  get count(): number {
    return countOf(this.#parts)
  }

  /** How many of them are of unknown distribution. */
  get unknownCount(): number {
    return this.#parts.unknown
  }

  /**
   * Counts a latency that was measured, in milliseconds, `count` times. Below 1 µs it counts as 1 µs.
   * @throws RangeError like `LatencyHistogram.record`.
   */
  record(latencyMs: number, count = 1): void {
    this.#checkRoom(count)
    this.#cells = undefined
    this.#parts.ours.record(latencyMs, count)
  }

  /**
   * Counts latencies by buckets with explicit bounds, in milliseconds: not above the first bound, between two, above the
   * last.
   * @throws RangeError like `BoundedHistogram`; nothing was added then.
   */
  recordBuckets(boundsMs: ArrayLike<number>, counts: ArrayLike<number>): void {
    this.#add({ ours: new LatencyHistogram(), bounded: [new BoundedHistogram(boundsMs, counts)], unknown: 0 })
  }

  /**
   * Counts latencies of which nothing is known but their number (and their sum, elsewhere).
   * @throws RangeError for what is no whole number from 0 on.
   */
  recordUnknown(count: number): void {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`A count of latencies is a whole number from 0 on, not ${count}.`)
    }
    this.#add({ ours: new LatencyHistogram(), bounded: [], unknown: count })
  }

  /** Adds all of another distribution, which stays as it is. */
  merge(other: Distribution): void {
    const { ours, bounded, unknown } = other.#parts
    const copies = bounded.map(({ boundsMs, counts }) => new BoundedHistogram(boundsMs, counts))
    this.#add({ ours, bounded: copies, unknown })
  }

  /**
   * Adds an encoded distribution. Latencies that were all measured one by one, which most are, are added without making
   * an object of them.
   * @throws MalformedHistogramError like `decode`; nothing was added then.
   */
  mergeEncoded(bytes: Uint8Array): void {
    if (bytes[0] === HISTOGRAM_VERSION) {
      const { ours, bounded, unknown } = this.#parts
      const others = bounded.length === 0 ? unknown : this.count - ours.count
      this.#cells = undefined
      ours.mergeEncoded(bytes, Number.MAX_SAFE_INTEGER - others)
    } else {
      this.#add(decodeParts(bytes))
    }
  }

  /**
   * The quantile `q` by nearest rank, and how well it is known; null without latencies. What the totals say is used
   * too: pass only those of all these latencies.
   * @throws RangeError unless 0 <= q <= 1.
   */
  quantile(q: number, totals: LatencyTotals = NO_TOTALS): Quantile | null {
    const { ours } = this.#parts
    const { count } = this
    if (count === 0) return null
    if (ours.count === count) return measuredQuantile(ours, q, totals)
    return quantileOf(this.#allCells(), count, q, totals)
  }

  /**
   * The latencies on the fixed grid `2^(i / perDoubling)` milliseconds, to draw them: exact for those that were
   * measured, spread over the logarithm for those in coarse buckets, without those of unknown distribution. Empty buckets
   * are absent.
   * @param perDoubling 1, 2, 4 or 8.
   * @param maxMs the maximum of all these latencies, where it is known.
   */
  buckets(perDoubling: number, maxMs: number | null = null): LatencyBucket[] {
    return gridOf(this.#allCells(), perDoubling, maxMs)
  }

  /**
   * How many latencies do not exceed each bound, in milliseconds. A bound within one of our own buckets counts that
   * bucket too, so it stands for one that is at most 0.55 % higher. A bound within a bucket of explicit bounds does not:
   * only what is known to lie below is counted, and nothing of unknown distribution ever is.
   */
  cumulative(boundsMs: readonly number[]): number[] {
    const { ours, bounded } = this.#parts
    const measured = ours.cells()
    const coarse = bounded.map((histogram) => histogram.cells())
    return boundsMs.map((boundMs) => {
      const reachMs = slotReach(slotOf(boundMs)).upperMs
      let count = countUpTo(measured, reachMs)
      for (const cells of coarse) count += countUpTo(cells, boundMs)
      return count
    })
  }

  /** The compact stored form: equal content is equal bytes. */
  encode(): Uint8Array {
    return encodeParts(this.#parts)
  }

  /** @throws MalformedHistogramError for bytes that `encode` would not have written. */
  static decode(bytes: Uint8Array): Distribution {
    const distribution = new Distribution()
    distribution.mergeEncoded(bytes)
    return distribution
  }

  /** Adds parts; the histograms with explicit bounds are taken over, ours is copied. */
  #add(parts: Parts): void {
    const own = this.#parts
    this.#checkRoom(countOf(parts))
    this.#cells = undefined
    own.ours.merge(parts.ours)
    own.unknown += parts.unknown
    for (const histogram of parts.bounded) this.#addBounded(histogram)
  }

  #checkRoom(more: number): void {
    if (this.count + more > Number.MAX_SAFE_INTEGER) {
      throw new RangeError('A distribution counts at most 2^53 - 1 latencies.')
    }
  }

  #addBounded(histogram: BoundedHistogram): void {
    if (histogram.count === 0) return
    const { bounded } = this.#parts
    const at = bounded.findIndex(({ boundsMs }) => compareBounds(histogram.boundsMs, boundsMs) <= 0)
    const equal = bounded[at]
    if (equal && compareBounds(histogram.boundsMs, equal.boundsMs) === 0) {
      equal.merge(histogram)
      return
    }
    bounded.splice(at < 0 ? bounded.length : at, 0, histogram)
    // Each of those that stay is among the first of all sets of bounds, so no order of merging drops it.
    if (bounded.length > MAX_SETS_OF_BOUNDS) this.#parts.unknown += bounded.pop()?.count ?? 0
  }

  #allCells(): Cells[] {
    this.#cells ??= cellsOfParts(this.#parts)
    return this.#cells
  }
}

function cellsOfParts({ ours, bounded, unknown }: Parts): Cells[] {
  const cells = [ours.cells(), ...bounded.map((histogram) => histogram.cells())]
  if (unknown > 0) {
    // Anywhere from 0 on.
    const anywhere = { lowersMs: Float64Array.of(0), uppersMs: Float64Array.of(Infinity) }
    cells.push({ ...anywhere, counts: Float64Array.of(unknown) })
  }
  return cells
}

function countUpTo({ uppersMs, counts }: Cells, boundMs: number): number {
  let count = 0
  for (let at = 0; (uppersMs[at] ?? Infinity) <= boundMs; at++) count += counts[at] ?? 0
  return count
}
