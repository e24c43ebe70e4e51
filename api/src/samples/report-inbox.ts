import type { Database } from '@gaugeline/prisma'
import { RefusedError } from '../base/errors.ts'
import { KeptReports } from './kept-reports.ts'
import { packReports, unpackReports } from './packed-reports.ts'
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
  readonly #kept: KeptReports
  #waiting: Waiting[] = []
  #waitingItems = 0
  #isStoring = false

  /**
   * @param now recording's clock, milliseconds
   * @param onReport called with each deployment that something was stored for
   * @param kept shared by those who take reports and who count them
   */
  constructor(
    { pool, kind }: Pick<Database, 'pool' | 'kind'>,
    now: () => number,
    onReport: (deploymentKey: number) => void = () => undefined,
    kept = new KeptReports(),
  ) {
    this.#onReport = onReport
    this.#kept = kept
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
    const { rows } = await this.#pool.query<Omit<UncountedReports, 'points'> & { points: string | null }>(
      `select id::float8, deployment_key as "deploymentKey", (extract(epoch from at) * 1000)::float8 as "atMs",
          case when k is null then points end as points
        from reports left join unnest($3::bigint[]) k on k = id
        where deployment_key = any($1::int[]) and at < to_timestamp($2::float8 / 1000)`,
      [deploymentKeys, beforeMs, this.#kept.idsOf(deploymentKeys)],
    )
    return rows.flatMap(({ points, ...row }) => {
      const known = points === null ? this.#kept.get(row.id) : unpackReports(points)
      // What was dropped meanwhile is counted with the next window.
      return known === undefined ? [] : [{ ...row, points: known }]
    })
  }

  /** These are counted, and stored so. */
  forget(ids: Iterable<number>): void {
    for (const id of ids) this.#kept.remove(id)
  }

  /** Only these deployments are counted from now on: what others have in memory is of no use. */
  countOnly(deploymentKeys: readonly number[]): void {
    this.#kept.keepOnly(deploymentKeys)
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

  /** Nearly always nothing is repeated, so nothing is stored at first where something is. */
  async #store(items: readonly ReportItem[]): Promise<ReadonlySet<string>> {
    const repeated = new Set<string>()
    let fresh = items
    while (fresh.length > 0) {
      const known = await this.#storeAll(fresh)
      if (known.length === 0) break
      for (const key of known) repeated.add(key)
      fresh = fresh.filter(({ key }) => !repeated.has(key))
    }
    return repeated
  }

  /** Stores all of these items, or none when some of their keys are known: those are returned. */
  async #storeAll(items: readonly ReportItem[]): Promise<string[]> {
    const keys = [...new Set(items.map(({ key }) => key))]
    const rows = rowsOf(items)
    const values = [
      // As one value: the driver would quote each of an array of texts.
      keys.join('\n'),
      this.#now(),
      rows.map(({ deploymentKey }) => deploymentKey),
      rows.map(({ atMs }) => atMs),
      rows.map(({ isLate }) => isLate),
      rows.map(({ points }) => packReports(points)).join('\n'),
    ]
    const query = this.#prepares ? { name: 'accept-reports', text: ACCEPT, values } : { text: ACCEPT, values }
    const { rows: answer } = await this.#pool.query<{ key: Buffer | null; id: number | null }>(query)
    // Ids are given in the order of the rows.
    const ids = answer.flatMap(({ id }) => id ?? []).toSorted((a, b) => a - b)
    for (const [at, id] of ids.entries()) {
      const row = rows[at]
      if (row !== undefined) this.#kept.add(id, row)
    }
    return answer.flatMap(({ key }) => key?.toString('base64') ?? [])
  }
}

interface Row extends Pick<ReportItem, 'deploymentKey' | 'windowStartMs' | 'isLate'> {
  atMs: number
  points: Reported[]
}

/** One for each window of each deployment. */
function rowsOf(items: readonly ReportItem[]): Row[] {
  const rows = new Map<string, Row>()
  let row: Row | undefined
  for (const { deploymentKey, windowStartMs, timeMs, isLate, reported } of items) {
    // Those of one request are nearly always of the same row.
    if (row?.deploymentKey !== deploymentKey || row.windowStartMs !== windowStartMs || row.isLate !== isLate) {
      const name = `${deploymentKey} ${windowStartMs} ${isLate}`
      row = rows.get(name) ?? { deploymentKey, windowStartMs, atMs: timeMs, isLate, points: [] }
      rows.set(name, row)
    }
    row.points.push(reported)
  }
  return [...rows.values()]
}

/**
 * One statement, so it happens or it does not. Only this server stores keys, one statement at a time: what is not known
 * at its beginning is not known at its end.
 */
const ACCEPT = `
  with known as (
    select key from report_keys where key = any(array(select decode(k, 'base64') from unnest(string_to_array($1, e'\\n')) k))
  ), keys as (
    insert into report_keys (key, at) select decode(k, 'base64'), to_timestamp($2::float8 / 1000)
    from unnest(string_to_array($1, e'\\n')) k where not exists (select 1 from known)
  ), stored as (
    insert into reports (deployment_key, at, is_late, points)
    select deployment_key, to_timestamp(at_ms / 1000), is_late, points
    from unnest($3::int[], $4::float8[], $5::boolean[], string_to_array($6, e'\\n'))
      with ordinality as r(deployment_key, at_ms, is_late, points, place)
    where not exists (select 1 from known) order by place
    returning id
  )
  select key, null::float8 as id from known union all select null, id::float8 from stored`
