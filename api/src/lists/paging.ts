import { type Fields, type FurtherColumn, parseTime, Prisma, type Reader } from '@gaugeline/prisma'
import { chunks, keysOf, type Keyset, type ListSource, literal, type Range, where } from './chunks.ts'
import { cursorOf, type Key, readCursor } from './page-cursors.ts'
import { RefusedError } from '../base/errors.ts'
import { DEFAULT_PAGE, MAX_PAGE, type Page, type PageRequest } from '../base/page.ts'

/**
 * Divides the conditions of a filter, by their names.
 * @param starts those that begin an index, if they are given: the first of them is used
 * @param range conditions on the first column of the order
 */
export function startingWith<Name extends string>(
  conditions: Readonly<Record<Name, readonly Prisma.Sql[]>>,
  starts: readonly Name[],
  range: readonly Prisma.Sql[],
): Required<Pick<ListSource, 'within' | 'filter'>> {
  const start = starts.find((name) => conditions[name].length > 0)
  const within = [...(start ? conditions[start] : []), ...range]
  const all = Object.values<readonly Prisma.Sql[]>(conditions).flat()
  return { within, filter: all.filter((condition) => !within.includes(condition)) }
}

/** Rows that one statement filters: an embedded database does nothing else meanwhile. */
export const CHUNK_ROWS = 1000
/** Rows that one statement counts without looking at them. */
const CHUNK_COUNTED = 2000

/**
 * Keyset pagination: the rows after the cursor's values, in the order of an index. Stable while rows are added and
 * removed, and as fast on the last page as on the first. A filter is looked for in chunks, so that a statement is short
 * however few rows it finds. Nulls come last in either direction.
 * @param read reads the rows of a query; the reader of the database does it with their relations, in one statement
 * @throws RefusedError BAD_USER_INPUT, CURSOR_INVALID
 */
export async function pageOf<Row>(
  read: ReadRows<Row>,
  source: ListSource,
  request: PageRequest,
  count: () => Promise<number>,
): Promise<Page<Row>> {
  const { keyset } = source
  const backward = request.last != null
  if (backward && request.first != null) {
    throw new RefusedError('BAD_USER_INPUT', 'Give first or last, not both.')
  }
  const size = pageSize(backward ? 'last' : 'first', backward ? request.last : request.first)
  const types = keyset.columns.map(({ type }) => type)
  const found = await scan(read, source, size + 1, {
    after: request.after == null ? null : readCursor(keyset.name, types, request.after),
    before: request.before == null ? null : readCursor(keyset.name, types, request.before),
    backward,
  })
  const more = found.length > size
  const kept = found.slice(0, size)
  if (backward) kept.reverse()
  const edges = kept.map((row) => new PageEdge(row, keyset))
  return {
    edges,
    pageInfo: {
      hasNextPage: backward ? request.before != null : more,
      hasPreviousPage: backward ? more : request.after != null,
      get startCursor() {
        return edges[0]?.cursor ?? null
      },
      get endCursor() {
        return edges.at(-1)?.cursor ?? null
      },
    },
    totalCount: count,
  }
}

/** Reads the rows of a query, whose table is `t`, in an order; with further columns of it as they are written. */
type ReadRows<Row> = (
  from: Prisma.Sql,
  more: readonly FurtherColumn[],
  orderBy: Prisma.Sql,
) => Promise<{ row: Row; more: Fields }[]>

interface ScannedRow<Row> {
  row: Row
  /** The key as it is written. */
  key: Fields
}

/** Makes its cursor when it is asked for it: many pages are read without. */
class PageEdge<Row> {
  readonly node: Row
  readonly #key: Fields
  readonly #keyset: Keyset

  constructor({ row, key }: ScannedRow<Row>, keyset: Keyset) {
    this.node = row
    this.#key = key
    this.#keyset = keyset
  }

  get cursor(): string {
    return cursorOf(this.#keyset.name, keyOf(this.#key, this.#keyset))
  }
}

function pageSize(argument: 'first' | 'last', value: number | null | undefined): number {
  if (value == null) return DEFAULT_PAGE
  if (value < 1 || value > MAX_PAGE) {
    throw new RefusedError('BAD_USER_INPUT', `${argument} must be from 1 to ${MAX_PAGE}, not ${value}.`)
  }
  return value
}

/** The first `limit` rows of a range that meet all conditions. */
async function scan<Row>(read: ReadRows<Row>, source: ListSource, limit: number, range: Range) {
  const found: ScannedRow<Row>[] = []
  const width = source.keyset.columns.length
  const keyColumns = keysOf(width).map((name, n) => ({ name, sameAs: columnOf(source.keyset.columns[n]?.sql) }))
  const isFiltered = (source.filter ?? []).length > 0
  const rowsAtOnce = isFiltered ? CHUNK_ROWS : limit
  for (const { candidates, sorted, next } of chunks(source, range, rowsAtOnce, true)) {
    if (!isFiltered) {
      for (const { row, more } of await read(candidates, keyColumns, sorted('as asked'))) found.push({ row, key: more })
      if (found.length >= limit) return found
      continue
    }
    const matching = Prisma.sql`select t.*, 0 as scanned from c t
      ${where(source.filter)} ${sorted('as asked')} limit ${literal(limit - found.length)}`
    // The last one besides, whether it matches or not: the next chunk begins there.
    const last = Prisma.sql`select t.*, (select count(*)::int from c) as scanned from c t ${sorted('reversed')} limit 1`
    const rows = await read(
      Prisma.sql`with c as materialized (${candidates}) (${matching}) union all (${last})`,
      [...keyColumns, { name: 'scanned' }],
      Prisma.sql`${sorted('as asked')}, t.scanned`,
    )
    for (const { row, more } of rows) {
      const key = more.slice(0, width)
      const scanned = Number(more[width])
      if (scanned === 0) found.push({ row, key })
      else next({ key: keyOf(key, source.keyset), scanned })
    }
    if (found.length >= limit) return found
  }
  return found
}

/** The ids of all rows that meet all conditions, so many at once. Rows that are added meanwhile may be left out. */
export async function* idsOf(reader: Reader, source: ListSource, limit: number): AsyncGenerator<string[]> {
  const readIds: ReadRows<string> = (from, more, orderBy) =>
    reader.query(
      Prisma.sql`select t.id, ${Prisma.raw(more.map(({ name }) => `t.${name}`).join(', '))} from (${from}) t ${orderBy}`,
      ([id = '', ...fields]) => ({ row: id ?? '', more: fields }),
    )
  for (let after: Key | null = null; ;) {
    const found: ScannedRow<string>[] = await scan(readIds, source, limit, { after, before: null, backward: false })
    if (found.length > 0) yield found.map(({ row }) => row)
    const last = found.at(-1)
    if (!last || found.length < limit) return
    after = keyOf(last.key, source.keyset)
  }
}

/**
 * How many rows meet all conditions, by what `group` gives for them. They are counted in chunks: rows that are added or
 * removed meanwhile may be counted or not.
 */
export async function countsOf(reader: Reader, source: ListSource, group?: Prisma.Sql): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  const width = source.keyset.columns.length
  const isFiltered = (source.filter ?? []).length > 0
  const range = { after: null, before: null, backward: false }
  const rowsAtOnce = isFiltered ? CHUNK_ROWS : CHUNK_COUNTED
  for (const { candidates, sorted, next } of chunks(source, range, rowsAtOnce, isFiltered || group !== undefined)) {
    const statement = Prisma.sql`
      with c as materialized (${candidates}) select * from (
        select ${Prisma.raw(keysOf(width).join(', '))}, (select count(*)::int from c) as scanned from c t ${sorted('reversed')} limit 1
      ) l left join (
        select (${group ?? Prisma.sql`''`})::text as "group", count(*)::int as found from c t ${where(source.filter)} group by 1
      ) g on true`
    const rows = await reader.query(statement, (fields) => fields)
    for (const fields of rows) {
      const [name, found] = fields.slice(width + 1)
      if (name != null) counts.set(name, (counts.get(name) ?? 0) + Number(found))
    }
    const [end] = rows
    if (end) next({ key: keyOf(end, source.keyset), scanned: Number(end[width]) })
  }
  return counts
}

/** The length of a whole list. */
export async function countOf(reader: Reader, source: ListSource): Promise<number> {
  return (await countsOf(reader, source)).get('') ?? 0
}

/** The column of `t` that an expression is, if it is one. */
function columnOf(sql: Prisma.Sql | undefined): string | undefined {
  return /^t\.(\w+)$/.exec(sql?.sql ?? '')?.[1]
}

function keyOf(fields: Fields, { columns }: Keyset): Key {
  return columns.map(({ type }, n) => {
    const text = fields[n] ?? null
    if (text === null || type === 'string' || type === 'uuid') return text
    return type === 'number' ? Number(text) : parseTime(text).getTime()
  })
}
