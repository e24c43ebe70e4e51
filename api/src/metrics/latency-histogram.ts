import { BUCKETS_PER_OCTAVE, MAX_LATENCY_MS, SLOTS, slotBounds, slotOf, slotValueMs } from './histogram-buckets.ts'

/**
 * Version 1 of the stored form, whose buckets are those of `histogram-buckets.ts` (scale 7, milliseconds):
 *
 *     version   1 byte
 *     entries   varint, how many buckets follow
 *     entry     varint  2 × step + m   step: slots on from the entry before it (from slot -1 for the first), at least 1
 *               varint  count          only when m is 1: at least 2. Without it (m is 0) the count is 1, as most are.
 *
 * A varint is unsigned LEB128 in its shortest form. There is one way to write a given content, and equal content is
 * equal bytes.
 */
const VERSION = 1

/** Counts in memory grow by whole steps of this many slots, which divide SLOTS. */
const GROWTH = 128

// Where one histogram is read or written before it is taken over whole. Used within one synchronous call, never across.
const readSlots = new Uint16Array(SLOTS)
const readCounts = new Float64Array(SLOTS)
const written = new Uint8Array(2 + 3 + SLOTS * 10)

/** Bytes that are no histogram. The message says what is wrong with them. */
export class MalformedHistogramError extends Error {
  override name = 'MalformedHistogramError'
  constructor(reason: string) {
    super(`Not a latency histogram: ${reason}.`)
  }
}

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
   * Counts latencies of which only the bucket `(lowerMs, upperMs]` is known, in milliseconds: they count as the value
   * with the least relative error at either bound, `2lu / (l + u)`. Where the bucket lies within one of ours, as at an
   * exponential scale of 7 or finer, nothing is lost; a wider one errs by up to `(u - l) / (u + l)`.
   * @throws RangeError unless `0 < lowerMs < upperMs`, and otherwise like `record`.
   */
  recordBucket(lowerMs: number, upperMs: number, count = 1): void {
    if (!(lowerMs > 0 && lowerMs < upperMs)) {
      throw new RangeError(`A bucket of latencies lies between two bounds above 0, not ${lowerMs} and ${upperMs}.`)
    }
    // The bound, not the value, says whether the latencies are in range.
    slotOf(upperMs)
    this.record((2 * lowerMs * upperMs) / (lowerMs + upperMs), count)
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
   * @throws MalformedHistogramError like `decode`; nothing was added then.
   */
  mergeEncoded(bytes: Uint8Array): void {
    const { entries, count } = read(bytes)
    if (entries === 0) return
    const total = this.#totalWith(count)
    this.#cover(readSlots[0] ?? 0, readSlots[entries - 1] ?? 0)
    const counts = this.#counts
    const first = this.#first
    for (let entry = 0; entry < entries; entry++) {
      const at = (readSlots[entry] ?? 0) - first
      counts[at] = (counts[at] ?? 0) + (readCounts[entry] ?? 0)
    }
    this.#count = total
  }

  /**
   * The latency in milliseconds at quantile `q` by nearest rank: the smallest that at least q × count of the
   * latencies do not exceed (q = 0 is the least of them). Null when nothing was recorded: no data is not zero.
   *
   * With `maxMs`, the exact maximum of what was recorded, the answer never lies above it, and is it at the highest
   * rank.
   * @throws RangeError unless 0 <= q <= 1 and maxMs is a latency.
   */
  quantile(q: number, maxMs?: number): number | null {
    if (!(q >= 0 && q <= 1)) throw new RangeError(`A quantile is from 0 to 1, not ${q}.`)
    if (maxMs !== undefined && !(maxMs >= 0 && maxMs <= MAX_LATENCY_MS)) {
      throw new RangeError(`A maximum latency is from 0 to ${MAX_LATENCY_MS} milliseconds, not ${maxMs}.`)
    }
    if (this.#count === 0) return null
    const rank = nearestRank(q, this.#count)
    if (rank === this.#count && maxMs !== undefined) return maxMs
    let at = 0
    for (let seen = this.#counts[0] ?? 0; seen < rank; seen += this.#counts[at] ?? 0) at++
    const valueMs = slotValueMs(this.#first + at)
    return maxMs === undefined ? valueMs : Math.min(valueMs, maxMs)
  }

  /** Counts between fixed bounds, `2^(i / perDoubling)` milliseconds; perDoubling divides 128. Empty ones are absent. */
  buckets(perDoubling: number): { lowMs: number; highMs: number; count: number }[] {
    const width = BUCKETS_PER_OCTAVE / perDoubling
    const cells = new Map<number, number>()
    for (const [at, count] of this.#counts.entries()) {
      if (count === 0) continue
      const cell = Math.floor((this.#first + at) / width)
      cells.set(cell, (cells.get(cell) ?? 0) + count)
    }
    return [...cells].map(([cell, count]) => ({
      lowMs: slotBounds(cell * width).lowerMs,
      highMs: slotBounds((cell + 1) * width - 1).upperMs,
      count,
    }))
  }

  /** The compact stored form. Depends on what was counted alone, not on the order of recording or merging. */
  encode(): Uint8Array {
    const counts = this.#counts
    let entries = 0
    for (let at = 0; at < counts.length; at++) if (counts[at] !== 0) entries++
    written[0] = VERSION
    let end = writeVarint(entries, 1)
    let previous = -1
    for (let at = 0; at < counts.length; at++) {
      const count = counts[at] ?? 0
      if (count === 0) continue
      const slot = this.#first + at
      end = writeVarint(2 * (slot - previous) + (count > 1 ? 1 : 0), end)
      if (count > 1) end = writeVarint(count, end)
      previous = slot
    }
    return written.slice(0, end)
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

  #totalWith(more: number): number {
    const total = this.#count + more
    if (total > Number.MAX_SAFE_INTEGER) throw new RangeError('A latency histogram counts at most 2^53 - 1 latencies.')
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

/**
 * ceil(q × count), at least 1. A decimal like 0.07 is stored a little too high and 0.07 × 100 comes out above 7,
 * which would round up to 8: what lies within the error of those two roundings (2^-52 relative) is taken off first.
 */
function nearestRank(q: number, count: number): number {
  if (q === 1) return count
  return Math.max(1, Math.ceil(q * count * (1 - 2 ** -51)))
}

/** Reads into readSlots and readCounts, and gives the number of entries and the sum of their counts. */
function read(bytes: Uint8Array): { entries: number; count: number } {
  if (bytes.length === 0) throw new MalformedHistogramError('no bytes')
  if (bytes[0] !== VERSION) {
    throw new MalformedHistogramError(`unknown version ${bytes[0]}, only version ${VERSION} is known`)
  }
  const reader = new VarintReader(bytes, 1)
  const entries = reader.next('the number of entries')
  if (entries > SLOTS) throw new MalformedHistogramError(`${entries} entries, more than there are buckets`)
  let slot = -1
  let count = 0
  for (let entry = 0; entry < entries; entry++) {
    const head = reader.next('a bucket')
    if (head >= 4 * SLOTS) throw new MalformedHistogramError(`entry ${entry} lies beyond the highest bucket`)
    const step = head >> 1
    if (step === 0) throw new MalformedHistogramError(`entry ${entry} does not lie above the entry before it`)
    slot += step
    if (slot >= SLOTS) throw new MalformedHistogramError(`entry ${entry} lies beyond the highest bucket`)
    let many = 1
    if (head & 1) {
      many = reader.next('a count')
      if (many === 0) throw new MalformedHistogramError(`entry ${entry} has a count of zero`)
      if (many === 1) throw new MalformedHistogramError(`entry ${entry} spells out a count of one`)
    }
    readSlots[entry] = slot
    readCounts[entry] = many
    count += many
  }
  if (reader.at < bytes.length) throw new MalformedHistogramError(`${bytes.length - reader.at} trailing bytes`)
  if (count > Number.MAX_SAFE_INTEGER) throw new MalformedHistogramError('counts add up to more than 2^53 - 1')
  return { entries, count }
}

class VarintReader {
  readonly #bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  next(what: string): number {
    const first = this.#bytes[this.at++]
    if (first === undefined) throw new MalformedHistogramError(`it ends before ${what}`)
    if (first < 0x80) return first
    let value = first - 0x80
    for (let weight = 0x80; weight < 2 ** 56; weight *= 0x80) {
      const byte = this.#bytes[this.at++]
      if (byte === undefined) throw new MalformedHistogramError(`it ends inside ${what}`)
      value += (byte % 0x80) * weight
      if (byte >= 0x80) continue
      if (byte === 0) throw new MalformedHistogramError(`${what} is not written in its shortest form`)
      if (value > Number.MAX_SAFE_INTEGER) break
      return value
    }
    throw new MalformedHistogramError(`${what} is above 2^53 - 1`)
  }
}

/** Writes an integer from 0 to 2^53 - 1 into `written`, and gives the offset behind it. */
function writeVarint(value: number, at: number): number {
  let rest = value
  let end = at
  while (rest >= 0x80) {
    written[end++] = 0x80 + (rest % 0x80)
    rest = Math.floor(rest / 0x80)
  }
  written[end++] = rest
  return end
}
