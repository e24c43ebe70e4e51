import type { Database } from '@gaugeline/prisma'
import { RefusedError } from '../base/errors.ts'
import type { Reported } from './reported.ts'

/** A report that is sent again within this time is known. */
export const REPORT_KEYS_KEPT_MS = 600_000
/** Rows that one statement removes. */
const MAX_REMOVED = 10_000
/** What nobody counts (its deployment is deleted, or has another source now) is kept for a day. */
const UNCOUNTED_KEPT_MS = 86_400_000
/** Items of one statement; a larger report is a statement of its own. */
const MAX_BATCH_ITEMS = 4000
/** Items that wait to be stored. More are refused: the database is slower than what is reported. */
const MAX_WAITING_ITEMS = 100_000

/** What is to be counted in one window of one deployment. */
export interface ReportItem {
  /** Of what must be counted once, base64: items with the same key are taken or left together. */
  key: string
  deploymentKey: number
  windowStartMs: number
  /** When it happened. */
  timeMs: number
  isLate: boolean
  reported: Reported
}

/** What was reported for one deployment and is in no sample yet. */
export interface UncountedReports {
  id: number
  deploymentKey: number
  atMs: number
  points: readonly Reported[]
}

/** Carries out the effect `reports`, whose data are the ids of rows that a sample counts: see SampleStore. */
export const REPORTS_EFFECT = `delete from reports where id in
  (select jsonb_array_elements_text(data)::bigint from effects where kind = 'reports')`

interface Waiting {
  items: readonly ReportItem[]
  resolve: (repeated: ReadonlySet<string>) => void
  reject: (error: unknown) => void
}

/**
 * Keeps what was reported until a sample counts it. A report is durable before it is answered, and known for ten minutes
 * when it comes again. Calls that come while a statement runs share the next one.
 */
export class ReportInbox {
  readonly #pool: Database['pool']
  readonly #prepares: boolean
  readonly #now: () => number
  readonly #onReport: (deploymentKey: number) => void
  #waiting: Waiting[] = []
  #waitingItems = 0
  #isStoring = false

  /**
   * @param now recording's clock, milliseconds
   * @param onReport called with each deployment that something was stored for
   */
  constructor(
    { pool, kind }: Pick<Database, 'pool' | 'kind'>,
    now: () => number,
    onReport: (deploymentKey: number) => void = () => undefined,
  ) {
    this.#onReport = onReport
    this.#pool = pool
    this.#prepares = kind === 'postgres'
    this.#now = now
  }

  /**
   * Stores items; returns the keys that were stored before, whose items are left.
   * @throws RefusedError UNAVAILABLE when too much waits; errors of the database pass through: nothing is known then,
   * and the same report may be sent again.
   */
  async accept(items: readonly ReportItem[]): Promise<ReadonlySet<string>> {
    if (items.length === 0) return new Set()
    if (this.#waitingItems + items.length > MAX_WAITING_ITEMS) {
      const message = 'More is reported than can be stored right now. Send this report again in a moment.'
      throw new RefusedError('UNAVAILABLE', message, { retryAfterSeconds: 1 })
    }
    this.#waitingItems += items.length
    const stored = new Promise<ReadonlySet<string>>((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject })
    })
    if (!this.#isStoring) void this.#storeWaiting()
    return await stored
  }

  /** What was reported and not counted for these deployments, of before `beforeMs`. */
  async uncounted(deploymentKeys: readonly number[], beforeMs: number): Promise<UncountedReports[]> {
    const { rows } = await this.#pool.query<UncountedReports>(
      `select id::float8, deployment_key as "deploymentKey", (extract(epoch from at) * 1000)::float8 as "atMs", points
        from reports where deployment_key = any($1::int[]) and at < to_timestamp($2::float8 / 1000)`,
      [deploymentKeys, beforeMs],
    )
    return rows
  }

  /** Removes a batch of what is not needed any more; returns how many rows. */
  async removeOld(atMs: number): Promise<number> {
    const keys = await this.#pool.query(
      `delete from report_keys where key in
        (select key from report_keys where at < to_timestamp($1::float8 / 1000) order by at limit ${MAX_REMOVED})`,
      [atMs - REPORT_KEYS_KEPT_MS],
    )
    if (keys.rowCount) return keys.rowCount
    const rows = await this.#pool.query(
      `delete from reports where id in
        (select id from reports where at < to_timestamp($1::float8 / 1000) limit ${MAX_REMOVED})`,
      [atMs - UNCOUNTED_KEPT_MS],
    )
    return rows.rowCount ?? 0
  }

  /** Never rejects: whoever waits is told. */
  async #storeWaiting(): Promise<void> {
    this.#isStoring = true
    // Calls of the same turn are stored together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch()
      try {
        const items = batch.flatMap((one) => one.items)
        const repeated = await this.#store(items)
        for (const key of new Set(items.map(({ deploymentKey }) => deploymentKey))) this.#onReport(key)
        for (const { resolve } of batch) resolve(repeated)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#isStoring = false
  }

  #nextBatch(): Waiting[] {
    const batch: Waiting[] = []
    const keys = new Set<string>()
    let size = 0
    for (const next of this.#waiting) {
      if (batch.length > 0 && size + next.items.length > MAX_BATCH_ITEMS) break
      // Of the same report twice, the second is to learn that it was repeated.
      if (next.items.some(({ key }) => keys.has(key))) break
      for (const { key } of next.items) keys.add(key)
      size += next.items.length
      batch.push(next)
    }
    this.#waiting = this.#waiting.slice(batch.length)
    this.#waitingItems -= size
    return batch
  }

  async #store(items: readonly ReportItem[]): Promise<ReadonlySet<string>> {
    const values = [JSON.stringify(items), this.#now()]
    const query = this.#prepares ? { name: 'accept-reports', text: ACCEPT, values } : { text: ACCEPT, values }
    const { rows } = await this.#pool.query<{ key: string }>(query)
    return new Set(rows.map(({ key }) => key))
  }
}

/** One statement, so it happens or it does not. Rows are one for each window, with all that is new in it. */
const ACCEPT = `
  with given as (
    select * from json_to_recordset($1::json)
      as g(key text, "deploymentKey" int, "windowStartMs" float8, "timeMs" float8, "isLate" boolean, reported json)
  ), keys as (
    select distinct key from given
  ), fresh as (
    insert into report_keys (key, at) select decode(key, 'base64'), to_timestamp($2::float8 / 1000) from keys
    on conflict do nothing returning encode(key, 'base64') as key
  ), stored as (
    insert into reports (deployment_key, at, is_late, points)
    select "deploymentKey", to_timestamp(max("timeMs") / 1000), "isLate", jsonb_agg(reported)
    from given join fresh using (key) group by "deploymentKey", "windowStartMs", "isLate"
  )
  select key from keys except select key from fresh`
