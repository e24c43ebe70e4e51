import { createHash } from 'node:crypto'
import { RefusedError } from '../base/errors.ts'

/**
 * The opaque form of a position in a log: base64url of
 * kind (1 byte, also the version of the format) · epoch (8 bytes of its hash) · subject (16 bytes, the UUID of the
 * deployment or zeros) · sequence (6 bytes, big endian).
 */
type CursorKind = 'sample' | 'event'

const KIND_BYTE: Record<CursorKind, number> = { sample: 0x11, event: 0x21 }
const LENGTH = 31
const NO_SUBJECT = '00000000-0000-0000-0000-000000000000'

export class Cursors {
  readonly #epoch: Buffer

  /** @param epoch the log epoch that the database holds */
  constructor(epoch: string) {
    this.#epoch = createHash('sha256').update(epoch).digest().subarray(0, 8)
  }

  sample(deploymentId: string, sequence: number): string {
    return this.#encode('sample', deploymentId, sequence)
  }

  event(sequence: number): string {
    return this.#encode('event', NO_SUBJECT, sequence)
  }

  /**
   * The sequence in a cursor.
   * @throws RefusedError CURSOR_INVALID when it is malformed, of another deployment or epoch, or beyond `head`
   */
  readSample(cursor: string, deploymentId: string, head: number): number {
    return this.#decode('sample', cursor, deploymentId, head)
  }

  /** Whether this has the form of a cursor of events; `readEvent` says whether it is one. */
  isEvent(cursor: string): boolean {
    const bytes = Buffer.from(cursor, 'base64url')
    return bytes.length === LENGTH && bytes[0] === KIND_BYTE.event
  }

  /** @throws RefusedError CURSOR_INVALID, like `readSample` */
  readEvent(cursor: string, head: number): number {
    return this.#decode('event', cursor, NO_SUBJECT, head)
  }

  #encode(kind: CursorKind, subject: string, sequence: number): string {
    const bytes = Buffer.alloc(LENGTH)
    bytes[0] = KIND_BYTE[kind]
    this.#epoch.copy(bytes, 1)
    bytes.write(subject.replaceAll('-', ''), 9, 'hex')
    bytes.writeUIntBE(sequence, 25, 6)
    return bytes.toString('base64url')
  }

  #decode(kind: CursorKind, cursor: string, subject: string, head: number): number {
    const bytes = Buffer.from(cursor, 'base64url')
    if (bytes.length !== LENGTH || bytes.toString('base64url') !== cursor || bytes[0] !== KIND_BYTE[kind]) {
      throw invalid(`this is not a cursor of ${kind === 'sample' ? 'samples' : 'events'}`)
    }
    if (!bytes.subarray(1, 9).equals(this.#epoch)) {
      throw invalid('the cursor was made before this database was created or restored; start again without it')
    }
    if (bytes.subarray(9, 25).toString('hex') !== subject.replaceAll('-', '')) {
      throw invalid('the cursor belongs to another deployment')
    }
    const sequence = bytes.readUIntBE(25, 6)
    if (sequence > head) throw invalid('the cursor lies beyond the newest entry; start again without it')
    return sequence
  }
}

function invalid(reason: string): RefusedError {
  return new RefusedError('CURSOR_INVALID', `Invalid cursor: ${reason}.`)
}
