import type { Database } from '@gaugeline/prisma'
import type pg from 'pg'
import type { Sample } from '../metrics/sample.ts'
import { MERGED_FIELDS, mergedArrays, upsertMergedWindows } from './merged-window-columns.ts'
import { type MergedWindow, RESOLUTIONS_MS } from './merged-window.ts'
import { type PartitionedTable, Partitions } from './partitions.ts'
import type { Watermark, WindowRange } from './resolution-merge.ts'
import { SAMPLE_FIELDS } from './sample-columns.ts'

/** How far one deployment is merged, and what there is to merge of it. */
export interface MergeHead {
  deploymentKey: number
  modelKey: number
  isDeleted: boolean
  /** Of the newest sample; 0 and null where there is none. */
  sequence: number
  logEndMs: number | null
  /** By resolution, ascending. */
  watermarks: Watermark[]
  /** When windows of five minutes begin, where others began sooner. */
  fiveMinutesFromMs: number | null
}

/** What one statement writes: all of it, or nothing. */
export interface MergeBatch {
  windows: readonly MergedWindow[]
  watermarks: readonly (Watermark & { deploymentKey: number; resolutionMs: number })[]
  /** Samples that must be stored like this. */
  witnesses: readonly Sample[]
}

const RANGES = 'unnest($1::int[], $2::int[], $3::float8[], $4::float8[]) as r(series, resolution_ms, from_ms, to_ms)'

// A new deployment's begin when its samples do; those that were there before an upgrade get theirs at the first start.
const MISSING_HEADS = `
  insert into resolution_heads (deployment_key, resolution_ms, model_key, merged_through)
  select d.key, r, m.key, to_timestamp(floor(extract(epoch from coalesce(
      (select min(window_start) from samples s where s.deployment_key = d.key), h.recording_since, d.created_at
    ))::float8 * 1000 / r) * r / 1000)
  from deployments d join models m on m.id = d.model_id left join sample_heads h on h.deployment_key = d.key
    cross join unnest($1::int[]) r
  where not exists (select from resolution_heads o where o.deployment_key = d.key and o.resolution_ms = r)
  on conflict do nothing`

const HEADS = `
  select s.version, (extract(epoch from s.five_minutes_from) * 1000)::float8 as "fiveMinutesFromMs", t.*
  from merge_state s left join (
    select r.deployment_key as "deploymentKey", min(r.model_key) as "modelKey", d.key is null as "isDeleted",
      coalesce(h.sequence, 0)::bigint as sequence,
      (extract(epoch from h.last_window_end) * 1000)::float8 as "logEndMs",
      array_agg((extract(epoch from r.merged_through) * 1000)::float8 order by r.resolution_ms) as "throughMs",
      array_agg(r.sequence::float8 order by r.resolution_ms) as sequences
    from resolution_heads r left join deployments d on d.key = r.deployment_key
      left join sample_heads h on h.deployment_key = r.deployment_key
    group by r.deployment_key, d.key, h.deployment_key having count(*) = $1
  ) t on true where s.id = 1 order by t."deploymentKey"`

/**
 * The version is what makes a batch all or nothing, and exactly once: it is moved on by each, in the same statement, and
 * a batch that was computed under another one writes nothing. So does one whose samples, read from memory, are not those
 * that are stored: the database was set back. A subquery of its own for each: an index is asked, whatever is known of it.
 */
const WRITE = `
  with moved as (
    update merge_state set version = version + 1 where id = 1 and version = $1 and not exists (
      select from unnest($2::int[], $3::bigint[], $4::float8[], $5::bigint[], $6::float8[])
          as w(deployment_key, sequence, window_start_ms, requests, latency_sum_ms)
        where (select true from samples s where s.deployment_key = w.deployment_key and s.sequence = w.sequence
          and s.window_start = to_timestamp(w.window_start_ms / 1000) and s.requests is not distinct from w.requests
          and s.latency_sum_ms is not distinct from w.latency_sum_ms limit 1) is null
    ) returning version
  ), marked as (
    update resolution_heads r set merged_through = to_timestamp(w.through_ms / 1000), sequence = w.sequence
      from unnest($7::int[], $8::int[], $9::float8[], $10::bigint[])
        as w(deployment_key, resolution_ms, through_ms, sequence)
      where r.deployment_key = w.deployment_key and r.resolution_ms = w.resolution_ms and exists (select from moved)
  ), written as (${upsertMergedWindows(11, 'exists (select from moved)')})
  select version from moved`

/** Owns the merged windows and their watermarks: the only writer of both, but for the first watermarks of a deployment. */
export class ResolutionStore {
  readonly #pool: pg.Pool
  readonly #prepares: boolean
  readonly #partitions: Partitions
  readonly #tables: readonly PartitionedTable[]

  /** @param tables where the windows of each resolution are stored */
  constructor({ pool, kind }: Pick<Database, 'pool' | 'kind'>, tables: readonly PartitionedTable[]) {
    this.#pool = pool
    this.#partitions = new Partitions({ pool })
    this.#tables = tables
    // The embedded database's connections share one session, where names of prepared statements would collide.
    this.#prepares = kind === 'postgres'
  }

  #query<Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]): Promise<pg.QueryResult<Row>> {
    return this.#pool.query<Row>(this.#prepares ? { name, text, values } : { text, values })
  }

  /** The watermarks of all deployments, and the version that they were read under. */
  async heads(): Promise<{ version: number; heads: MergeHead[] }> {
    await this.#query('missing-resolution-heads', MISSING_HEADS, [RESOLUTIONS_MS])
    type Row = Omit<MergeHead, 'watermarks'> & { version: number; throughMs: number[]; sequences: number[] }
    const { rows } = await this.#query<Row>('resolution-heads', HEADS, [RESOLUTIONS_MS.length])
    const [first] = rows
    if (first === undefined) {
      await this.#pool.query('insert into merge_state (id) values (1) on conflict do nothing')
      return await this.heads()
    }
    const heads = rows.filter(({ deploymentKey }) => (deploymentKey as number | null) !== null)
    return {
      version: first.version,
      heads: heads.map(({ throughMs, sequences, version: _, ...head }) => {
        const watermarks = throughMs.map((ms, level) => ({ throughMs: ms, sequence: sequences[level] ?? 0 }))
        return { ...head, watermarks }
      }),
    }
  }

  /** The first samples after a sequence of each deployment, ascending in each. */
  async samplesAfter(
    asked: readonly { deploymentKey: number; sequence: number }[],
    limitEach: number,
  ): Promise<Sample[]> {
    const { rows } = await this.#query<Sample>(
      'samples-to-merge',
      `select s.* from unnest($1::int[], $2::bigint[]) k(deployment_key, sequence) cross join lateral (
          select ${SAMPLE_FIELDS} from samples where deployment_key = k.deployment_key and sequence > k.sequence
          order by sequence limit $3
        ) s order by s."deploymentKey", s.sequence`,
      [asked.map(({ deploymentKey }) => deploymentKey), asked.map(({ sequence }) => sequence), limitEach],
    )
    return rows
  }

  /** The windows that are stored in these ranges. */
  async windows(ranges: readonly WindowRange[]): Promise<MergedWindow[]> {
    if (ranges.length === 0) return []
    const { rows } = await this.#query<MergedWindow>(
      'windows-to-merge',
      `select w.* from ${RANGES} cross join lateral (
          select ${MERGED_FIELDS} from merged_windows m
          where m.series = r.series and m.resolution_ms = r.resolution_ms
            and m.window_start >= to_timestamp(r.from_ms / 1000) and m.window_start < to_timestamp(r.to_ms / 1000)
          offset 0
        ) w`,
      [
        ranges.map(({ series }) => series),
        ranges.map(({ resolutionMs }) => resolutionMs),
        ranges.map(({ fromMs }) => fromMs),
        ranges.map(({ toMs }) => toMs),
      ],
    )
    return rows
  }

  /** Writes a batch; false when the figures it was made from are not the stored ones, and nothing was written. */
  async write({ windows, watermarks, witnesses }: MergeBatch, version: number): Promise<boolean> {
    const values = [
      version,
      witnesses.map(({ deploymentKey }) => deploymentKey),
      witnesses.map(({ sequence }) => sequence),
      witnesses.map(({ windowStartMs }) => windowStartMs),
      witnesses.map(({ requests }) => requests),
      witnesses.map(({ latencySumMs }) => latencySumMs),
      watermarks.map(({ deploymentKey }) => deploymentKey),
      watermarks.map(({ resolutionMs }) => resolutionMs),
      watermarks.map(({ throughMs }) => throughMs),
      watermarks.map(({ sequence }) => sequence),
      ...mergedArrays(windows),
    ]
    let write = async () => (await this.#query('write-merged-windows', WRITE, values)).rows.length === 1
    for (const table of this.#tables) {
      const own = windows.filter(({ resolutionMs }) => resolutionMs === table.resolutionMs)
      const startsMs = own.map(({ windowStartMs }) => windowStartMs)
      const inner = write
      if (own.length > 0) write = () => this.#partitions.writing(table, startsMs, inner)
    }
    return await write()
  }
}
