import type { InputChecks } from '../base/input-checks.ts'

const MAX_LENGTH = 100
/** Who acts without an API token. */
const RESERVED = new Set(['owner', 'admin'])
/** Control, format and filler characters, line and paragraph separators: they would let a name show as another one. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u
/** What Unicode's security report (UTS 39) lets stand beside Latin in one word. */
const BESIDE_LATIN =
  /[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u
/** What passes for a letter of the reserved names, once in lower case. */
const LOOK_ALIKES = new Map(
  Object.entries({ 0: 'o', 1: 'i', l: 'i', ı: 'i', ɩ: 'i', '|': 'i', '!': 'i', '@': 'a', ɑ: 'a', 4: 'a', 3: 'e' }),
)

/** A token's name stands as "who" on whatever is done with it, so it must not pass for another's. */
export function checkTokenName(checks: InputChecks, path: string[], name: string): void {
  const length = Array.from(name).length
  const words = name.normalize('NFKC').split(/[^\p{L}\p{M}\p{N}]+/u)
  if (length === 0) checks.add(path, 'must not be empty.')
  else if (length > MAX_LENGTH) checks.add(path, `must have at most ${MAX_LENGTH} characters, not ${length}.`)
  else if (INVISIBLE.test(name)) checks.add(path, 'must not hold control characters or invisible ones.')
  else if (words.some((word) => /\p{Script=Latin}/u.test(word) && BESIDE_LATIN.test(word))) {
    checks.add(path, 'must not mix Latin letters with those of a script that looks like it in one word.')
  } else if (RESERVED.has(skeleton(name)))
    checks.add(path, 'must not read as "owner" or "admin": those act without a token.')
}

/** Names with the same skeleton look alike: no case, no accents, no compatibility forms, no signs between the letters. */
function skeleton(name: string): string {
  const plain = name.normalize('NFKD').toLowerCase()
  return Array.from(plain, (character) => LOOK_ALIKES.get(character) ?? character)
    .join('')
    .replace(/[^\p{L}\p{N}]/gu, '')
}
