import { DriverAdapterError } from '@prisma/driver-adapter-utils'
import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'

/**
 * adapter-pg over a pool that stays the caller's, with its two migration faults corrected: a script runs whole, in one
 * transaction (the stock adapter splits it at every `;`), and no shadow database is ever taken (the stock one is the
 * main database).
 */
export class DatabaseAdapter extends PrismaPg {
  readonly #pool: pg.Pool
  #scriptError: Error | null = null

  /** @param schema of the tables; the sessions of the pool have it as their search path */
  constructor(pool: pg.Pool, schema = 'public') {
    super(pool, { schema })
    this.#pool = pool
  }

  /** Why the newest script failed, in the words of PostgreSQL; the engine wraps it in a report of many lines. */
  get scriptError(): Error | null {
    return this.#scriptError
  }

  override async connect(): ReturnType<PrismaPg['connect']> {
    const adapter = await super.connect()
    adapter.executeScript = (script) => this.#executeScript(script)
    return adapter
  }

  override connectToShadowDb(): never {
    throw new Error('Shadow databases are not used')
  }

  async #executeScript(script: string): Promise<void> {
    this.#scriptError = null
    const client = await this.#pool.connect()
    try {
      await client.query('BEGIN')
      await client.query(script)
      await recordPendingMigration(client)
      await client.query('COMMIT')
      client.release()
    } catch (error) {
      this.#scriptError = error instanceof Error ? error : new Error(String(error))
      // Closing the connection rolls back, whatever state the script left it in.
      client.release(true)
      throw asDriverAdapterError(this.#scriptError)
    }
  }
}

// The engine marks a migration as finished in a statement of its own. Done here, in the transaction of the script, no
// crash can come between the two. There is at most one pending row: failed ones were marked as rolled back before.
async function recordPendingMigration(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query<{ present: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present`,
  )
  if (rows[0]?.present !== true) return
  await client.query(
    'UPDATE _prisma_migrations SET finished_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL',
  )
}

function asDriverAdapterError(error: Error): DriverAdapterError {
  const text = (key: string) => {
    const value: unknown = Reflect.get(error, key)
    return typeof value === 'string' ? value : undefined
  }
  return new DriverAdapterError({
    kind: 'postgres',
    code: text('code') ?? 'N/A',
    severity: text('severity') ?? 'ERROR',
    message: error.message,
    detail: text('detail'),
    column: text('column'),
    hint: text('hint'),
  })
}
