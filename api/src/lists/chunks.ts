import { Prisma } from '@gaugeline/prisma'
import type { Key, KeyType } from './page-cursors.ts'

/** An order; its columns are unique together, and an index has them. */
export interface Keyset {
  /** Part of every cursor: a cursor of another order is refused. */
  name: string
  direction: 'asc' | 'desc'
  /** Of `t`, or of what is joined to it. Only the first one can be null. */
  columns: readonly { sql: Prisma.Sql; type: KeyType }[]
}

/** What a list reads. */
export interface ListSource {
  keyset: Keyset
  /** The table as `t`, as in `deployments t`, and what the order needs besides. */
  from: Prisma.Sql
  /** Conditions that begin an index which continues with the order, or that few rows meet. */
  within?: readonly Prisma.Sql[]
  /** All other conditions, on columns of `t` alone: they are checked row by row. */
  filter?: readonly Prisma.Sql[]
}

/** Which rows of an order. */
export interface Range {
  /** Both exclusive. */
  after: Key | null
  before: Key | null
  /** From the end to the beginning. */
  backward: boolean
}

/** Some of them, one after the other. */
export interface Chunk {
  /** A statement: the next rows of the range with their keys, whatever the filter. */
  candidates: Prisma.Sql
  /** `order by` these keys. */
  sorted: (how: 'as asked' | 'reversed') => Prisma.Sql
  /** With the last one of them and their number: asks for the chunk after it, if there can be one. */
  next: (end: { key: Key; scanned: number }) => void
}

/** A range in chunks of at most `rows` rows, each read from an index: whole rows, or their keys. */
export function* chunks(source: ListSource, range: Range, rows: number, isWhole: boolean): Generator<Chunk> {
  const { keyset, from, within: conditions = [] } = source
  const { columns, direction } = keyset
  const isNullable = columns[0]?.type === 'nullable-date'
  // The rows without a first value are read by themselves: no index has them last in both directions.
  const parts = isNullable ? [false, true] : [false]
  const names = keysOf(columns.length).map((name) => Prisma.raw(`t.${name}`))
  const keys = columns.map(({ sql }, n) => Prisma.sql`${sql} as ${Prisma.raw(`k${n}`)}`)
  for (const isNull of range.backward ? parts.toReversed() : parts) {
    const bounds = { after: boundOf(range.after, isNull), before: boundOf(range.before, isNull) }
    if (bounds.after === 'later' || bounds.before === 'earlier') continue
    const part = isNullable ? [Prisma.sql`${columns[0]?.sql} is ${Prisma.raw(isNull ? 'null' : 'not null')}`] : []
    const skipped = isNull ? 1 : 0
    const orderBy = (by: readonly Prisma.Sql[], isReversed: boolean) => {
      const sign = Prisma.raw((direction === 'asc') === (range.backward === isReversed) ? 'asc' : 'desc')
      return Prisma.sql`order by ${Prisma.join(by.map((column) => Prisma.sql`${column} ${sign}`))}`
    }
    for (let isDone = false; !isDone;) {
      const within = (['after', 'before'] as const).flatMap((side) => {
        const key = bounds[side]
        const isAbove = (direction === 'asc') === (side === 'after')
        return Array.isArray(key) ? [beyond(columns.slice(skipped), key.slice(skipped), isAbove)] : []
      })
      isDone = true
      yield {
        candidates: Prisma.sql`select ${isWhole ? Prisma.sql`t.*, ` : Prisma.empty}${Prisma.join(keys)} from ${from} ${where([...conditions, ...part, ...within])}
          ${orderBy(
            columns.map(({ sql }) => sql),
            false,
          )} limit ${literal(rows)}`,
        sorted: (how) => orderBy(names, how === 'reversed'),
        next: (end) => {
          if (end.scanned < rows) return
          bounds[range.backward ? 'before' : 'after'] = end.key
          isDone = false
        },
      }
    }
  }
}

/** A cursor among the rows with a first value, or among those without; of one among the others, on which side it is. */
function boundOf(key: Key | null, isNull: boolean): Key | null | 'earlier' | 'later' {
  if (key === null || (key[0] === null) === isNull) return key
  return isNull ? 'earlier' : 'later'
}

/** Rows strictly above or below a key: an index begins at its first value, or at all of them. */
function beyond(columns: Keyset['columns'], key: Key, isAbove: boolean): Prisma.Sql {
  const sign = Prisma.raw(isAbove ? '>' : '<')
  const values = columns.map(({ type }, n) => typed(type, key[n] ?? null))
  return Prisma.sql`${columns[0]?.sql} ${sign}= ${values[0]}
    and (${Prisma.join(columns.map(({ sql }) => sql))}) ${sign} (${Prisma.join(values)})`
}

function typed(type: KeyType, value: Key[number]): Prisma.Sql {
  if (type === 'uuid') return Prisma.sql`${value}::uuid`
  if (type === 'string') return Prisma.sql`${value}::text`
  if (type === 'number') return Prisma.sql`${value}::bigint`
  return Prisma.sql`${new Date(Number(value))}::timestamptz`
}

export function where(conditions: readonly Prisma.Sql[] = []): Prisma.Sql {
  return conditions.length > 0 ? Prisma.sql`where ${Prisma.join(conditions, ' and ')}` : Prisma.empty
}

/** A number in the text of a statement and not a parameter of it: what it costs to plan depends on it. */
export function literal(count: number): Prisma.Sql {
  return Prisma.raw(String(count))
}

/** How the columns of the key are named. */
export function keysOf(width: number): string[] {
  return Array.from({ length: width }, (_, n) => `k${n}`)
}
