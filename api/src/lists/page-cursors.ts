import { RefusedError } from '../base/errors.ts'

export type KeyType = 'string' | 'uuid' | 'number' | 'date' | 'nullable-date'

/** The values of the columns of an order; a time in milliseconds since the epoch. */
export type Key = (string | number | null)[]

/** The opaque form of a position in a list. */
export function cursorOf(order: string, key: Key): string {
  return Buffer.from(JSON.stringify([order, ...key])).toString('base64url')
}

/** @throws RefusedError CURSOR_INVALID */
export function readCursor(order: string, types: readonly KeyType[], cursor: string): Key {
  const parsed = parse(cursor)
  if (!Array.isArray(parsed) || parsed.length !== types.length + 1) throw invalidCursor()
  const [name, ...values] = parsed as unknown[]
  if (name !== order) {
    throw new RefusedError('CURSOR_INVALID', 'Invalid cursor: it belongs to a list in another order.')
  }
  return types.map((type, index) => keyValue(type, values[index]))
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw invalidCursor()
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const END_OF_9999 = 253_402_300_799_999

function keyValue(type: KeyType, value: unknown): Key[number] {
  if (type === 'nullable-date' && value === null) return null
  if (type === 'date' || type === 'nullable-date') {
    if (typeof value === 'number' && value >= 0 && value <= END_OF_9999) return value
  } else if (type === 'number') {
    if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 2 ** 31 - 1) return value
  } else if (type === 'uuid') {
    if (typeof value === 'string' && UUID.test(value)) return value
  } else if (typeof value === 'string' && !value.includes('\0') && value.isWellFormed()) return value
  throw invalidCursor()
}

function invalidCursor(): RefusedError {
  return new RefusedError('CURSOR_INVALID', 'Invalid cursor: it does not belong to this list.')
}
