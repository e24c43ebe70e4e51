import { type Cells, cellsOf } from './cells.ts'
import { SLOTS, slotBounds, slotOf, slotReach } from './histogram-buckets.ts'
import {
  addRead,
  type ByteReader,
  ByteWriter,
  MalformedHistogramError,
  type ReadEntries,
  readEntries,
  writeEntries,
} from './histogram-encoding.ts'

/**
 * Version 1 of the stored form: one byte, the version, and the entries of `histogram-encoding.ts`, whose places are the
 * slots of `histogram-buckets.ts` (scale 7, milliseconds). There is one way to write a given content, and equal content
 * is equal bytes.
 */
export const HISTOGRAM_VERSION = 1

/** Counts in memory grow by whole steps of this many slots, which divide SLOTS. */
const GROWTH = 128

const writer = new ByteWriter()

/**
 * How often each latency occurred, in exponential buckets of 0.54 % width: quantiles within 0.28 % (relative) of the
 * exact nearest-rank value for latencies of 1 µs and above, for any number of requests, and exact when merged: the
 * histogram of a union is the sum of the histograms. It is never downscaled. Stored sparse; in memory a run of counts
 * that spans the latencies seen, at most 43 KB.
 */
export class LatencyHistogram {
  /** Counts of the slots from #first on. */
  #counts = new Float64Array(0)
  #first = 0
  #count = 0

  /** How many latencies were recorded. */
  get count(): number {
    return this.#count
  }

  /**
   * Counts a latency in milliseconds, `count` times. Below 1 µs it counts as 1 µs.
   * @throws RangeError for a latency that is negative, not a number or above 2^32 ms, for a count that is no positive
   * integer, and when the total would pass 2^53 - 1.
   */
  record(latencyMs: number, count = 1): void {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new RangeError(`A count of latencies is a positive integer, not ${count}.`)
    }
    const slot = slotOf(latencyMs)
    const total = this.#totalWith(count)
    this.#cover(slot, slot)
    this.#add(slot, count)
    this.#count = total
  }

  /**
   * Counts latencies of which only the bucket `(lowerMs, upperMs]` is known, in milliseconds, where it lies within one
   * of ours, as at an exponential scale of 7 or finer: nothing is lost then. A wider one is no measurement to within
   * 1 % and belongs into a `BoundedHistogram`.
   * @throws RangeError unless `0 < lowerMs < upperMs`, for a wider bucket, and otherwise like `record`.
   */
  recordBucket(lowerMs: number, upperMs: number, count = 1): void {
    if (!(lowerMs > 0 && lowerMs < upperMs)) {
      throw new RangeError(`A bucket of latencies lies between two bounds above 0, not ${lowerMs} and ${upperMs}.`)
    }
    // The bound, not the value, says whether the latencies are in range.
    slotOf(upperMs)
    const valueMs = (2 * lowerMs * upperMs) / (lowerMs + upperMs)
    const ours = slotBounds(slotOf(valueMs))
    // Borders that were computed in another way differ in their last digits.
    if (lowerMs < ours.lowerMs * (1 - 1e-9) || upperMs > ours.upperMs * (1 + 1e-9)) {
      throw new RangeError(`The bucket from ${lowerMs} to ${upperMs} ms is wider than what counts as measured.`)
    }
    this.record(valueMs, count)
  }

  /** Adds all that another histogram counted; that one stays as it is. */
  merge(other: LatencyHistogram): void {
    if (other.#count === 0) return
    const total = this.#totalWith(other.#count)
    const { low, high } = other.#span()
    // Two arrays, should they be the same histogram: covering its own span moves nothing.
    this.#cover(low, high)
    for (let slot = low; slot <= high; slot++) this.#add(slot, other.#counts[slot - other.#first] ?? 0)
    this.#count = total
  }

  /**
   * Adds an encoded histogram without making an object of it.
   * @param maxCount what the total may not pass.
   * @throws MalformedHistogramError like `decode`; nothing was added then.
   */
  mergeEncoded(bytes: Uint8Array, maxCount = Number.MAX_SAFE_INTEGER): void {
    if (bytes.length === 0) throw new MalformedHistogramError('no bytes')
    if (bytes[0] !== HISTOGRAM_VERSION) {
      throw new MalformedHistogramError(`unknown version ${bytes[0]}, only version ${HISTOGRAM_VERSION} is known`)
    }
    const read = readEntries(bytes, 1, SLOTS)
    if (read.end < bytes.length) throw new MalformedHistogramError(`${bytes.length - read.end} trailing bytes`)
    this.#addRead(read, maxCount)
  }

  /**
   * Adds entries as `writeTo` writes them, from within another stored form. Reading goes on behind them.
   * @throws MalformedHistogramError
   */
  mergeFrom(reader: ByteReader): void {
    const read = readEntries(reader.bytes, reader.at, SLOTS)
    reader.at = read.end
    this.#addRead(read, Number.MAX_SAFE_INTEGER)
  }

  /** The slot of the latency at a rank, from 1 to `count`, in ascending order. Quantiles are in `quantile.ts`. */
  slotAt(rank: number): number {
    let at = 0
    for (let seen = this.#counts[0] ?? 0; seen < rank; seen += this.#counts[at] ?? 0) at++
    return this.#first + at
  }

  /** The buckets that count something, with the borders between which their latencies lie. */
  cells(): Cells {
    return cellsOf(this.#counts, (at) => slotReach(this.#first + at))
  }

  /** The compact stored form. Depends on what was counted alone, not on the order of recording or merging. */
  encode(): Uint8Array {
    writer.byte(HISTOGRAM_VERSION)
    this.writeTo(writer)
    return writer.take()
  }

  /** Writes the entries of the stored form. */
  writeTo(to: ByteWriter): void {
    writeEntries(to, this.#counts, this.#first)
  }

  /**
   * Reads the stored form back.
   * @throws MalformedHistogramError for an unknown version, bytes that end too early or go
   * on too long, buckets out of order or range, and counts that are zero or not in their one form.
   */
  static decode(bytes: Uint8Array): LatencyHistogram {
    const histogram = new LatencyHistogram()
    histogram.mergeEncoded(bytes)
    return histogram
  }

  #add(slot: number, count: number): void {
    const at = slot - this.#first
    this.#counts[at] = (this.#counts[at] ?? 0) + count
  }

  /** Adds what `readEntries` read last. */
  #addRead({ entries, count, first, last }: ReadEntries, maxCount: number): void {
    if (entries === 0) return
    const total = this.#totalWith(count, maxCount)
    this.#cover(first, last)
    addRead(entries, this.#counts, this.#first)
    this.#count = total
  }

  #totalWith(more: number, maxCount = Number.MAX_SAFE_INTEGER): number {
    const total = this.#count + more
    if (total > maxCount) throw new RangeError('A latency histogram counts at most 2^53 - 1 latencies.')
    return total
  }

  /** The lowest and the highest slot that count something; only for a histogram that does. */
  #span(): { low: number; high: number } {
    let low = 0
    let high = this.#counts.length - 1
    while (this.#counts[low] === 0) low++
    while (this.#counts[high] === 0) high--
    return { low: this.#first + low, high: this.#first + high }
  }

  /** Makes room for the slots from `low` to `high`. */
  #cover(low: number, high: number): void {
    const end = this.#first + this.#counts.length
    if (low >= this.#first && high < end) return
    const empty = this.#counts.length === 0
    const from = empty ? low : Math.min(low, this.#first)
    const to = empty ? high + 1 : Math.max(high + 1, end)
    const first = Math.floor(from / GROWTH) * GROWTH
    const counts = new Float64Array(Math.ceil(to / GROWTH) * GROWTH - first)
    counts.set(this.#counts, empty ? 0 : this.#first - first)
    this.#counts = counts
    this.#first = first
  }
}
