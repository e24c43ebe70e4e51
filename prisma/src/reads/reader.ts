import type pg from 'pg'
import { Prisma } from '../generated/client/client.ts'
import type PrismaTypes from '../generated/pothos-types.ts'
import { type Preparing, preparing } from '../prepared-statements.ts'
import { ReadStatement } from './read-statement.ts'
import {
  type ColumnsOfModels,
  type Fields,
  type Include,
  type Level,
  type ModelRow,
  planRows,
  readRow,
  type RowPlan,
} from './row-plan.ts'
import { type Column, columnOf, type NamesInDatabase, readTables, type Table } from './tables.ts'

export type ModelName = keyof PrismaTypes
/** A row as Prisma gives it. With `columns`, only those are in it, and reading another one throws. */
export type RowOf<Model extends ModelName> = PrismaTypes[Model]['Shape']

/** What is read of rows. */
export interface Selection {
  include?: Include | undefined
  columns?: SelectedColumns | undefined
}

/** Columns with a name for all that select the same. */
export interface SelectedColumns extends ColumnsOfModels {
  name: string
}

/** A column of a query. */
export interface FurtherColumn {
  name: string
  /** The column of the table that it repeats, where it is one: that is not read twice. */
  sameAs?: string | undefined
}

/** Plans are small, and so many are more than any client has. */
const MAX_PLANS = 1000
/** Rows that one statement looks up: an embedded database does nothing else meanwhile. */
const MAX_LOOKED_UP = 250

/** Someone who waits for a row. */
interface Lookup {
  value: string
  resolve: (row: ModelRow | null) => void
  reject: (error: unknown) => void
}

/**
 * Reads rows of any model by a statement of its own, with all relations to one row joined to it: what Prisma gives for
 * the same `include`, for a tenth of the processor time.
 */
export class Reader {
  readonly #pool: pg.Pool
  readonly #tables: ReadonlyMap<string, Table>
  readonly #plans = new Map<string, RowPlan>()
  readonly #lookups = new Map<string, Lookup[]>()
  readonly #preparing: Preparing

  /** @param prepares whether each connection has a session of its own, which can keep prepared statements */
  constructor(pool: pg.Pool, names: NamesInDatabase, prepares: boolean) {
    this.#pool = pool
    this.#tables = readTables(names)
    this.#preparing = preparing(prepares)
  }

  /**
   * The row of a model with this value in a unique column; null if there is none. What is asked in the same turn of the
   * event loop is read by one statement.
   */
  find<Model extends ModelName>(
    model: Model,
    where: Readonly<Record<string, string | number | undefined>>,
    selection: Selection = {},
  ): Promise<RowOf<Model> | null> {
    const [[field, value] = []] = Object.entries(where)
    if (field === undefined || value === undefined) throw new Error(`${model}: nothing to look up`)
    return new Promise<ModelRow | null>((resolve, reject) => {
      const lookup = { value: String(value), resolve, reject }
      const key = `${field} ${keyOf(model, selection)}`
      const waiting = this.#lookups.get(key)
      if (waiting) {
        waiting.push(lookup)
        return
      }
      const plan = this.#plan(model, selection)
      const column = columnOf(plan.table, field)
      const lookups = [lookup]
      this.#lookups.set(key, lookups)
      // After the promises that this turn has settled: their callbacks may look up more.
      void Promise.resolve().then(() =>
        process.nextTick(() => {
          this.#lookups.delete(key)
          for (let at = 0; at < lookups.length; at += MAX_LOOKED_UP) {
            void this.#answer(plan, column, lookups.slice(at, at + MAX_LOOKED_UP))
          }
        }),
      )
    }) as Promise<RowOf<Model> | null>
  }

  async #answer(plan: RowPlan, column: Column, lookups: readonly Lookup[]): Promise<void> {
    try {
      const values = [...new Set(lookups.map(({ value }) => value))]
      const rows = await this.#rowsBy(plan, column, values, [])
      for (const { value, resolve } of lookups) resolve(rows.get(value)?.[0] ?? null)
    } catch (error) {
      for (const { reject } of lookups) reject(error)
    }
  }

  /**
   * Reads the rows of queries, with their relations: given a query that has all columns of the model, further columns of it,
   * and the order of the rows, whose table is `t`.
   */
  rowsOf<Model extends ModelName>(model: Model, selection: Selection = {}) {
    return (from: Prisma.Sql, more: readonly FurtherColumn[], orderBy: Prisma.Sql) =>
      this.#rows(model, selection, from, more, orderBy)
  }

  async #rows<Model extends ModelName>(
    model: Model,
    selection: Selection,
    from: Prisma.Sql,
    more: readonly FurtherColumn[],
    orderBy: Prisma.Sql,
  ): Promise<{ row: RowOf<Model>; more: Fields }[]> {
    const { root, width, columns, places, joins } = this.#plan(model, selection)
    const selected = [columns]
    const at = more.map(({ name, sameAs }) => {
      const place = sameAs === undefined ? undefined : places.get(`"${sameAs}"`)
      return place ?? width + selected.push(`t.${name}`) - 2
    })
    const query = Prisma.sql`select ${Prisma.raw(selected.join(', '))} from (${from}) t ${Prisma.raw(joins)} ${orderBy}`
    const found = await this.query(query, (fields) => ({
      row: readRow(root, fields),
      more: at.map((place) => fields[place] ?? null),
    }))
    await this.#addLists(
      root,
      found.map(({ row }) => row),
    )
    return found as unknown as { row: RowOf<Model>; more: Fields }[]
  }

  /** What a statement selects: each row is made of the text of its columns. */
  query<Row>({ text, values }: Prisma.Sql, read: (fields: Fields) => Row): Promise<Row[]> {
    return this.#run(text, values, read)
  }

  #plan(model: string, selection: Selection): RowPlan {
    const key = keyOf(model, selection)
    let plan = this.#plans.get(key)
    if (plan === undefined) {
      plan = planRows(this.#tables, model, selection.include ?? {}, selection.columns)
      if (this.#plans.size >= MAX_PLANS) this.#plans.clear()
      this.#plans.set(key, plan)
    }
    return plan
  }

  /** The rows with one of these values in a column, by value, with their relations. */
  async #rowsBy(
    { table, columns, joins, width, root }: RowPlan,
    column: Column,
    values: readonly string[],
    where: readonly { column: Column; value: unknown }[],
  ): Promise<Map<string, ModelRow[]>> {
    const isOne = values.length === 1
    const conditions = where.map(({ column: { sql } }, n) => ` and t.${sql} = $${n + 2}`)
    const found = await this.#run(
      `select ${columns}, t.${column.sql} from ${table.sql} t ${joins} where t.${column.sql} = ${isOne ? '$1' : 'any($1)'}${conditions.join('')}`,
      [isOne ? values[0] : values, ...where.map(({ value }) => value)],
      (fields) => ({ by: fields[width] ?? '', row: readRow(root, fields) }),
    )
    await this.#addLists(
      root,
      found.map(({ row }) => row),
    )
    const rows = new Map<string, ModelRow[]>()
    for (const { by, row } of found) {
      const known = rows.get(by)
      if (known) known.push(row)
      else rows.set(by, [row])
    }
    return rows
  }

  /** Reads the relations to many rows, one statement each. */
  async #addLists({ hasLists, lists, joined }: Level, rows: readonly ModelRow[]): Promise<void> {
    if (!hasLists || rows.length === 0) return
    for (const { relation, plan, where } of lists) {
      const keys = [...new Set(rows.map((row) => String(row[relation.from.field])))]
      const found = await this.#rowsBy(plan, relation.to, keys, where)
      for (const row of rows) row[relation.field] = found.get(String(row[relation.from.field])) ?? []
    }
    for (const level of joined) {
      await this.#addLists(
        level,
        rows.flatMap((row) => (row[level.name] === null ? [] : [row[level.name] as ModelRow])),
      )
    }
  }

  #run<Row>(text: string, values: readonly unknown[], read: (fields: Fields) => Row): Promise<Row[]> {
    return this.#preparing(async (isPrepared) => {
      // Other than its types say, the pool answers with a promise for this as well.
      const answer: unknown = this.#pool.query(new ReadStatement(text, values, isPrepared, read))
      return (await answer) as Row[]
    })
  }
}

function keyOf(model: string, { include, columns }: Selection): string {
  return `${model} ${include ? JSON.stringify(include) : ''} ${columns?.name ?? '*'}`
}
