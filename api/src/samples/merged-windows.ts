import type { Database } from '@gaugeline/prisma'
import type pg from 'pg'
import { PART_FIELDS, type WindowPart } from './merged-window-columns.ts'
import type { MergedWindow } from './merged-window.ts'
import { readAhead } from './read-ahead.ts'

/** Windows that one statement reads: an embedded database does nothing else meanwhile. */
const CHUNK_ROWS = 1000

/** A deployment whose windows are merged later than this after their end does not hold up its model and the fleet. */
export const MAX_LAG_MS = 5 * 60_000
/** A window that no sample follows is closed so long after its end. The recorder catches up for no longer. */
export const CLOSE_AFTER_MS = 70_000

export interface MergedRange {
  /** Deployments (their keys), models (minus their keys), the fleet (0). */
  series: readonly number[]
  resolutionMs: number
  /** Windows that start in [fromMs, toMs). */
  fromMs: number
  toMs: number
  /** Rows of one chunk. */
  chunkRows?: number
  /** What is read of each; by default all. Of a part, what is not in it is null, and its sources are none. */
  part?: WindowPart
}

const NO_SOURCES: MergedWindow['sources'] = Object.freeze({})

/** Reads merged windows. */
export class MergedWindows {
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
   * The windows of some series, in chunks: short statements. Ascending in each series, and one series after the other in
   * the order given; a chunk may hold several series, and a series may go on in the next chunk.
   */
  range({
    series,
    resolutionMs,
    fromMs,
    toMs,
    chunkRows = CHUNK_ROWS,
    part = 'all',
  }: MergedRange): AsyncGenerator<MergedWindow[]> {
    const rowsEach = Math.max(1, Math.min(chunkRows, Math.ceil((toMs - fromMs) / resolutionMs)))
    const seriesEach = Math.floor(chunkRows / rowsEach)
    const asked = (at: number) => series.slice(at, at + seriesEach)
    const place = (at: number, startMs: number) => (at < series.length && startMs < toMs ? { at, startMs } : undefined)
    return readAhead(
      place(0, fromMs),
      async ({ at, startMs }) => {
        const isOne = series.length === 1
        const rowsOf = (key: string) => `
          select ${PART_FIELDS[part]} from merged_windows m where m.series = ${key} and m.resolution_ms = $2
            and m.window_start >= to_timestamp($3::float8 / 1000) and m.window_start < to_timestamp($4::float8 / 1000)
          order by m.window_start limit $5`
        const { rows } = await this.#query<MergedWindow>(
          `merged-range-${isOne ? 'one-' : ''}${part}`,
          isOne
            ? rowsOf('$1::int')
            : `select w.* from unnest($1::int[]) with ordinality k(series, place)
                cross join lateral (${rowsOf('k.series')}) w order by k.place, w."windowStartMs"`,
          [isOne ? series[0] : asked(at), resolutionMs, startMs, toMs, rowsEach],
        )
        if (part !== 'all') for (const row of rows) row.sources = NO_SOURCES
        return rows
      },
      ({ at }, rows) => {
        const last = rows.at(-1)
        // Several at once have no more rows than were asked for; one of them may.
        const mayHaveMore = asked(at).length === 1 && last !== undefined && rows.length >= rowsEach
        return (mayHaveMore && place(at, last.windowStartMs + resolutionMs)) || place(at + seriesEach, fromMs)
      },
    )
  }
}
