import { RefusedError } from './errors.ts'

/** Longer than any name that could hold it. */
const MAX_SEARCH = 200

/** @throws RefusedError BAD_USER_INPUT for a text that is too long to search for */
export function checkSearch(search: string | null | undefined): void {
  if (search == null || search.length <= MAX_SEARCH) return
  throw new RefusedError('BAD_USER_INPUT', `search must have at most ${MAX_SEARCH} characters, not ${search.length}.`)
}

/**
 * The text with its case folded as ILIKE does it, character by character. `toLowerCase` of a whole text differs for a
 * final sigma, and for İ, which it turns into two characters.
 */
export function foldCase(text: string): string {
  return Array.from(text, (character) => String.fromCodePoint(character.toLowerCase().codePointAt(0) ?? 0)).join('')
}
