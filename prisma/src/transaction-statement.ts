import type pg from 'pg'
import { type Connection, forgetStatement, type ParsedStatement, parseStatement } from './kept-statements.ts'
import { statementName } from './prepared-statements.ts'
import { parameterOf, parserOf } from './reads/values.ts'

type Row = Record<string, unknown>

/** The rows of a statement, and how many it wrote. */
export interface Written {
  rows: Row[]
  count: number
}

/**
 * One statement of a transaction, for `query` of pg. In place of pg's own: the rows of what is prepared are described
 * once a connection, and the first statement is sent together with the `begin` before it.
 */
export class TransactionStatement implements pg.Submittable {
  readonly answered: Promise<Written>
  /** Set here, and wrapped by pg. */
  callback!: (error: Error | null) => void
  /** Empty: it is not prepared. Like those below, named as pg names them, for whoever watches what is asked. */
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
  readonly #rows: Row[] = []
  #count = 0
  #parsed: ParsedStatement = {}
  #fault: Error | null = null
  /** Whether the next command that is completed is the `begin`. */
  #begins: boolean

  constructor(
    text: string,
    values: readonly unknown[],
    { isPrepared, begins }: { isPrepared: boolean; begins: boolean },
  ) {
    this.name = isPrepared ? statementName(text) : ''
    this.text = text
    this.values = values
    this.#begins = begins
    this.answered = new Promise((resolve, reject) => {
      this.callback = (error) => (error ? reject(error) : resolve({ rows: this.#rows, count: this.#count }))
    })
  }

  submit(given: pg.Connection): void {
    const connection = given as unknown as Connection
    connection.stream.cork()
    try {
      if (this.#begins) {
        connection.parse({ name: '', text: 'begin' })
        connection.bind({ statement: '', values: [] })
        connection.execute({ rows: 0 })
      }
      this.#parsed = parseStatement(connection, this)
      connection.bind({ statement: this.name, values: this.values, valueMapper: parameterOf })
      if (this.#parsed.columns === undefined) connection.describe({ type: 'P', name: '' })
      connection.execute({ rows: 0 })
      connection.sync()
    } finally {
      connection.stream.uncork()
    }
  }

  handleRowDescription({ fields }: { fields: readonly { name: string; dataTypeID: number }[] }): void {
    this.#parsed.columns = fields.map(({ name, dataTypeID }) => ({ name, parse: parserOf(dataTypeID) }))
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    if (this.#fault) return
    try {
      const row: Row = {}
      for (const [at, { name, parse }] of (this.#parsed.columns ?? []).entries()) {
        const text = fields[at] ?? null
        row[name] = text === null ? null : parse(text)
      }
      this.#rows.push(row)
    } catch (error) {
      this.#fault = error instanceof Error ? error : new Error(String(error))
    }
  }

  /** As PostgreSQL tells it: `BEGIN`, `UPDATE 1`, `INSERT 0 1`, `SELECT 1`. */
  handleCommandComplete({ text }: { text: string }): void {
    if (this.#begins) {
      this.#begins = false
      return
    }
    this.#count = Number(text.slice(text.lastIndexOf(' ') + 1)) || 0
    this.#parsed.columns ??= []
  }

  handleEmptyQuery(): void {}

  handleError(error: Error, connection: Connection): void {
    forgetStatement(connection, this.name)
    this.callback(error)
  }

  handleReadyForQuery(): void {
    this.callback(this.#fault)
  }
}
