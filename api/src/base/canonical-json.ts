import { createHash } from 'node:crypto'

/**
 * JSON whose object keys are in order, so that equal values have equal texts whoever wrote them (RFC 8785 for what JSON
 * can hold). Fields without a value are left out of the outermost object: a GraphQL client may send them as null or not at all.
 */
export function canonicalJson(input: Record<string, unknown>): string {
  return JSON.stringify(ordered(Object.fromEntries(Object.entries(input).filter(([, value]) => value != null))))
}

/** SHA-256 of a call: which operation, and what it was given. */
export function requestHash(operation: string, input: Record<string, unknown>): Buffer {
  return createHash('sha256')
    .update(`${operation}\n${canonicalJson(input)}`)
    .digest()
}

/**
 * The same value with the keys of its objects in order. Callers hand in what came through GraphQL, whose depth is bounded
 * before.
 */
export function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (Array.isArray(value)) return value.map(ordered)
  // From entries, not by assignment: a key may be `__proto__`. Keys that are whole numbers come first everywhere.
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, ordered(inner)]),
  )
}
