import type pg from 'pg'
import { Prisma } from './generated/client/client.ts'
import { preparing, statementName } from './prepared-statements.ts'

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
  let isLost = false
  try {
    await client.query('begin')
    const result = await work(new ClientTransaction(client, prepares))
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {
      // It ends with its connection.
      isLost = true
    })
    throw error
  } finally {
    client.off('error', ignore)
    client.release(isLost)
  }
}

function ignore(): void {}

class ClientTransaction implements Transaction {
  readonly #client: pg.PoolClient
  readonly #prepares: boolean

  constructor(client: pg.PoolClient, prepares: boolean) {
    this.#client = client
    this.#prepares = prepares
  }

  async $queryRaw<Rows>(statement: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<Rows> {
    return (await this.#run(statement, values)).rows as Rows
  }

  async $executeRaw(statement: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number> {
    return (await this.#run(statement, values)).rowCount ?? 0
  }

  #run(statement: TemplateStringsArray | Prisma.Sql, given: unknown[]): Promise<pg.QueryResult> {
    const { text, values } = 'raw' in statement ? Prisma.sql(statement, ...given) : statement
    return this.#client.query(this.#prepares ? { name: statementName(text), text, values } : { text, values })
  }
}
