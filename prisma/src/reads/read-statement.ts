import type pg from 'pg'
import { statementName } from '../prepared-statements.ts'
import type { Fields } from './row-plan.ts'
import { parameterOf } from './values.ts'

/** Statements that a connection keeps prepared: each takes PostgreSQL some ten kilobytes. */
export const MAX_PREPARED = 100

/** What pg's types leave out, or have from an earlier version. */
interface Connection {
  stream: { cork(): void; uncork(): void }
  parse(statement: { name: string; text: string }): void
  bind(values: { statement: string; values: readonly unknown[]; valueMapper: (value: unknown) => unknown }): void
  execute(portal: { rows: number }): void
  close(statement: { type: 'S'; name: string }): void
  sync(): void
}

/** The names of what a connection has prepared, least recently used first. */
const preparedOn = new WeakMap<object, Set<string>>()

/**
 * One statement that reads rows, for `query` of pg. In place of pg's own: the columns are known, so they need not be
 * described for every run, and each row is made of its fields at once. A statement that is prepared is parsed and planned once
 * a connection.
 */
export class ReadStatement<Row> implements pg.Submittable {
  /** Set by pg. */
  callback: ((error: Error | null, rows?: Row[]) => void) | undefined
  /** Empty: it is not prepared. Like those below, named as pg names them, for whoever watches what is asked. */
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
  readonly #read: (fields: Fields) => Row
  readonly #rows: Row[] = []
  #fault: Error | null = null

  constructor(text: string, values: readonly unknown[], isPrepared: boolean, read: (fields: Fields) => Row) {
    this.name = isPrepared ? statementName(text) : ''
    this.text = text
    this.values = values
    this.#read = read
  }

  submit(given: pg.Connection): void {
    const connection = given as unknown as Connection
    connection.stream.cork()
    try {
      this.#parse(connection)
      connection.bind({ statement: this.name, values: this.values, valueMapper: parameterOf })
      connection.execute({ rows: 0 })
      connection.sync()
    } finally {
      connection.stream.uncork()
    }
  }

  #parse(connection: Connection): void {
    const { name, text } = this
    if (name === '') {
      connection.parse({ name, text })
      return
    }
    const prepared = preparedOn.get(connection) ?? new Set()
    preparedOn.set(connection, prepared)
    if (!prepared.delete(name)) {
      const [oldest] = prepared
      if (oldest !== undefined && prepared.size >= MAX_PREPARED) {
        prepared.delete(oldest)
        connection.close({ type: 'S', name: oldest })
      }
      // One that is there after all, as after an error, would be in the way.
      connection.close({ type: 'S', name })
      connection.parse({ name, text })
    }
    prepared.add(name)
  }

  handleRowDescription(): void {}

  handleDataRow({ fields }: { fields: Fields }): void {
    if (this.#fault) return
    try {
      this.#rows.push(this.#read(fields))
    } catch (error) {
      this.#fault = error instanceof Error ? error : new Error(String(error))
    }
  }

  handleCommandComplete(): void {}

  handleParseComplete(): void {}

  handleEmptyQuery(): void {}

  handleError(error: Error, connection: object): void {
    preparedOn.get(connection)?.delete(this.name)
    this.callback?.(error)
  }

  handleReadyForQuery(): void {
    if (this.#fault) this.callback?.(this.#fault)
    else this.callback?.(null, this.#rows)
  }
}
