import type { InputChecks } from './input-checks.ts'

/** No script puts more marks on one letter. */
const MAX_MARKS = 4

/** What is seen as one picture may hold joiners and variation selectors. (`v` needs a newer target than ours.) */
const EMOJI = new RegExp(String.raw`\p{RGI_Emoji}`, 'gv')
/** Scripts in which a joiner between two letters changes how a word is written. */
const JOINED = [
  'Arabic',
  'Bengali',
  'Devanagari',
  'Gujarati',
  'Gurmukhi',
  'Kannada',
  'Malayalam',
  'Oriya',
  'Sinhala',
  'Tamil',
  'Telugu',
]
  .map((script) => String.raw`\p{Script=${script}}`)
  .join('')
const JOINERS = new RegExp(`(?<=[${JOINED}])[\\u200c\\u200d](?=[${JOINED}])`, 'gu')
const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}]/u
/** They put the punctuation of such a name in its place. */
const DIRECTION_MARKS = /[\u061c\u200e\u200f]/g
/** Control, format and filler characters, line and paragraph separators, and the empty Braille pattern. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u
const LOOSE_MARK = /(?<![\p{L}\p{N}\p{M}])\p{M}/u
const PILED_MARKS = new RegExp(String.raw`\p{M}{${MAX_MARKS + 1}}`, 'u')

/**
 * A name as it is stored: in Unicode's form NFKC, so that what looks the same is the same (full-width and mathematical
 * letters become plain ones, every kind of space becomes a space), without spaces at its ends or in a row.
 */
export function plainName(name: string): string {
  return name.normalize('NFKC').replace(/ +/g, ' ').trim()
}

/**
 * The rule for every name that people give and read (of a token, a job, a framework, a dataset, a webhook, and the value
 * of a label): one line of printable characters with `min` to `max` of them in its plain form, marks only on letters.
 * Models, external ids and the keys of labels are ASCII. Notes and reasons may have several lines: they are text.
 */
export function checkName(
  checks: InputChecks,
  path: string[],
  name: string | null | undefined,
  { min = 0, max }: { min?: 0 | 1; max: number },
): void {
  if (name == null) return
  if (!name.isWellFormed())
    return checks.add(path, 'must be well-formed Unicode; it contains half of a surrogate pair.')
  const plain = plainName(name)
  const length = Array.from(plain).length
  const joined = plain.replace(EMOJI, '').replace(JOINERS, '')
  const bare = RIGHT_TO_LEFT.test(joined) ? joined.replace(DIRECTION_MARKS, '') : joined
  if (INVISIBLE.test(bare)) {
    checks.add(path, 'must be one line of printable characters, without control characters or invisible ones.')
  } else if (LOOSE_MARK.test(bare)) {
    checks.add(path, 'must not contain combining marks that are not on a letter or digit.')
  } else if (PILED_MARKS.test(bare)) {
    checks.add(path, `must have at most ${MAX_MARKS} combining marks on a letter.`)
  } else if (length < min) checks.add(path, 'must not be empty.')
  else if (length > max) checks.add(path, `must have at most ${max} characters, not ${length}.`)
}
