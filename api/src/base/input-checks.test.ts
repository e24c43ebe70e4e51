import { describe, expect, it } from 'vitest'
import { InvalidInputError } from './errors.ts'
import { InputChecks } from './input-checks.ts'

/** The problems, as `path: message`; empty when there are none. */
function issuesOf(check: (checks: InputChecks) => void): string[] {
  const checks = new InputChecks()
  check(checks)
  try {
    checks.done()
    return []
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  }
}
const ofText = (value: string | null | undefined, limits: { max: number } = { max: 100 }) =>
  issuesOf((checks) => checks.text(['name'], value, limits))
const ofNumber = (value: number | null | undefined) =>
  issuesOf((checks) => checks.number(['progress'], value, { min: 0, max: 1 }))

describe('checking an input', () => {
  it('reports all problems at once, each with its path', () => {
    const issues = issuesOf((checks) => {
      checks.text(['name'], 'too long', { max: 5 })
      checks.number(['steps', '3', 'accuracy'], 2, { min: 0, max: 1 })
      checks.add(['status'], 'is odd.')
    })
    expect(issues).toEqual([
      'name: must have at most 5 characters, not 8.',
      'steps.3.accuracy: must be from 0 to 1, not 2.',
      'status: is odd.',
    ])
  })

  it('accepts fields that are left out', () => {
    for (const nothing of [null, undefined]) {
      expect([ofText(nothing), ofNumber(nothing)]).toEqual([[], []])
    }
  })

  it.each(['a', 'two\tcolumns\r\nand lines', 'Ärger 模型 🦀', 'עברית \u200f!', 'e\u0301'])(
    'takes the text %j',
    (text) => {
      expect(ofText(text)).toEqual([])
    },
  )

  it.each(['\u0000', 'a\u0000b', '\u0008', '\u000b', '\u000c', '\u000e', '\u001b[31m', '\u001f', '\u007f'])(
    'refuses the control characters in %j',
    (text) => {
      expect(ofText(text)).toEqual(['name: must not contain control characters.'])
    },
  )

  it.each(['\ud800', 'a\udfffb', '\udc00\ud800'])('refuses half a surrogate pair in %j', (text) => {
    expect(ofText(text)).toEqual(['name: must be well-formed Unicode; it contains half of a surrogate pair.'])
  })

  it.each(['\u202a', '\u202egnp.exe', '\u2066a\u2069'])('refuses %j, which changes the direction of text', (text) => {
    expect(ofText(text)).toEqual(['name: must not contain characters that change the direction of text.'])
  })

  it('counts characters, not UTF-16 units', () => {
    expect(ofText('🦀🦀🦀', { max: 3 })).toEqual([])
    expect(ofText('🦀🦀🦀🦀', { max: 3 })).toEqual(['name: must have at most 3 characters, not 4.'])
  })

  it('accepts the longest text and refuses one that is longer by a character, or 10 kB', () => {
    expect(ofText('x'.repeat(100))).toEqual([])
    expect(ofText('x'.repeat(101))).toEqual(['name: must have at most 100 characters, not 101.'])
    expect(ofText('x'.repeat(10_240))).toEqual(['name: must have at most 100 characters, not 10240.'])
  })

  it.each([0, 1, 0.5, -0])('accepts the number %d', (value) => {
    expect(ofNumber(value)).toEqual([])
  })

  it.each([-0.001, 1.001, Number.NaN, Infinity, -Infinity])('refuses the number %d', (value) => {
    expect(ofNumber(value)).toEqual([`progress: must be from 0 to 1, not ${value}.`])
  })
})
