import { describe, expect, it } from 'vitest'
import { RefusedError } from '../base/errors.ts'
import { Cursors } from './cursors.ts'

const cursors = new Cursors('an epoch')
const one = '018f2f6e-1111-7abc-8def-0123456789ab'
const other = '018f2f6e-1111-7abc-8def-0123456789ac'

function refusalOf(read: () => number): string {
  try {
    return `no refusal but ${read()}`
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    return `${error.code}: ${error.message}`
  }
}
const of = (cursor: string) => refusalOf(() => cursors.readSample(cursor, one, 100))

/** The same bytes, with those bits of the last character set that encode no byte. */
function withUnusedBits(cursor: string): string {
  return cursor.slice(0, -1) + String.fromCharCode(cursor.charCodeAt(cursor.length - 1) + 1)
}

describe('a cursor', () => {
  it.each([0, 1, 255, 256, 2 ** 31, 2 ** 32 + 7, 2 ** 48 - 1])('gives back the sequence %d', (sequence) => {
    expect(cursors.readSample(cursors.sample(one, sequence), one, sequence)).toBe(sequence)
    expect(cursors.readEvent(cursors.event(sequence), sequence)).toBe(sequence)
  })

  it('is the same after a restart, and fits a URL', () => {
    expect(new Cursors('an epoch').sample(one, 12)).toBe(cursors.sample(one, 12))
    expect(cursors.sample(one, 2 ** 47 - 1)).toMatch(/^[A-Za-z0-9_-]{42}$/)
  })

  it('is refused beyond the head, and accepted at the head', () => {
    expect(cursors.readSample(cursors.sample(one, 100), one, 100)).toBe(100)
    expect(of(cursors.sample(one, 101))).toContain('CURSOR_INVALID: Invalid cursor: the cursor lies beyond the newest')
    expect(refusalOf(() => cursors.readEvent(cursors.event(1), 0))).toContain('beyond the newest entry')
  })

  it('is refused after the database was created or restored', () => {
    const before = new Cursors('another epoch')
    expect(of(before.sample(one, 1))).toContain('CURSOR_INVALID: Invalid cursor: the cursor was made before this')
    expect(refusalOf(() => cursors.readEvent(before.event(1), 9))).toContain('was made before this database')
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
    ['unused bits that are set', withUnusedBits(cursors.sample(one, 1))],
    ['the plain alphabet', cursors.sample('ffffffff-ffff-ffff-ffff-ffffffffffff', 1).replaceAll('_', '/')],
  ])('is refused when it is %s', (_what, cursor) => {
    expect(of(cursor)).toBe('CURSOR_INVALID: Invalid cursor: this is not a cursor of samples.')
    expect(refusalOf(() => cursors.readEvent(cursor, 9))).toBe(
      'CURSOR_INVALID: Invalid cursor: this is not a cursor of events.',
    )
  })
})
