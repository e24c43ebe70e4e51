import type { Database } from '@gaugeline/prisma'
import type pg from 'pg'
import type { Clock } from '../base/clock.ts'
import { Sweeper } from '../base/sweeper.ts'
import { RESOLUTIONS_MS } from './merged-window.ts'
import type { Partitions } from './partitions.ts'
import type { StoredTable } from './stored-tables.ts'

/** Rows of one statement: short, so that the recorder never waits long on an embedded database. */
const CHUNK_ROWS = 2000
const SWEEP_EVERY_MS = 30_000
/** Partitions are there so long before the first row comes. */
const AHEAD_MS = 3_600_000
/** The resolution by which recorded time is counted. */
const COUNTED_MS = 3_600_000
/** What is merged into windows of this length is merged into all. */
const COARSEST_MS = RESOLUTIONS_MS.at(-1) ?? COUNTED_MS

export interface RetentionOptions {
  database: Pick<Database, 'pool'>
  partitions: Partitions
  tables: readonly StoredTable[]
  /** See SweepClock. */
  now: () => Promise<number>
  /** The time of the windows that are recorded. */
  clock: Clock
  onError: (error: unknown) => void
}

/**
 * Makes partitions ahead, and drops those whose rows are all past their retention. Past it is also what has been followed
 * by as much recorded time as the retention lasts: the time of sweeps may lag far behind, on a machine that is off more
 * than it is on, and what is stored must not grow with that. What was recorded by deleted deployments goes with the
 * partitions; what was merged of them is removed as soon as nothing of it is needed any more.
 */
export class Retention extends Sweeper {
  readonly #pool: pg.Pool
  readonly #partitions: Partitions
  readonly #tables: readonly StoredTable[]
  readonly #clock: Clock

  constructor({ database, partitions, tables, now, clock, onError }: RetentionOptions) {
    super({
      everyMs: SWEEP_EVERY_MS,
      now,
      sweeps: [() => this.prepare(), (atMs) => this.#dropOld(atMs), () => this.#removeDeleted()],
      onError,
    })
    this.#pool = database.pool
    this.#partitions = partitions
    this.#tables = tables
    this.#clock = clock
  }

  /** Makes the partitions of the next hour. Returns 0: nothing was removed. */
  async prepare(): Promise<number> {
    const nowMs = this.#clock.now()
    for (const table of this.#tables) await this.#partitions.ensure(table, nowMs, nowMs + AHEAD_MS)
    return 0
  }

  /** Drops what is old, and returns how many partitions that was. */
  async #dropOld(atMs: number): Promise<number> {
    const surpassed = await this.#surpassed(atMs)
    let dropped = 0
    for (const [index, table] of this.#tables.entries()) {
      dropped += await this.#partitions.dropBefore(table, Math.max(atMs - table.keepMs, surpassed[index] ?? -Infinity))
    }
    return dropped
  }

  /**
   * For each table the time since which as much was recorded as it keeps: rows before it are old whatever any clock says.
   * Undefined where so much was not recorded yet.
   */
  async #surpassed(atMs: number): Promise<(number | undefined)[]> {
    // The hours of the fleet say how much of each was recorded, by the deployment that was recorded longest.
    const { rows } = await this.#pool.query<{ ms: number | null }>(
      `select (select (extract(epoch from max(w.window_start)) * 1000)::float8 from (
            select window_start, sum(covered_ms) over (order by window_start desc) as recorded_ms
            from merged_windows where series = 0 and resolution_ms = ${COUNTED_MS}
          ) w where w.recorded_ms >= k.keep_ms) as ms
        from unnest($1::float8[]) with ordinality k(keep_ms, place)
        where (select max(last_window_end) from sample_heads) > to_timestamp($2::float8 / 1000) + interval '1 hour'
        order by k.place`,
      [this.#tables.map(({ keepMs }) => keepMs), atMs],
    )
    return rows.map(({ ms }) => ms ?? undefined)
  }

  /**
   * Removes some of what was merged of one deleted deployment, and in the end its heads. Its part of its model and the
   * fleet stays, so it is first waited for until that is whole. Returns how many rows were removed.
   */
  async #removeDeleted(): Promise<number> {
    const { rows } = await this.#pool.query<{ key: number }>(
      `select h.deployment_key as key from sample_heads h
        where not exists (select from deployments d where d.key = h.deployment_key)
          and (h.sequence = 0
            or exists (select from resolution_heads r where r.deployment_key = h.deployment_key
              and r.resolution_ms = ${COARSEST_MS} and r.merged_through >= h.last_window_end)
            or not exists (select from samples s where s.deployment_key = h.deployment_key))
        order by 1 limit 1`,
    )
    const key = rows[0]?.key
    if (key === undefined) return 0
    for (const { resolutionMs } of this.#tables) {
      if (resolutionMs === undefined) continue
      const { rowCount } = await this.#pool.query(
        `delete from merged_windows where series = $1 and resolution_ms = $2 and window_start < coalesce((
            select window_start from merged_windows where series = $1 and resolution_ms = $2
            order by window_start offset $3 limit 1), 'infinity')`,
        [key, resolutionMs, CHUNK_ROWS],
      )
      if (rowCount) return rowCount
    }
    const heads = await this.#pool.query(
      `with merged as (delete from resolution_heads where deployment_key = $1)
        delete from sample_heads where deployment_key = $1`,
      [key],
    )
    return heads.rowCount ?? 0
  }
}
