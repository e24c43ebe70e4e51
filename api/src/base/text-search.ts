import { RefusedError } from './errors.ts'

/** Longer than any name that could hold it. */
const MAX_SEARCH = 200

/** Throws BAD_USER_INPUT for a text that is too long to search for. */
export function checkSearch(search: string | null | undefined): void {
  if (search == null || search.length <= MAX_SEARCH) return
  throw new RefusedError('BAD_USER_INPUT', `search must have at most ${MAX_SEARCH} characters, not ${search.length}.`)
}

/**
 * What Prisma is asked so that a text contains `search`, in any case. Prisma hands `contains` to ILIKE as it is, where
 * `%`, `_` and `\` are no characters but a pattern. Throws BAD_USER_INPUT.
 */
export function containing(search: string): { contains: string; mode: 'insensitive' } {
  checkSearch(search)
  return { contains: search.replaceAll(/[\\%_]/g, String.raw`\$&`), mode: 'insensitive' }
}

/**
 * The text with its case folded as ILIKE does, one character for one. `toLowerCase` of a whole text differs from that
 * for a final sigma and for İ, which it makes two characters of.
 */
export function foldCase(text: string): string {
  return Array.from(text, (character) => String.fromCodePoint(character.toLowerCase().codePointAt(0) ?? 0)).join('')
}
