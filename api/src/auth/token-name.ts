import type { InputChecks } from '../base/input-checks.ts'

const MAX_LENGTH = 100
/** The names of viewers who act without an API token. */
const RESERVED = new Set(['owner', 'admin'])
/**
 * Control, format and filler characters, line and paragraph separators: they could make a name look like another one.
 */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u
/** Everything but the scripts that Unicode's security report (UTS 39) allows beside Latin in one word. */
const NOT_BESIDE_LATIN =
  /[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u
/** Characters that look like a letter of the reserved names once they are in lower case. */
const LOOK_ALIKES = new Map(
  Object.entries({ 0: 'o', 1: 'i', l: 'i', ı: 'i', ɩ: 'i', '|': 'i', '!': 'i', '@': 'a', ɑ: 'a', 4: 'a', 3: 'e' }),
)

/** Whatever is done with a token is recorded under its name, so the name must not look like someone else's. */
export function checkTokenName(checks: InputChecks, path: string[], name: string): void {
  const length = Array.from(name).length
  const words = name.normalize('NFKC').split(/[^\p{L}\p{M}\p{N}]+/u)
  if (length === 0) checks.add(path, 'must not be empty.')
  else if (length > MAX_LENGTH) checks.add(path, `must have at most ${MAX_LENGTH} characters, not ${length}.`)
  else if (INVISIBLE.test(name)) checks.add(path, 'must not contain control characters or invisible ones.')
  else if (words.some((word) => /\p{Script=Latin}/u.test(word) && NOT_BESIDE_LATIN.test(word))) {
    checks.add(path, 'must not mix Latin letters with letters of a similar-looking script in one word.')
  } else if (RESERVED.has(skeleton(name)))
    checks.add(path, 'must not look like "owner" or "admin", which are reserved.')
}

/**
 * Names with the same skeleton look alike: no case, no accents, no compatibility forms, no signs between the letters.
 */
function skeleton(name: string): string {
  const plain = name.normalize('NFKD').toLowerCase()
  return Array.from(plain, (character) => LOOK_ALIKES.get(character) ?? character)
    .join('')
    .replace(/[^\p{L}\p{N}]/gu, '')
}
