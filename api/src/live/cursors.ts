import { createHash, hash } from 'node:crypto'
import { RefusedError } from '../base/errors.ts'
import type { DeploymentEventRecord } from '../bus/bus.ts'
import type { Sample } from '../metrics/sample.ts'

/**
 * The opaque form of a position in a log: base64url of
 * kind (1 byte, also the version of the format) · epoch (8 bytes of its hash) · subject (16 bytes, the UUID of the
 * deployment or zeros) · tag (5 bytes of the entry there, or zeros where there is none) · sequence (6 bytes, big
 * endian).
 *
 * The tag tells an entry from another one that has its sequence since the database was set back.
 */
type CursorKind = 'sample' | 'event'

const KIND_BYTE: Record<CursorKind, number> = { sample: 0x12, event: 0x22 }
/** The form that cursors had before they had tags: accepted for one release. */
const UNTAGGED_KIND_BYTE: Record<CursorKind, number> = { sample: 0x11, event: 0x21 }
const TAG_BYTES = 5
const UNTAGGED_LENGTH = 31
const LENGTH = UNTAGGED_LENGTH + TAG_BYTES
const NO_TAG = Buffer.alloc(TAG_BYTES)
const NO_SUBJECT = '00000000-0000-0000-0000-000000000000'

type TaggedSample = Omit<Sample, 'deploymentKey' | 'latency' | 'source'>
type TaggedEvent = Pick<DeploymentEventRecord, 'id'>

/** A position that a cursor names, and how to tell whether its entry is still the same. */
export class LogPosition<T extends TaggedSample | TaggedEvent> {
  readonly sequence: number
  readonly #tag: Buffer
  readonly #tagOf: (entry: T) => Buffer

  constructor(sequence: number, tag: Buffer, tagOf: (entry: T) => Buffer) {
    this.sequence = sequence
    this.#tag = tag
    this.#tagOf = tagOf
  }

  /** Whether there is an entry to compare with; not in the cursor of an empty log. */
  get hasEntry(): boolean {
    return !this.#tag.equals(NO_TAG)
  }

  /**
   * @param entry that has this sequence now; undefined when there is none (any more)
   * @throws RefusedError CURSOR_INVALID when it is another one than that of the cursor
   */
  requireSame(entry: T | undefined): void {
    if (!this.hasEntry || entry === undefined || this.#tagOf(entry).equals(this.#tag)) return
    throw setBackError()
  }
}

export class Cursors {
  readonly #epoch: Buffer

  /** @param epoch the log epoch that the database holds */
  constructor(epoch: string) {
    this.#epoch = createHash('sha256').update(epoch).digest().subarray(0, 8)
  }

  /** @param at the sample after which one resumes; where it is gone, or the log is empty, its sequence */
  sample(deploymentId: string, at: TaggedSample | number): string {
    if (typeof at === 'number') return this.#encode('sample', deploymentId, at, NO_TAG)
    return this.#encode('sample', deploymentId, at.sequence, sampleTag(at))
  }

  /** @param at the event after which one resumes; 0 before the first one */
  event(at: (TaggedEvent & { sequence: number }) | number): string {
    if (typeof at === 'number') return this.#encode('event', NO_SUBJECT, at, NO_TAG)
    return this.#encode('event', NO_SUBJECT, at.sequence, eventTag(at))
  }

  /**
   * The position in a cursor. Its entry is still to be compared.
   * @throws RefusedError CURSOR_INVALID when it is malformed, of another deployment or epoch, or beyond `head`
   */
  readSample(cursor: string, deploymentId: string, head: number): LogPosition<TaggedSample> {
    return this.#decode('sample', cursor, deploymentId, head, sampleTag)
  }

  /** Whether this has the form of a cursor of events; `readEvent` says whether it is one. */
  isEvent(cursor: string): boolean {
    return isOfKind('event', Buffer.from(cursor, 'base64url'))
  }

  /** @throws RefusedError CURSOR_INVALID, like `readSample` */
  readEvent(cursor: string, head: number): LogPosition<TaggedEvent> {
    return this.#decode('event', cursor, NO_SUBJECT, head, eventTag)
  }

  #encode(kind: CursorKind, subject: string, sequence: number, tag: Buffer): string {
    const bytes = Buffer.alloc(LENGTH)
    bytes[0] = KIND_BYTE[kind]
    this.#epoch.copy(bytes, 1)
    bytes.write(subject.replaceAll('-', ''), 9, 'hex')
    tag.copy(bytes, 25)
    bytes.writeUIntBE(sequence, 25 + TAG_BYTES, 6)
    return bytes.toString('base64url')
  }

  #decode<T extends TaggedSample | TaggedEvent>(
    kind: CursorKind,
    cursor: string,
    subject: string,
    head: number,
    tagOf: (entry: T) => Buffer,
  ): LogPosition<T> {
    const bytes = Buffer.from(cursor, 'base64url')
    if (bytes.toString('base64url') !== cursor || !isOfKind(kind, bytes)) {
      throw invalid(`this is not a cursor of ${kind === 'sample' ? 'samples' : 'events'}`)
    }
    if (!bytes.subarray(1, 9).equals(this.#epoch)) {
      throw invalid('the cursor was made before this database was created or restored; start again without it')
    }
    if (bytes.subarray(9, 25).toString('hex') !== subject.replaceAll('-', '')) {
      throw invalid('the cursor belongs to another deployment')
    }
    const sequence = bytes.readUIntBE(bytes.length - 6, 6)
    if (sequence > head) throw invalid('the cursor lies beyond the newest entry; start again without it')
    const tag = bytes.length === LENGTH ? bytes.subarray(25, 25 + TAG_BYTES) : NO_TAG
    return new LogPosition(sequence, tag, tagOf)
  }
}

/** The database lost the end of a log: its subscribers, and cursors of what was lost, cannot go on. */
export function setBackError(): RefusedError {
  return invalid('the database was set back to an earlier state since; start again without the cursor')
}

export function isSameSample(one: TaggedSample, other: TaggedSample): boolean {
  return sampleTag(one).equals(sampleTag(other))
}

export function isSameEvent(one: TaggedEvent, other: TaggedEvent): boolean {
  return one.id === other.id
}

/** Each group of a deployment makes the cursor of a sample twice: in the message, and for the id of its event. */
const sampleTags = new WeakMap<TaggedSample, Buffer>()

/** Of figures that every sample has had from the first release on: tags of stored samples must not change. */
function sampleTag(sample: TaggedSample): Buffer {
  const known = sampleTags.get(sample)
  if (known !== undefined) return known
  const { windowStartMs, windowMs, requests, errors, latencySumMs, latencyMaxMs } = sample
  const text = [windowStartMs, windowMs, requests, errors, latencySumMs, latencyMaxMs].join(' ')
  const tag = hash('sha256', text, 'buffer').subarray(0, TAG_BYTES)
  sampleTags.set(sample, tag)
  return tag
}

/** The end of its id, a UUID of version 7: random. */
function eventTag({ id }: TaggedEvent): Buffer {
  return Buffer.from(id.slice(-2 * TAG_BYTES), 'hex')
}

function isOfKind(kind: CursorKind, { length, 0: first }: Buffer): boolean {
  return (
    (length === LENGTH && first === KIND_BYTE[kind]) ||
    (length === UNTAGGED_LENGTH && first === UNTAGGED_KIND_BYTE[kind])
  )
}

function invalid(reason: string): RefusedError {
  return new RefusedError('CURSOR_INVALID', `Invalid cursor: ${reason}.`)
}
