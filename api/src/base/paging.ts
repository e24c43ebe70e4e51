import { RefusedError } from './errors.ts'

/** Relay's page arguments, unchecked. */
export interface PageRequest {
  first?: number | null | undefined
  after?: string | null | undefined
  last?: number | null | undefined
  before?: string | null | undefined
}

/** One column of an order; the columns of a keyset must be unique together. */
interface KeyColumn<Row> {
  /** Its path in Prisma: `['createdAt']`, `['model', 'name']`. */
  path: readonly string[]
  direction: 'asc' | 'desc'
  type: 'string' | 'uuid' | 'number' | 'date' | 'nullable-date'
  value: (row: Row) => string | number | Date | null
}

export interface Keyset<Row> {
  /** Part of every cursor: a cursor of another order is refused. */
  name: string
  columns: KeyColumn<Row>[]
}

export interface Page<Row> {
  edges: { cursor: string; node: Row }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
  /** The length of the whole list: a statement of its own, for those who ask. */
  totalCount: () => Promise<number>
}

/** Arguments for Prisma; `where` must be ANDed with the filter. */
export interface KeysetQuery {
  where: Record<string, unknown>
  orderBy: Record<string, unknown>[]
  take: number
}

export const MAX_PAGE = 100
export const DEFAULT_PAGE = 20

/**
 * Keyset pagination: `WHERE` after the cursor's values and `LIMIT`. Stable while rows are added and removed, and as
 * fast on the last page as on the first. Nulls come last in either direction.
 * @param count of all rows that the filter of the list finds
 * @throws RefusedError BAD_USER_INPUT, CURSOR_INVALID
 */
export async function pageOf<Row>(
  keyset: Keyset<Row>,
  request: PageRequest,
  find: (query: KeysetQuery) => Promise<Row[]>,
  count: () => Promise<number>,
): Promise<Page<Row>> {
  const backward = request.last != null
  if (backward && request.first != null) {
    throw new RefusedError('BAD_USER_INPUT', 'Give first or last, not both.')
  }
  const size = pageSize(backward ? 'last' : 'first', backward ? request.last : request.first)
  const bounds: Record<string, unknown>[] = []
  if (request.after != null) bounds.push(beyond(keyset, readCursor(keyset, request.after), false))
  if (request.before != null) bounds.push(beyond(keyset, readCursor(keyset, request.before), true))
  const rows = await find({
    where: { AND: bounds },
    orderBy: keyset.columns.map((column) => order(column, backward)),
    take: size + 1,
  })
  const more = rows.length > size
  const kept = rows.slice(0, size)
  if (backward) kept.reverse()
  const edges = kept.map((node) => ({ cursor: cursorOf(keyset, node), node }))
  return {
    edges,
    pageInfo: {
      hasNextPage: backward ? request.before != null : more,
      hasPreviousPage: backward ? more : request.after != null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: count,
  }
}

function pageSize(argument: 'first' | 'last', value: number | null | undefined): number {
  if (value == null) return DEFAULT_PAGE
  if (value < 1 || value > MAX_PAGE) {
    throw new RefusedError('BAD_USER_INPUT', `${argument} must be from 1 to ${MAX_PAGE}, not ${value}.`)
  }
  return value
}

function order<Row>({ path, direction, type }: KeyColumn<Row>, backward: boolean): Record<string, unknown> {
  const sort = (direction === 'asc') === backward ? 'desc' : 'asc'
  return nest(path, type === 'nullable-date' ? { sort, nulls: backward ? 'first' : 'last' } : sort)
}

type KeyValue = string | number | Date | null

/** Rows strictly after (or before) the given key values, in the keyset's order. */
function beyond<Row>({ columns }: Keyset<Row>, values: KeyValue[], before: boolean): Record<string, unknown> {
  return {
    OR: columns.map((column, index) => ({
      AND: [
        ...columns.slice(0, index).map((earlier, i) => nest(earlier.path, values[i])),
        strictlyBeyond(column, values[index] ?? null, before),
      ],
    })),
  }
}

function strictlyBeyond<Row>(
  { path, direction, type }: KeyColumn<Row>,
  value: KeyValue,
  before: boolean,
): Record<string, unknown> {
  const nullable = type === 'nullable-date'
  if (value === null) return before ? { NOT: nest(path, null) } : { OR: [] }
  const compared = nest(path, (direction === 'asc') === before ? { lt: value } : { gt: value })
  return nullable && !before ? { OR: [compared, nest(path, null)] } : compared
}

function nest(path: readonly string[], leaf: unknown): Record<string, unknown> {
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), leaf) as Record<string, unknown>
}

export function cursorOf<Row>(keyset: Keyset<Row>, row: Row): string {
  const values = keyset.columns.map((column) => {
    const value = column.value(row)
    return value instanceof Date ? value.getTime() : value
  })
  return Buffer.from(JSON.stringify([keyset.name, ...values])).toString('base64url')
}

function readCursor<Row>(keyset: Keyset<Row>, cursor: string): KeyValue[] {
  const parsed = parse(cursor)
  if (!Array.isArray(parsed) || parsed.length !== keyset.columns.length + 1) throw invalidCursor()
  const [name, ...values] = parsed as unknown[]
  if (name !== keyset.name) {
    throw new RefusedError('CURSOR_INVALID', 'Invalid cursor: it belongs to a list in another order.')
  }
  return keyset.columns.map(({ type }, index) => keyValue(type, values[index]))
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

function keyValue(type: KeyColumn<unknown>['type'], value: unknown): KeyValue {
  if (type === 'nullable-date' && value === null) return null
  if (type === 'date' || type === 'nullable-date') {
    if (typeof value === 'number' && value >= 0 && value <= END_OF_9999) return new Date(value)
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
