import { createHash } from 'node:crypto'

/**
 * JSON with sorted object keys, so that equal values have equal texts (RFC 8785 for values that JSON can hold). Fields
 * without a value are left out of the outermost object: a GraphQL client may send them as null or not at all.
 */
export function canonicalJson(input: Record<string, unknown>): string {
  return JSON.stringify(ordered(Object.fromEntries(Object.entries(input).filter(([, value]) => value != null))))
}

/** SHA-256 of a call: its operation and its input. */
export function requestHash(operation: string, input: Record<string, unknown>): Buffer {
  return createHash('sha256')
    .update(`${operation}\n${canonicalJson(input)}`)
    .digest()
}

/**
 * The same value with the keys of its objects sorted. It is recursive: callers pass GraphQL input, whose depth is
 * limited.
 */
export function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (Array.isArray(value)) return value.map(ordered)
  // From entries, not by assignment: a key may be `__proto__`. JavaScript always puts keys that are whole numbers
  // first.
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, ordered(inner)]),
  )
}
