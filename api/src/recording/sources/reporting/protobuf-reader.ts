import { PbfReader } from 'pbf'
import { Parts } from './otlp.ts'

/** Wire types. https://protobuf.dev/programming-guides/encoding/#structure */
const VARINT = 0
const FIXED64 = 1
const BYTES = 2

/** Reads one field into a message. What it leaves is skipped. */
export type ReadField<Into> = (reader: ProtobufReader, field: number, into: Into) => void

/**
 * Reads each field to its end and no further, with the wire type that it must have: pbf itself would go on beyond a
 * message without a word. What is wrong is thrown as a plain error.
 */
export class ProtobufReader {
  /** Counted by who reads them. */
  readonly parts = new Parts()
  readonly #pbf: PbfReader
  readonly #bytes: Buffer
  /** The list of doubles that was read last, and where it is written. */
  #doubles: readonly number[] = []
  #doublesStart = 0
  #doublesEnd = 0
  /** The list that was made of several parts last. */
  #joined: number[] = []

  constructor(bytes: Uint8Array) {
    this.#pbf = new PbfReader(bytes)
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** All that there is, as the fields of one message. */
  whole<Into>(into: Into, read: ReadField<Into>): Into {
    return this.#fields(this.#pbf.length, into, read)
  }

  message<Into>(into: Into, read: ReadField<Into>): Into {
    return this.#fields(this.#endOfBytes(), into, read)
  }

  #fields<Into>(end: number, into: Into, read: ReadField<Into>): Into {
    const pbf = this.#pbf
    while (pbf.pos < end) {
      const field = pbf.nextField(end)
      // 0 at the end, once a field that was not read is skipped.
      if (field === 0) break
      read(this, field, into)
    }
    if (pbf.pos !== end) throw new Error('A field ends beyond its message.')
    return into
  }

  text(): string {
    return this.#slice('utf8')
  }

  /** Bytes as they are. */
  base64(): string {
    return this.#slice('base64')
  }

  #slice(encoding: 'utf8' | 'base64'): string {
    const end = this.#endOfBytes()
    const start = this.#pbf.pos
    this.#pbf.pos = end
    return this.#bytes.toString(encoding, start, end)
  }

  varint(isSigned = false): number {
    this.#expect(VARINT)
    return this.#pbf.readVarint(isSigned)
  }

  zigzag(): number {
    this.#expect(VARINT)
    return this.#pbf.readSVarint()
  }

  double(): number {
    this.#expect(FIXED64)
    return this.#pbf.readDouble()
  }

  fixed64(): number {
    this.#expect(FIXED64)
    return this.#pbf.readFixed64()
  }

  signedFixed64(): number {
    this.#expect(FIXED64)
    return this.#pbf.readSFixed64()
  }

  /** Adds repeated numbers: packed, or one of them. */
  fixed64s(into: number[]): void {
    const pbf = this.#pbf
    if (pbf.type !== BYTES) into.push(this.fixed64())
    else for (const end = this.#endOfNumbers(8); pbf.pos < end;) into.push(pbf.readFixed64())
  }

  varints(into: number[]): void {
    const pbf = this.#pbf
    if (pbf.type !== BYTES) {
      into.push(this.varint())
      return
    }
    const end = this.#endOfNumbers(1)
    while (pbf.pos < end) into.push(pbf.readVarint())
    if (pbf.pos !== end) throw new Error('A number ends beyond its list.')
  }

  /**
   * Repeated doubles after those that were `before`. It is the same list as the last time where the same is written
   * again, as bounds nearly always are: so what is known of them is known by the list.
   */
  doubles(before: readonly number[]): readonly number[] {
    const pbf = this.#pbf
    // One at a time, or in several parts: into one list, which is not made anew for each.
    if (pbf.type !== BYTES || before.length > 0) {
      if (before !== this.#joined) this.#joined = [...before]
      if (pbf.type !== BYTES) this.#joined.push(this.double())
      else for (const end = this.#endOfNumbers(8); pbf.pos < end;) this.#joined.push(pbf.readDouble())
      return this.#joined
    }
    const end = this.#endOfNumbers(8)
    const start = pbf.pos
    const bytes = this.#bytes
    if (bytes.compare(bytes, this.#doublesStart, this.#doublesEnd, start, end) === 0) {
      pbf.pos = end
    } else {
      const read: number[] = []
      while (pbf.pos < end) read.push(pbf.readDouble())
      this.#doubles = read
      this.#doublesStart = start
      this.#doublesEnd = end
    }
    return this.#doubles
  }

  #endOfNumbers(size: number): number {
    const end = this.#endOfBytes()
    if ((end - this.#pbf.pos) % size !== 0) throw new Error('A number ends beyond its list.')
    return end
  }

  /** Of what has a length, which begins there. */
  #endOfBytes(): number {
    this.#expect(BYTES)
    const end = this.#pbf.readVarint() + this.#pbf.pos
    if (!(end <= this.#pbf.length)) throw new Error('Something is longer than what is left.')
    return end
  }

  #expect(type: number): void {
    if (this.#pbf.type !== type) throw new Error(`A field has wire type ${this.#pbf.type}, not ${type}.`)
  }
}
