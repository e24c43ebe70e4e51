import type { Column, Relation, Table } from './tables.ts'
import { type Decode, decoderOf } from './values.ts'

/** The relations to read, as Prisma's `include` has them. */
export interface Include {
  readonly [relation: string]: boolean | undefined | Included
}

interface Included {
  readonly include?: Include
  /** Of a relation to many rows: what their columns equal. */
  readonly where?: Readonly<Record<string, string | number | boolean>>
}

/** The columns to read of each model, by field. The key is read as well. */
export interface ColumnsOfModels {
  of: ReadonlyMap<string, ReadonlySet<string>>
  /** Models of which all columns are read. */
  whole: ReadonlySet<string>
}

/** The text of the columns of a row. */
export type Fields = readonly (string | null)[]

/** A row of a model, by field. */
export type ModelRow = Record<string, unknown>

/** How rows of a model and their relations are read: one statement, and one more for each relation to many rows. */
export interface RowPlan {
  table: Table
  /** What to select, of the table `t` and of what is joined to it. */
  columns: string
  /** Where each column of the table itself is among them, by its name there. */
  places: ReadonlyMap<string, number>
  /** How many columns that is. */
  width: number
  /** The joins, each to one row at most. */
  joins: string
  root: Level
}

/** What is read of the rows of one table. */
export interface Level {
  fields: readonly { name: string; at: number; decode: Decode }[]
  /** Where the key is: null for a relation to nothing. */
  keyAt: number
  prototype: object | null
  joined: readonly JoinedLevel[]
  lists: readonly List[]
  /** Whether there are lists here or in what is joined. */
  hasLists: boolean
}

interface JoinedLevel extends Level {
  name: string
}

/** A relation to many rows. */
interface List {
  relation: Relation
  plan: RowPlan
  where: readonly { column: Column; value: string | number | boolean }[]
}

/** @throws Error for what is not read here, like an order or a page of a relation */
export function planRows(
  tables: ReadonlyMap<string, Table>,
  model: string,
  include: Include,
  columns: ColumnsOfModels | undefined,
): RowPlan {
  const selected: string[] = []
  const joins: string[] = []

  const planLevel = (table: Table, alias: string, relations: Include): Level => {
    const asked = Object.entries(relations).flatMap(([name, value]) =>
      value ? [{ relation: found(table.relations, name), ...readIncluded(value) }] : [],
    )
    const isWhole = columns === undefined || columns.whole.has(table.model)
    const wanted = columns?.of.get(table.model)
    const needed = new Set([table.key, ...asked.flatMap(({ relation }) => (relation.isList ? [relation.from] : []))])
    const isRead = (column: Column) => isWhole || wanted?.has(column.field) === true || needed.has(column)
    const all = [...table.columns.values()]
    const fields = all.filter(isRead).map((column) => {
      selected.push(`${alias}.${column.sql}`)
      return { name: column.field, at: selected.length - 1, decode: decoderOf(column) }
    })
    const lists: List[] = []
    const joined: JoinedLevel[] = []
    for (const { relation, include: nested, where } of asked) {
      const target = found(tables, relation.model)
      if (relation.isList) {
        const conditions = Object.entries(where).map(([field, value]) => ({
          column: found(target.columns, field),
          value,
        }))
        lists.push({ relation, plan: planRows(tables, relation.model, nested, columns), where: conditions })
        continue
      }
      const name = `t${joins.length + 1}`
      joins.push(`left join ${target.sql} ${name} on ${name}.${relation.to.sql} = ${alias}.${relation.from.sql}`)
      joined.push({ name: relation.field, ...planLevel(target, name, nested) })
    }
    return {
      fields,
      keyAt: fields.find(({ name }) => name === table.key.field)?.at ?? 0,
      prototype: guard(table, (column) => !isRead(column)),
      joined,
      lists,
      hasLists: lists.length > 0 || joined.some(({ hasLists }) => hasLists),
    }
  }

  const table = found(tables, model)
  const root = planLevel(table, 't', include)
  const places = new Map(root.fields.map(({ name, at }) => [found(table.columns, name).sql, at]))
  return { table, columns: selected.join(', '), places, width: selected.length, joins: joins.join(' '), root }
}

function readIncluded(value: true | Included): Required<Included> {
  const { include = {}, where = {}, ...others } = value === true ? {} : value
  const [other] = Object.keys(others)
  if (other !== undefined) throw new Error(`Relations are read without ${other}`)
  for (const condition of Object.values(where)) {
    if (typeof condition === 'object') throw new Error('Conditions of relations are equalities')
  }
  return { include, where }
}

/** A row from the text of its columns. */
export function readRow({ fields, prototype, joined }: Level, texts: Fields): ModelRow {
  const row = (prototype ? Object.create(prototype) : {}) as ModelRow
  for (const { name, at, decode } of fields) {
    const text = texts[at] ?? null
    row[name] = text === null || decode === null ? text : decode(text)
  }
  for (const level of joined) row[level.name] = texts[level.keyAt] === null ? null : readRow(level, texts)
  return row
}

/** What rows inherit: to read a column that was not loaded is a mistake, and not a value that is missing. */
function guard({ model, columns }: Table, isMissing: (column: Column) => boolean): object | null {
  const missing = [...columns.values()].filter(isMissing)
  if (missing.length === 0) return null
  const message = 'was not loaded: the field of the schema that reads it has to name it'
  const getters = missing.map(({ field }) => {
    const get = () => {
      throw new Error(`${model}.${field} ${message}`)
    }
    return [field, { get }] as const
  })
  return Object.defineProperties({}, Object.fromEntries(getters))
}

function found<Value>(map: ReadonlyMap<string, Value>, name: string): Value {
  const value = map.get(name)
  if (value === undefined) throw new Error(`The schema of the database has no ${name}`)
  return value
}
