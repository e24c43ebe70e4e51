import { SLOTS } from './histogram-buckets.ts'

/** Bytes that are no histogram. The message says what is wrong with them. */
export class MalformedHistogramError extends Error {
  override name = 'MalformedHistogramError'
  constructor(reason: string) {
    super(`Not a latency histogram: ${reason}.`)
  }
}

/** Reads the elements of the stored forms. A varint is unsigned LEB128 in its shortest form. */
export class ByteReader {
  readonly bytes: Uint8Array
  /** Where the next element begins. */
  at: number

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.at = at
  }

  byte(what: string): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw new MalformedHistogramError(`it ends before ${what}`)
    return byte
  }

  varint(what: string): number {
    const first = this.bytes[this.at++]
    if (first === undefined) throw new MalformedHistogramError(`it ends before ${what}`)
    if (first < 0x80) return first
    // Nearly all have one or two bytes, and a year of windows has a hundred million of them.
    const second = this.bytes[this.at]
    if (second !== undefined && second !== 0 && second < 0x80) {
      this.at++
      return first - 0x80 + (second << 7)
    }
    let value = first - 0x80
    for (let weight = 0x80; weight < 2 ** 56; weight *= 0x80) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) throw new MalformedHistogramError(`it ends inside ${what}`)
      value += (byte % 0x80) * weight
      if (byte >= 0x80) continue
      if (byte === 0) throw new MalformedHistogramError(`${what} is not written in its shortest form`)
      if (value > Number.MAX_SAFE_INTEGER) break
      return value
    }
    throw new MalformedHistogramError(`${what} is above 2^53 - 1`)
  }

  /** A big-endian double. */
  double(what: string): number {
    const [at, end] = [this.at, this.at + 8]
    if (end > this.bytes.length) throw new MalformedHistogramError(`it ends inside ${what}`)
    this.at = end
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + at, 8).getFloat64(0)
  }

  /** Nothing may follow. */
  end(): void {
    const trailing = this.bytes.length - this.at
    if (trailing > 0) throw new MalformedHistogramError(`${trailing} trailing bytes`)
  }
}

/** Writes what a `ByteReader` reads. */
export class ByteWriter {
  #bytes = new Uint8Array(512)
  #end = 0

  byte(value: number): void {
    if (this.#end === this.#bytes.length) {
      const longer = new Uint8Array(2 * this.#end)
      longer.set(this.#bytes)
      this.#bytes = longer
    }
    this.#bytes[this.#end++] = value
  }

  /** An integer from 0 to 2^53 - 1. */
  varint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.byte(0x80 + (rest % 0x80))
      rest = Math.floor(rest / 0x80)
    }
    this.byte(rest)
  }

  double(value: number): void {
    const view = new DataView(new ArrayBuffer(8))
    view.setFloat64(0, value)
    for (let at = 0; at < 8; at++) this.byte(view.getUint8(at))
  }

  /** A copy of what was written; the writer is empty after it. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#end)
    this.#end = 0
    return taken
  }
}

/**
 * Where the entries of one list are before they are taken over whole. Used within one synchronous call, never across.
 * Not exported: reading through an import takes a quarter more time.
 */
const readPlaces = new Uint16Array(SLOTS)
const readCounts = new Float64Array(SLOTS)

/** Where the counts of one list are that are written. Used within one synchronous call. */
const writtenPlaces = new Uint16Array(SLOTS)

/** The bytes that these entries were read from, where someone goes on reading them. */
let heldBytes: Uint8Array | undefined

export interface ReadEntries {
  entries: number
  /** The sum of their counts. */
  count: number
  /** The places of the first and the last, if there are any. */
  first: number
  last: number
  /** Where what follows begins. */
  end: number
}

/**
 * Reads a list of counts, most of which are zero, for `addRead`:
 *
 *     entries   varint, how many follow
 *     entry     varint  2 × step + m   step: places on from the entry before it (from -1 for the first), at least 1
 *               varint  count          only when m is 1: at least 2. Without it (m is 0) the count is 1, as most are.
 *
 * `places`: how long the list is, at most SLOTS.
 */
export function readEntries(bytes: Uint8Array, from: number, places: number): ReadEntries {
  heldBytes = undefined
  const reader = new ByteReader(bytes, from)
  const entries = reader.varint('the number of entries')
  if (entries > places) throw new MalformedHistogramError(`${entries} entries, more than there are buckets`)
  let place = -1
  let count = 0
  let { at } = reader
  for (let entry = 0; entry < entries; entry++) {
    // Most elements have one byte: they are read right here.
    let head = bytes[at] ?? 0x80
    if (head < 0x80) at++
    else {
      reader.at = at
      head = reader.varint('a bucket')
      at = reader.at
    }
    if (head >= 4 * SLOTS) throw new MalformedHistogramError(`entry ${entry} lies beyond the highest bucket`)
    const step = head >> 1
    if (step === 0) throw new MalformedHistogramError(`entry ${entry} does not lie above the entry before it`)
    place += step
    if (place >= places) throw new MalformedHistogramError(`entry ${entry} lies beyond the highest bucket`)
    let many = 1
    if (head & 1) {
      many = bytes[at] ?? 0x80
      if (many < 0x80) at++
      else {
        reader.at = at
        many = reader.varint('a count')
        at = reader.at
      }
      if (many === 0) throw new MalformedHistogramError(`entry ${entry} has a count of zero`)
      if (many === 1) throw new MalformedHistogramError(`entry ${entry} spells out a count of one`)
    }
    readPlaces[entry] = place
    readCounts[entry] = many
    count += many
  }
  if (count > Number.MAX_SAFE_INTEGER) throw new MalformedHistogramError('counts add up to more than 2^53 - 1')
  return { entries, count, first: readPlaces[0] ?? 0, last: readPlaces[entries - 1] ?? 0, end: at }
}

/** A list of counts in its stored form, to be read from there: the only such list in bytes that do not change. */
export class StoredEntries {
  readonly #bytes: Uint8Array
  readonly #from: number
  readonly #places: number
  /** The sum of the counts. */
  readonly count: number
  /** Where what follows begins. */
  readonly end: number

  /** @throws MalformedHistogramError */
  constructor(bytes: Uint8Array, from: number, places: number) {
    this.#bytes = bytes
    this.#from = from
    this.#places = places
    const { count, end } = readEntries(bytes, from, places)
    this.count = count
    this.end = end
    heldBytes = bytes
  }

  /** The place of what has this rank, from 1 to `count`. */
  slotAt(rank: number): number {
    if (heldBytes !== this.#bytes) {
      readEntries(this.#bytes, this.#from, this.#places)
      heldBytes = this.#bytes
    }
    let entry = 0
    for (let seen = readCounts[0] ?? 0; seen < rank; seen += readCounts[entry] ?? 0) entry++
    return readPlaces[entry] ?? 0
  }
}

/** Adds what was read last to counts, the first of which is that of the place `first`. They reach over all of it. */
export function addRead(entries: number, counts: Float64Array, first: number): void {
  for (let entry = 0; entry < entries; entry++) {
    const at = (readPlaces[entry] ?? 0) - first
    counts[at] = (counts[at] ?? 0) + (readCounts[entry] ?? 0)
  }
}

/** Adds what was read last to the counts of groups; `groupOf` gives that of each place. */
export function addReadTo(entries: number, groups: Float64Array, groupOf: Uint8Array): void {
  for (let entry = 0; entry < entries; entry++) {
    const group = groupOf[readPlaces[entry] ?? 0] ?? 0
    groups[group] = (groups[group] ?? 0) + (readCounts[entry] ?? 0)
  }
}

/** Writes a list of counts as `readEntries` reads it. `first`: the place of the first of them. */
export function writeEntries(writer: ByteWriter, counts: Float64Array, first: number): void {
  let entries = 0
  // Most are zero: they are walked over once.
  for (let at = 0; at < counts.length; at++) if (counts[at] !== 0) writtenPlaces[entries++] = at
  writer.varint(entries)
  let previous = -1
  for (let entry = 0; entry < entries; entry++) {
    const at = writtenPlaces[entry] ?? 0
    const count = counts[at] ?? 0
    const place = first + at
    writer.varint(2 * (place - previous) + (count > 1 ? 1 : 0))
    if (count > 1) writer.varint(count)
    previous = place
  }
}
