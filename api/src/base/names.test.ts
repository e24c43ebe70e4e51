import { describe, expect, it } from 'vitest'
import { InvalidInputError } from './errors.ts'
import { InputChecks } from './input-checks.ts'
import { checkName, plainName } from './names.ts'

function problemOf(name: string | null | undefined, limits: { min?: 0 | 1; max: number } = { min: 1, max: 100 }) {
  const checks = new InputChecks()
  checkName(checks, ['name'], name, limits)
  try {
    checks.done()
    return undefined
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    return error.issues.map(({ message }) => message).join(' ')
  }
}

describe('a name', () => {
  it.each([
    'run #3 (lr=1e-4)',
    's3://bucket/dataset.parquet',
    'Ärger mit Müller',
    'e\u0301te\u0301',
    'Tiếng Việt',
    '模型 学習 クラスタ 훈련',
    'Обучение Ελληνικά',
    'שָׁלוֹם עולם',
    'עברית \u200f!',
    'می‌خواهم',
    'क्‍ष हिन्दी',
    'สวัสดี',
    'བརྒྱད',
    '🚀 ⚠️ 1️⃣ 👩‍💻 👨‍👩‍👧 🇩🇪',
    '🏴󠁧󠁢󠁥󠁮󠁧󠁿',
    'x'.repeat(100),
    '🦀'.repeat(100),
    'one line at last\n',
  ])('may be %j', (name) => {
    expect(problemOf(name)).toBeUndefined()
  })

  it.each([
    ['empty', '', /empty/],
    ['one line break', '\n', /empty/],
    ['blank', ' \t\u00a0\u3000', /empty/],
    ['a blank that is no space', '\u2800', /printable/],
    ['of two lines', 'a\nb', /one line/],
    ['of two paragraphs', 'a\u2029b', /one line/],
    ['with a tab', 'a\tb', /printable/],
    ['with NUL', 'a\0b', /printable/],
    ['with a zero-width space', 'a\u200bb', /invisible/],
    ['with a joiner between Latin letters', 'a\u200db', /invisible/],
    ['Latin with a mark that sets the direction of text', 'bot\u200f', /invisible/],
    ['with a mark that turns the direction of text', 'a\u202eb', /invisible/],
    ['with an unassigned character', 'a\u0378', /printable/],
    ['half of a surrogate pair', '\ud800', /surrogate/],
    ['of combining marks alone', '\u0301'.repeat(90), /on a letter/],
    ['with a mark on a space', 'a \u0301', /on a letter/],
    ['with a pile of marks', `a${'\u0301'.repeat(90)}`, /at most 4 combining marks/],
    ['too long', 'x'.repeat(101), /at most 100 characters, not 101/],
    ['too long in its plain form', 'ﷺ'.repeat(10), /at most 100 characters, not 180/],
  ])('may not be %s', (_what, name, problem) => {
    expect(problemOf(name)).toMatch(problem)
  })

  it('may be left out, or empty where it is not required', () => {
    expect([problemOf(null), problemOf(undefined), problemOf('', { max: 9 }), problemOf(' ', { max: 9 })]).toEqual(
      Array(4).fill(undefined),
    )
  })

  it('is kept in a plain form, in which what looks the same is the same', () => {
    expect(plainName('  Ｌａｕｆ \u00a0 ﬁne 𝓐②\n')).toBe('Lauf fine A2')
    expect(plainName('Mu\u0308ller')).toBe('Müller')
    expect(plainName(plainName('ﷺ'))).toBe(plainName('ﷺ'))
  })
})
