import { promisify } from 'node:util'
import { brotliCompress, brotliCompressSync, constants, crc32, deflateRaw, deflateRawSync } from 'node:zlib'
import type { AnswerBody, AnswerText } from '../engine/answer-body.ts'

/** The codings of an answer, the cheapest first: at its fastest, brotli takes a third to a half of the CPU of gzip. */
export const ANSWER_CODINGS = ['br', 'gzip'] as const
export type AnswerCoding = (typeof ANSWER_CODINGS)[number]

/** Packing a larger one is left to another thread: it would hold up the event loop for more than a millisecond. */
const MAX_BYTES_AT_ONCE = 64 * 1024

// Flushed, so that the head ends with a whole byte and the tail can follow. The better levels cost several times as
// much for some percent of the size.
const BROTLI = {
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
  params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
}
const DEFLATE = { finishFlush: constants.Z_SYNC_FLUSH, level: constants.Z_BEST_SPEED }

const PACK = {
  br: {
    now: (bytes: Buffer) => brotliCompressSync(bytes, BROTLI),
    later: async (bytes: Buffer) => await promisify(brotliCompress)(bytes, BROTLI),
  },
  gzip: {
    now: (bytes: Buffer) => deflateRawSync(bytes, DEFLATE),
    later: async (bytes: Buffer) => await promisify(deflateRaw)(bytes, DEFLATE),
  },
}

interface PackedHead {
  bytes: Buffer
  /** Of what it unpacks to; 0 where the coding needs none. */
  checksum: number
}

/** For as long as somebody has the answer: equal reads share them. */
const heads: Record<AnswerCoding, WeakMap<AnswerBody, Promise<PackedHead>>> = { br: new WeakMap(), gzip: new WeakMap() }

/** An answer in a coding. Its head is packed once for all its readers; their tails are short, and follow as they are. */
export async function packedAnswer({ body, tail }: AnswerText, coding: AnswerCoding): Promise<Buffer> {
  let head = heads[coding].get(body)
  if (head === undefined) {
    head = packedHead(body.head, coding)
    heads[coding].set(body, head)
  }
  const { bytes, checksum } = await head
  return coding === 'br' ? Buffer.concat([bytes, ...brotliEnd(tail)]) : gzipOf(bytes, checksum, body.head.length, tail)
}

async function packedHead(head: Buffer, coding: AnswerCoding): Promise<PackedHead> {
  const { now, later } = PACK[coding]
  const bytes = head.length <= MAX_BYTES_AT_ONCE ? now(head) : await later(head)
  return { bytes, checksum: coding === 'gzip' ? crc32(head) : 0 }
}

/**
 * RFC 7932, section 9.2: meta-blocks of at most 64 KiB that are not compressed (ISLAST 0, MNIBBLES 4, MLEN - 1,
 * ISUNCOMPRESSED 1), then an empty last one (ISLAST 1, ISLASTEMPTY 1).
 */
function brotliEnd(tail: Buffer): Buffer[] {
  const blocks = partsOf(tail, 65_536).flatMap((part) => {
    const header = Buffer.alloc(3)
    header.writeUIntLE(((part.length - 1) << 3) | (1 << 19), 0, 3)
    return [header, part]
  })
  return [...blocks, Buffer.of(3)]
}

/** RFC 1952: a header without a name and time, the deflated bytes, and of what they unpack to: checksum and length. */
function gzipOf(head: Buffer, checksumOfHead: number, bytesOfHead: number, tail: Buffer): Buffer {
  const header = Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255)
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(tail, checksumOfHead), 0)
  trailer.writeUInt32LE(bytesOfHead + tail.length, 4)
  return Buffer.concat([header, head, ...deflateEnd(tail), trailer])
}

/** RFC 1951, section 3.2.4: blocks of less than 64 KiB that are stored, the last of them marked. */
function deflateEnd(tail: Buffer): Buffer[] {
  const parts = partsOf(tail, 65_535)
  return parts.flatMap((part, i) => {
    const header = Buffer.alloc(5)
    header[0] = i === parts.length - 1 ? 1 : 0
    header.writeUInt16LE(part.length, 1)
    header.writeUInt16LE(65_535 - part.length, 3)
    return [header, part]
  })
}

function partsOf(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, i) =>
    bytes.subarray(i * length, (i + 1) * length),
  )
}
