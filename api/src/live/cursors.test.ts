import { describe, expect, it } from 'vitest'
import { RefusedError } from '../base/errors.ts'
import type { Sample } from '../metrics/sample.ts'
import { NOTHING_KNOWN } from '../metrics/window-metrics.ts'
import { Cursors } from './cursors.ts'

const cursors = new Cursors('an epoch')
const one = '018f2f6e-1111-7abc-8def-0123456789ab'
const other = '018f2f6e-1111-7abc-8def-0123456789ac'

function refusalOf(read: () => unknown): string {
  try {
    return `no refusal but ${JSON.stringify(read())}`
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    return `${error.code}: ${error.message}`
  }
}
const sample: Sample = {
  deploymentKey: 7,
  sequence: 12,
  windowStartMs: Date.UTC(2026, 10, 23),
  windowMs: 1000,
  ...NOTHING_KNOWN,
  requests: 41,
  errors: 1,
  latencySumMs: 512.25,
  latencyMaxMs: 30.5,
  latency: null,
  promptTokens: null,
  generatedTokens: null,
  inFlight: 2,
  source: 'SIMULATED',
}
const event = { id: '018f2f6e-2222-7abc-8def-0123456789ab', sequence: 12 }
const of = (cursor: string) => refusalOf(() => cursors.readSample(cursor, one, 100))

describe('a cursor', () => {
  it.each([0, 1, 255, 256, 2 ** 31, 2 ** 32 + 7, 2 ** 48 - 1])('gives back the sequence %d', (sequence) => {
    expect(cursors.readSample(cursors.sample(one, sequence), one, sequence).sequence).toBe(sequence)
    expect(cursors.readEvent(cursors.event(sequence), sequence).sequence).toBe(sequence)
    expect(cursors.readEvent(cursors.event({ ...event, sequence }), sequence).sequence).toBe(sequence)
  })

  it('is the same after a restart, and fits a URL', () => {
    expect(new Cursors('an epoch').sample(one, 12)).toBe(cursors.sample(one, 12))
    expect(cursors.sample(one, 2 ** 47 - 1)).toMatch(/^[A-Za-z0-9_-]{48}$/)
  })

  it('is refused beyond the head, and accepted at the head', () => {
    expect(cursors.readSample(cursors.sample(one, 100), one, 100).sequence).toBe(100)
    expect(of(cursors.sample(one, 101))).toContain('CURSOR_INVALID: Invalid cursor: the cursor lies beyond the newest')
    expect(refusalOf(() => cursors.readEvent(cursors.event(1), 0))).toContain('beyond the newest entry')
  })

  it('is refused after the database was created or restored', () => {
    const before = new Cursors('another epoch')
    expect(of(before.sample(one, 1))).toContain('CURSOR_INVALID: Invalid cursor: the cursor was made before this')
    expect(refusalOf(() => cursors.readEvent(before.event(1), 9))).toContain('was made before this database')
  })

  it.each<[string, Partial<Sample>]>([
    ['of a later window', { windowStartMs: sample.windowStartMs + 1000 }],
    ['of a longer window', { windowMs: 2000 }],
    ['with another number of requests', { requests: 42 }],
    ['with another number of errors', { errors: 0 }],
    ['with another latency', { latencySumMs: 512.5 }],
  ])('is refused when another sample has its place: one %s', (_what, other) => {
    const position = cursors.readSample(cursors.sample(one, sample), one, 100)
    expect([position.sequence, position.hasEntry]).toEqual([12, true])
    expect(refusalOf(() => position.requireSame(sample))).toContain('no refusal')
    expect(refusalOf(() => position.requireSame(undefined))).toContain('no refusal')
    expect(refusalOf(() => position.requireSame({ ...sample, ...other }))).toContain(
      'CURSOR_INVALID: Invalid cursor: the',
    )
  })

  it('is refused when another event has its place', () => {
    const position = cursors.readEvent(cursors.event(event), 100)
    expect(refusalOf(() => position.requireSame(event))).toContain('no refusal')
    expect(refusalOf(() => position.requireSame({ id: other }))).toContain('the database was set back to an earlier')
  })

  it('of a sample is the same whatever later releases add to samples', () => {
    expect(Buffer.from(cursors.sample(one, sample), 'base64url').subarray(25, 30).toString('hex')).toBe('f1ea8ab753')
    const more = { ...sample, inFlight: null, promptTokens: 5, latency: new Uint8Array([1]) }
    expect(cursors.sample(one, more)).toBe(cursors.sample(one, sample))
  })

  it('of a place without an entry, or from before cursors named entries, is accepted by its epoch and place', () => {
    for (const [kind, first] of [
      ['sample', 0x11],
      ['event', 0x21],
    ] as const) {
      const bytes = Buffer.from(kind === 'sample' ? cursors.sample(one, sample) : cursors.event(event), 'base64url')
      const untagged = Buffer.concat([Buffer.of(first), bytes.subarray(1, 25), bytes.subarray(30)]).toString(
        'base64url',
      )
      const read = (cursor: string) =>
        kind === 'sample' ? cursors.readSample(cursor, one, 12) : cursors.readEvent(cursor, 12)
      const bare = kind === 'sample' ? cursors.sample(one, 12) : cursors.event(12)
      for (const cursor of [untagged, bare]) {
        const position = read(cursor)
        expect([position.sequence, position.hasEntry]).toEqual([12, false])
      }
      expect(cursors.isEvent(untagged)).toBe(kind === 'event')
    }
  })

  it('is refused for another deployment', () => {
    expect(of(cursors.sample(other, 1))).toContain('CURSOR_INVALID: Invalid cursor: the cursor belongs to another')
  })

  it('is refused where the other kind of cursor is expected', () => {
    expect(of(cursors.event(1))).toContain('this is not a cursor of samples')
    expect(refusalOf(() => cursors.readEvent(cursors.sample(one, 1), 9))).toContain('this is not a cursor of events')
  })

  it('is refused when a single bit of it is changed', () => {
    const bytes = Buffer.from(cursors.sample(one, 64), 'base64url')
    // The lowest bits of the sequence lead to another sequence, which is no secret.
    for (let bit = 0; bit < 25 * 8; bit += 1) {
      const forged = Buffer.from(bytes)
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect([bit, of(forged.toString('base64url'))]).toEqual([bit, expect.stringContaining('CURSOR_INVALID')])
    }
  })

  it.each([
    ['nothing', ''],
    ['a space', ' '],
    ['a word', 'nonsense'],
    ['10 kB', 'A'.repeat(10_240)],
    ['NUL', '\u0000'],
    ['a character too few', cursors.sample(one, 1).slice(0, -1)],
    ['a character too many', `${cursors.sample(one, 1)}A`],
    ['padding', `${cursors.sample(one, 1)}==`],
    ['a line break', `${cursors.sample(one, 1)}\n`],
    ['the plain alphabet', cursors.sample('ffffffff-ffff-ffff-ffff-ffffffffffff', 1).replaceAll('_', '/')],
  ])('is refused when it is %s', (_what, cursor) => {
    expect(of(cursor)).toBe('CURSOR_INVALID: Invalid cursor: this is not a cursor of samples.')
    expect(refusalOf(() => cursors.readEvent(cursor, 9))).toBe(
      'CURSOR_INVALID: Invalid cursor: this is not a cursor of events.',
    )
  })
})
