import type { Database } from '@gaugeline/prisma'
import type pg from 'pg'
import { MAX_WINDOW_MS, type Sample } from '../metrics/sample.ts'
import type { Kept } from './history-ladder.ts'
import { CLOSE_AFTER_MS, MAX_LAG_MS } from './merged-windows.ts'
import { readAhead } from './read-ahead.ts'
import { SAMPLE_FIELDS } from './sample-columns.ts'

/** So many of a model or of the fleet may lag and not be waited for. */
const MAX_LAGGING_SHARE = 0.1
/** Samples that one statement reads: an embedded database does nothing else meanwhile. */
const CHUNK_ROWS = 1000
/** A deployment with windows of its own length has none shorter than this. */
const LEAST_OWN_MS = 1000
/** Deployments whose watermarks one statement reads. */
const CHUNK_KEYS = 250

/** The stored windows of one length: of these deployments, models (minus their keys) or the fleet (0). */
export interface SeriesOfWidth {
  widthMs: number
  series: readonly number[]
}

/** What a history has to know of stored windows, and samples by when they end. */
export class HistoryStore {
  readonly #pool: pg.Pool
  readonly #prepares: boolean

  constructor({ pool, kind }: Pick<Database, 'pool' | 'kind'>) {
    this.#pool = pool
    // The embedded database's connections share one session, where names of prepared statements would collide.
    this.#prepares = kind === 'postgres'
  }

  #query<Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]): Promise<pg.QueryResult<Row>> {
    return this.#pool.query<Row>(this.#prepares ? { name, text, values } : { text, values })
  }

  /**
   * Samples whose windows end in `(fromMs, toMs]`, in chunks: short statements. Ascending in each deployment, and one
   * deployment after the other; a chunk may hold several, and one may go on in the next chunk.
   */
  samples(keys: readonly number[], fromMs: number, toMs: number, intervalMs: number): AsyncGenerator<Sample[]> {
    const leastMs = Math.min(intervalMs, LEAST_OWN_MS)
    const rowsEach = Math.max(1, Math.min(CHUNK_ROWS, Math.ceil((toMs - fromMs) / leastMs)))
    const keysEach = Math.floor(CHUNK_ROWS / rowsEach)
    const asked = (at: number) => keys.slice(at, at + keysEach)
    const place = (at: number, startMs: number) => (at < keys.length ? { at, startMs } : undefined)
    const firstStartMs = fromMs - MAX_WINDOW_MS
    return readAhead(
      place(0, firstStartMs),
      async ({ at, startMs }) => {
        const { rows } = await this.#query<Sample>(
          'history-samples',
          `select s.* from unnest($1::int[]) with ordinality k(key, place) cross join lateral (
              select ${SAMPLE_FIELDS} from samples where deployment_key = k.key
                and window_start >= to_timestamp($2::float8 / 1000) and window_start < to_timestamp($4::float8 / 1000)
                and window_start + window_ms * interval '1 ms' > to_timestamp($3::float8 / 1000)
                and window_start + window_ms * interval '1 ms' <= to_timestamp($4::float8 / 1000)
              order by window_start limit $5
            ) s order by k.place, s."windowStartMs"`,
          [asked(at), startMs, fromMs, toMs, rowsEach],
        )
        return rows
      },
      ({ at }, rows) => {
        const last = rows.at(-1)
        // Several at once have no more rows than were asked for; one of them may.
        const mayHaveMore = asked(at).length === 1 && last !== undefined && rows.length >= rowsEach
        return mayHaveMore ? place(at, last.windowStartMs + 1) : place(at + keysEach, firstStartMs)
      },
    )
  }

  /** The lengths of windows that these deployments have instead of the server's. */
  async intervals(deploymentKeys: readonly number[]): Promise<number[]> {
    if (deploymentKeys.length === 0) return []
    const { rows } = await this.#query<{ intervalMs: number }>(
      'history-intervals',
      `select distinct d.interval_ms as "intervalMs" from unnest($1::int[]) k cross join lateral (
          select interval_ms from deployments where key = k limit 1
        ) d where d.interval_ms is not null`,
      [deploymentKeys],
    )
    return rows.map(({ intervalMs }) => intervalMs)
  }

  /** What is stored of a range, for each length. The first length is that of samples. */
  async kept(levels: readonly SeriesOfWidth[], fromMs: number, toMs: number): Promise<Kept[]> {
    // A list has as many items for the planner as it is told, so a statement with one is planned anew each time.
    const isOne = levels.map(({ series }) => series.length <= 1)
    const parts = levels.map(({ widthMs }, at) => {
      const table = at === 0 ? 'samples' : 'merged_windows'
      const key = isOne[at] ? `$${at + 3}::int` : 'k'
      const of = at === 0 ? `deployment_key = ${key}` : `series = ${key} and resolution_ms = ${widthMs}`
      const least = (condition: string, direction: string) => {
        const first = `select window_start from ${table} where ${of} and ${condition} order by window_start ${direction} limit 1`
        const all = isOne[at] ? `(${first}) w` : `unnest($${at + 3}::int[]) k cross join lateral (${first}) w`
        return `(select (extract(epoch from min(w.window_start)) * 1000)::float8 from ${all})`
      }
      const before = `window_start <= to_timestamp(($1::float8 - ${widthMs}) / 1000)`
      const within = `window_start > to_timestamp(($1::float8 - ${widthMs}) / 1000) and window_start < to_timestamp($2::float8 / 1000)`
      return `${least(before, 'desc')}, ${least(within, 'asc')}`
    })
    const { rows } = await this.#query<{ found: (number | null)[] }>(
      `history-kept-${levels.map(({ widthMs }, at) => (isOne[at] ? '' : 'all-') + widthMs).join('-')}`,
      `select array[${parts.join(', ')}] as found`,
      [fromMs, toMs, ...levels.map(({ series }, at) => (isOne[at] ? (series[0] ?? null) : series))],
    )
    const found = rows[0]?.found ?? []
    return levels.map((_level, at) => ({
      hasOlder: typeof found[2 * at] === 'number',
      firstMs: found[2 * at + 1] ?? undefined,
    }))
  }

  /** Until when the windows of a deployment are merged, by their length. */
  async mergedThrough(deploymentKey: number): Promise<Map<number, number>> {
    const { rows } = await this.#query<{ widthMs: number; ms: number }>(
      'history-through',
      `select resolution_ms as "widthMs", (extract(epoch from merged_through) * 1000)::float8 as ms
        from resolution_heads where deployment_key = $1`,
      [deploymentKey],
    )
    return new Map(rows.map(({ widthMs, ms }) => [widthMs, ms]))
  }

  /**
   * Until when the windows of all of these deployments are merged. A few that lag far behind do not count, because a
   * single one that cannot be merged must not hold up all others: their part comes when it comes. While many lag, as
   * after an upgrade, nothing counts as merged that is not.
   */
  async allMergedThrough(
    deploymentKeys: readonly number[],
    widthsMs: readonly number[],
    nowMs: number,
  ): Promise<Map<number, number>> {
    const known = new Map(widthsMs.map((width) => [width, { allMs: Infinity, nearMs: Infinity, lagging: 0, all: 0 }]))
    for (let at = 0; at < deploymentKeys.length; at += CHUNK_KEYS) {
      for (const row of await this.#mergedThroughOf(deploymentKeys.slice(at, at + CHUNK_KEYS), nowMs)) {
        const width = known.get(row.widthMs)
        if (width === undefined) continue
        width.allMs = Math.min(width.allMs, row.allMs)
        width.nearMs = Math.min(width.nearMs, row.nearMs ?? Infinity)
        width.lagging += row.lagging
        width.all += row.all
      }
    }
    return new Map(
      [...known].map(([width, { allMs, nearMs, lagging, all }]) => {
        const throughMs = lagging <= all * MAX_LAGGING_SHARE ? nearMs : allMs
        return [width, Number.isFinite(throughMs) ? throughMs : Math.floor((nowMs - CLOSE_AFTER_MS) / width) * width]
      }),
    )
  }

  async #mergedThroughOf(deploymentKeys: readonly number[], nowMs: number) {
    const { rows } = await this.#query<Merged>(
      'history-all-through',
      `select resolution_ms as "widthMs", count(*)::int as all, count(*) filter (where lags)::int as lagging,
          (extract(epoch from min(merged_through)) * 1000)::float8 as "allMs",
          (extract(epoch from min(merged_through) filter (where not lags)) * 1000)::float8 as "nearMs"
        from (
          select r.*, r.merged_through <= to_timestamp($2::float8 / 1000) - r.resolution_ms * interval '1 ms' as lags
          from unnest($1::int[]) k cross join lateral (
            select recording_since, last_window_end from sample_heads where deployment_key = k limit 1
          ) h cross join lateral (
            select resolution_ms, merged_through from resolution_heads where deployment_key = k
            order by resolution_ms limit 100
          ) r
          where h.recording_since is not null or h.last_window_end > r.merged_through
        ) merged group by 1`,
      [deploymentKeys, nowMs - MAX_LAG_MS],
    )
    return rows
  }
}

/** How far some deployments are merged in windows of one length. */
interface Merged {
  widthMs: number
  all: number
  lagging: number
  allMs: number
  /** Of those that do not lag; null when all do. */
  nearMs: number | null
}
