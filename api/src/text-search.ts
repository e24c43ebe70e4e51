/**
 * What Prisma is asked so that a text contains `search`, in any case. Prisma hands `contains` to ILIKE as it is, where
 * `%`, `_` and `\` are no characters but a pattern.
 */
export function containing(search: string): { contains: string; mode: 'insensitive' } {
  return { contains: search.replaceAll(/[\\%_]/g, String.raw`\$&`), mode: 'insensitive' }
}

/**
 * The text with its case folded as ILIKE does, one character for one. `toLowerCase` of a whole text differs from that
 * for a final sigma and for İ, which it makes two characters of.
 */
export function foldCase(text: string): string {
  return Array.from(text, (character) => String.fromCodePoint(character.toLowerCase().codePointAt(0) ?? 0)).join('')
}
