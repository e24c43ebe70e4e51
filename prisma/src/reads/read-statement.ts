import type pg from 'pg'
import { type Connection, forgetStatement, parseStatement } from '../kept-statements.ts'
import { statementName } from '../prepared-statements.ts'
import type { Fields } from './row-plan.ts'
import { parameterOf } from './values.ts'

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
      parseStatement(connection, this)
      connection.bind({ statement: this.name, values: this.values, valueMapper: parameterOf })
      connection.execute({ rows: 0 })
      connection.sync()
    } finally {
      connection.stream.uncork()
    }
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

  handleError(error: Error, connection: Connection): void {
    forgetStatement(connection, this.name)
    this.callback?.(error)
  }

  handleReadyForQuery(): void {
    if (this.#fault) this.callback?.(this.#fault)
    else this.callback?.(null, this.#rows)
  }
}
