import type pg from 'pg'
import { Prisma } from './generated/client/client.ts'
import { preparing } from './prepared-statements.ts'
import { TransactionStatement, type Written } from './transaction-statement.ts'

/** Statements of one transaction. Those of Prisma are such transactions too. */
export interface Transaction {
  /** The rows, as the columns are named; `bigint` as a number (Prisma: BigInt), `timestamptz` as a Date. */
  $queryRaw<Rows>(statement: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<Rows>
  /** How many rows were written. */
  $executeRaw(statement: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number>
}

/**
 * Runs work in a transaction: it is committed when the work resolves, and rolled back when it rejects. The work may run
 * a second time, so it does nothing beside its statements. A connection is waited for, and each statement takes, as long
 * as the pool allows.
 */
export type InTransaction = <Result>(work: (tx: Transaction) => Promise<Result>) => Promise<Result>

/** The statements are prepared once for each connection of a server, where Prisma would parse and plan them each time. */
export function transactionsOf({ pool, kind }: { pool: pg.Pool; kind: 'embedded' | 'postgres' }): InTransaction {
  // The embedded database's connections share one session, where names of prepared statements would collide.
  const prepared = preparing(kind === 'postgres')
  return (work) => prepared((prepares) => inTransaction(pool, prepares, work))
}

async function inTransaction<Result>(
  pool: pg.Pool,
  prepares: boolean,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  // What is lost between two statements is told by the next one; without a listener it would end the process.
  client.on('error', ignore)
  const transaction = new ClientTransaction(client, prepares)
  let isLost = false
  try {
    const result = await work(transaction)
    if (transaction.hasBegun) await client.query('commit')
    return result
  } catch (error) {
    if (transaction.hasBegun) {
      await client.query('rollback').catch(() => {
        // It ends with its connection.
        isLost = true
      })
    }
    throw error
  } finally {
    client.off('error', ignore)
    client.release(isLost)
  }
}

function ignore(): void {}

class ClientTransaction implements Transaction {
  readonly #client: pg.PoolClient
  readonly #isPrepared: boolean
  /** It begins with its first statement: no round trip is made for that alone. */
  hasBegun = false

  constructor(client: pg.PoolClient, isPrepared: boolean) {
    this.#client = client
    this.#isPrepared = isPrepared
  }

  async $queryRaw<Rows>(statement: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<Rows> {
    return (await this.#run(statement, values)).rows as Rows
  }

  async $executeRaw(statement: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number> {
    return (await this.#run(statement, values)).count
  }

  #run(given: TemplateStringsArray | Prisma.Sql, parameters: unknown[]): Promise<Written> {
    const { text, values } = 'raw' in given ? Prisma.sql(given, ...parameters) : given
    const options = { isPrepared: this.#isPrepared, begins: !this.hasBegun }
    this.hasBegun = true
    const statement = new TransactionStatement(text, values, options)
    this.#client.query(statement)
    return statement.answered
  }
}
