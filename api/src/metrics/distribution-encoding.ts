import { BoundedHistogram, compareBounds, MAX_BOUNDS } from './bounded-histogram.ts'
import {
  addRead,
  ByteReader,
  ByteWriter,
  MalformedHistogramError,
  readEntries,
  writeEntries,
} from './histogram-encoding.ts'
import { HISTOGRAM_VERSION, LatencyHistogram } from './latency-histogram.ts'

/**
 * Version 2 of the stored form: several parts. Ours alone, or nothing at all, is written as version 1.
 *
 *     version   1 byte
 *     parts     varint, how many follow
 *     part      1 byte, its kind, and then by kind, in this order, with a count of 1 at least in each:
 *       1       ours, at most once: entries (see histogram-encoding.ts) whose places are slots
 *       2       explicit bounds, at most 7 times, in the order of `compareBounds`:
 *               varint  how many bounds: 1 to 256
 *               byte    decimals: 0 to 9, the fewest with which every bound is an integer / 10^decimals, below 2^53;
 *                       255 when there are none
 *               bounds  varints: those integers, each as what it is above the one before it (from 0 for the first);
 *                       with 255: doubles, big-endian
 *               entries whose places are buckets: from the lowest, one more than there are bounds
 *       3       unknown, at most once: varint, how many latencies
 *
 * There is one way to write a given content, and equal content is equal bytes.
 */
const PARTS_VERSION = 2
const KIND = { ours: 1, bounded: 2, unknown: 3 } as const

/** Ours is one more part. */
export const MAX_SETS_OF_BOUNDS = 7

const MAX_DECIMALS = 9
const AS_DOUBLES = 255

/** What the stored form holds. `bounded` is in the order of `compareBounds`. */
export interface Parts {
  ours: LatencyHistogram
  bounded: BoundedHistogram[]
  unknown: number
}

const writer = new ByteWriter()

export function encodeParts({ ours, bounded, unknown }: Parts): Uint8Array {
  if (bounded.length === 0 && unknown === 0) return ours.encode()
  writer.byte(PARTS_VERSION)
  writer.varint((ours.count > 0 ? 1 : 0) + bounded.length + (unknown > 0 ? 1 : 0))
  if (ours.count > 0) {
    writer.byte(KIND.ours)
    ours.writeTo(writer)
  }
  for (const { boundsMs, counts } of bounded) {
    writer.byte(KIND.bounded)
    writeBounds(boundsMs)
    writeEntries(writer, counts, 0)
  }
  if (unknown > 0) {
    writer.byte(KIND.unknown)
    writer.varint(unknown)
  }
  return writer.take()
}

/** @throws MalformedHistogramError for everything that `encodeParts` would not have written. */
export function decodeParts(bytes: Uint8Array): Parts {
  const parts: Parts = { ours: new LatencyHistogram(), bounded: [], unknown: 0 }
  if (bytes.length === 0) throw new MalformedHistogramError('no bytes')
  if (bytes[0] === HISTOGRAM_VERSION) {
    parts.ours.mergeEncoded(bytes)
    return parts
  }
  if (bytes[0] !== PARTS_VERSION) {
    throw new MalformedHistogramError(`unknown version ${bytes[0]}, only versions 1 and 2 are known`)
  }
  const reader = new ByteReader(bytes, 1)
  const size = reader.varint('the number of parts')
  if (size > MAX_SETS_OF_BOUNDS + 2) throw new MalformedHistogramError(`${size} parts, more than there can be`)
  let previous = 0
  for (let part = 0; part < size; part++) {
    const kind = reader.byte('the kind of a part')
    if (kind < previous || (kind === previous && kind !== KIND.bounded)) {
      throw new MalformedHistogramError(`part ${part} of kind ${kind} follows one of kind ${previous}`)
    }
    readPart(reader, kind, part, parts)
    previous = kind
  }
  reader.end()
  if (parts.bounded.length === 0 && parts.unknown === 0) {
    throw new MalformedHistogramError('version 2 without a part that needs it')
  }
  if (countOf(parts) > Number.MAX_SAFE_INTEGER) {
    throw new MalformedHistogramError('counts add up to more than 2^53 - 1')
  }
  return parts
}

export function countOf({ ours, bounded, unknown }: Parts): number {
  return bounded.reduce((sum, { count }) => sum + count, ours.count + unknown)
}

function readPart(reader: ByteReader, kind: number, part: number, parts: Parts): void {
  if (kind === KIND.ours) {
    parts.ours.mergeFrom(reader)
    if (parts.ours.count === 0) throw new MalformedHistogramError(`part ${part} counts nothing`)
  } else if (kind === KIND.bounded) {
    if (parts.bounded.length === MAX_SETS_OF_BOUNDS) {
      throw new MalformedHistogramError(`more than ${MAX_SETS_OF_BOUNDS} sets of bounds`)
    }
    const histogram = readBounded(reader)
    const before = parts.bounded.at(-1)
    if (histogram.count === 0) throw new MalformedHistogramError(`part ${part} counts nothing`)
    if (before && compareBounds(before.boundsMs, histogram.boundsMs) >= 0) {
      throw new MalformedHistogramError(`part ${part} does not come after the part before it`)
    }
    parts.bounded.push(histogram)
  } else if (kind === KIND.unknown) {
    parts.unknown = reader.varint('a count')
    if (parts.unknown === 0) throw new MalformedHistogramError(`part ${part} counts nothing`)
  } else {
    throw new MalformedHistogramError(`part ${part} is of the unknown kind ${kind}`)
  }
}

function readBounded(reader: ByteReader): BoundedHistogram {
  const boundsMs = readBounds(reader)
  const { entries, end } = readEntries(reader.bytes, reader.at, boundsMs.length + 1)
  reader.at = end
  const counts = new Float64Array(boundsMs.length + 1)
  addRead(entries, counts, 0)
  try {
    return new BoundedHistogram(boundsMs, counts)
  } catch (error) {
    if (error instanceof RangeError) throw new MalformedHistogramError(`its bounds are wrong: ${error.message}`)
    throw error
  }
}

function readBounds(reader: ByteReader): Float64Array {
  const size = reader.varint('the number of bounds')
  if (size < 1 || size > MAX_BOUNDS) throw new MalformedHistogramError(`${size} bounds, not 1 to ${MAX_BOUNDS}`)
  const decimals = reader.byte('the decimals of the bounds')
  if (decimals > MAX_DECIMALS && decimals !== AS_DOUBLES) {
    throw new MalformedHistogramError(`bounds with ${decimals} decimals`)
  }
  const boundsMs = new Float64Array(size)
  const power = 10 ** decimals
  let isInOneForm = true
  let integer = 0
  for (let at = 0; at < size; at++) {
    if (decimals === AS_DOUBLES) {
      boundsMs[at] = reader.double('a bound')
    } else {
      integer += reader.varint('a bound')
      boundsMs[at] = integer / power
      isInOneForm &&= integer === Math.round((integer / power) * power)
    }
  }
  if (!isInOneForm || decimalsOf(boundsMs) !== decimals) {
    throw new MalformedHistogramError('its bounds are not written in their one form')
  }
  return boundsMs
}

function writeBounds(boundsMs: Float64Array): void {
  const decimals = decimalsOf(boundsMs)
  writer.varint(boundsMs.length)
  writer.byte(decimals)
  let previous = 0
  for (const boundMs of boundsMs) {
    if (decimals === AS_DOUBLES) {
      writer.double(boundMs)
    } else {
      const integer = Math.round(boundMs * 10 ** decimals)
      writer.varint(integer - previous)
      previous = integer
    }
  }
}

/** A double is read back exactly from an integer below 2^53 and a power of ten: one division, rounded once. */
function decimalsOf(boundsMs: Float64Array): number {
  for (let decimals = 0; decimals <= MAX_DECIMALS; decimals++) {
    const power = 10 ** decimals
    const isExact = (boundMs: number) => {
      const integer = Math.round(boundMs * power)
      return integer <= Number.MAX_SAFE_INTEGER && integer / power === boundMs
    }
    if (boundsMs.every(isExact)) return decimals
  }
  return AS_DOUBLES
}
