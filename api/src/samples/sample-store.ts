import type { Database } from '@gaugeline/prisma'
import type pg from 'pg'
import type { Sample, SourceName } from '../metrics/sample.ts'

/** Where recording of one active deployment stands. */
export interface RecordingHead {
  deploymentKey: number
  deploymentId: string
  createdAtMs: number
  /** Sequence of the newest stored sample; 0 for none. */
  sequence: number
  lastWindowEndMs: number | null
  /** Windows before this are not recorded: the deploy or the last resume. */
  recordingSinceMs: number
}

/** The head of one log, for those who watch it. */
export interface LogHead {
  deploymentKey: number
  sequence: number
  /** False once the deployment is deleted. */
  exists: boolean
}

interface SampleRow {
  deployment_key: number
  sequence: number
  window_start_ms: number
  window_ms: number
  requests: number
  errors: number
  latency_sum_ms: number
  latency_max_ms: number
  latency: Buffer | null
  prompt_tokens: number | null
  generated_tokens: number | null
  in_flight: number | null
  source: SourceName
}

const COLUMNS = `deployment_key, sequence, (extract(epoch from window_start) * 1000)::float8 as window_start_ms,
  window_ms, requests, errors, latency_sum_ms, latency_max_ms, latency, prompt_tokens, generated_tokens, in_flight, source`

/*
 * One autocommitted statement. A head moves only when it stands exactly before the first row of its deployment and the
 * deployment is being recorded; its row lock orders this against pause and delete, which write the same row. Rows whose
 * head did not move are not stored. So a repetition after an unknown outcome stores nothing twice.
 */
const STORE = `
with input as (
  select * from unnest($1::int[], $2::bigint[], $3::float8[], $4::int[], $5::int[], $6::int[], $7::float8[], $8::float8[],
    $9::bytea[], $10::bigint[], $11::bigint[], $12::int[], $13::text[])
  as i(deployment_key, sequence, window_start_ms, window_ms, requests, errors, latency_sum_ms, latency_max_ms,
    latency, prompt_tokens, generated_tokens, in_flight, source)
), moved as (
  update sample_heads h set sequence = g.last_sequence, last_window_end = to_timestamp(g.last_window_end_ms / 1000)
  from (
    select deployment_key, min(sequence) as first_sequence, max(sequence) as last_sequence,
      min(window_start_ms) as first_window_start_ms, max(window_start_ms + window_ms) as last_window_end_ms
    from input group by deployment_key
  ) g
  where h.deployment_key = g.deployment_key and h.sequence = g.first_sequence - 1
    and h.recording_since <= to_timestamp(g.first_window_start_ms / 1000)
  returning h.deployment_key
)
insert into samples (deployment_key, sequence, window_start, window_ms, requests, errors, latency_sum_ms, latency_max_ms,
  latency, prompt_tokens, generated_tokens, in_flight, source)
select i.deployment_key, i.sequence, to_timestamp(i.window_start_ms / 1000), i.window_ms, i.requests, i.errors,
  i.latency_sum_ms, i.latency_max_ms, i.latency, i.prompt_tokens, i.generated_tokens, i.in_flight, i.source::"MetricsSource"
from input i join moved using (deployment_key)
returning deployment_key, sequence`

/** Owns the samples and their heads: the only writer of both, but for lifecycle changes (`SampleHeads` below). */
export class SampleStore {
  readonly #pool: pg.Pool
  readonly #prepares: boolean

  constructor({ pool, kind }: Pick<Database, 'pool' | 'kind'>) {
    this.#pool = pool
    // The embedded database's connections share one session, where names of prepared statements would collide.
    this.#prepares = kind === 'postgres'
  }

  #query<Row extends pg.QueryResultRow>(
    name: string,
    text: string,
    values: unknown[] = [],
  ): Promise<pg.QueryResult<Row>> {
    return this.#pool.query<Row>(this.#prepares ? { name, text, values } : { text, values })
  }

  /**
   * Stores samples, each deployment's in ascending contiguous order, and gives back those that were stored. One that is
   * missing from the answer was refused as a whole deployment: paused or deleted meanwhile, or its head stands elsewhere.
   */
  async store(samples: readonly Sample[]): Promise<Sample[]> {
    if (samples.length === 0) return []
    const result = await this.#query<{ deployment_key: number; sequence: number }>('store-samples', STORE, [
      samples.map((s) => s.deploymentKey),
      samples.map((s) => s.sequence),
      samples.map((s) => s.windowStartMs),
      samples.map((s) => s.windowMs),
      samples.map((s) => s.requests),
      samples.map((s) => s.errors),
      samples.map((s) => s.latencySumMs),
      samples.map((s) => s.latencyMaxMs),
      samples.map((s) => s.latency && Buffer.from(s.latency.buffer, s.latency.byteOffset, s.latency.byteLength)),
      samples.map((s) => s.promptTokens),
      samples.map((s) => s.generatedTokens),
      samples.map((s) => s.inFlight),
      samples.map((s) => s.source),
    ])
    if (result.rows.length === samples.length) return [...samples]
    const stored = new Set(result.rows.map((row) => `${row.deployment_key}:${row.sequence}`))
    return samples.filter((sample) => stored.has(`${sample.deploymentKey}:${sample.sequence}`))
  }

  /** Heads of all deployments that are being recorded. */
  async recordingHeads(): Promise<RecordingHead[]> {
    const { rows } = await this.#query<RecordingHead>(
      'recording-heads',
      `select h.deployment_key as "deploymentKey", d.id as "deploymentId", h.sequence,
          (extract(epoch from d.created_at) * 1000)::float8 as "createdAtMs",
          (extract(epoch from h.last_window_end) * 1000)::float8 as "lastWindowEndMs",
          (extract(epoch from h.recording_since) * 1000)::float8 as "recordingSinceMs"
        from sample_heads h join deployments d on d.key = h.deployment_key
        where h.recording_since is not null order by h.deployment_key`,
    )
    return rows
  }

  /** Heads of some logs; one that has no row at all does not exist. */
  async heads(deploymentKeys: readonly number[]): Promise<LogHead[]> {
    const { rows } = await this.#query<LogHead>(
      'log-heads',
      `select k as "deploymentKey", coalesce(h.sequence, 0)::bigint as sequence, d.key is not null as exists
        from unnest($1::int[]) k left join sample_heads h on h.deployment_key = k left join deployments d on d.key = k`,
      [deploymentKeys],
    )
    return rows
  }

  /** The newest end of a window that any log holds, milliseconds since the epoch; null without samples. */
  async newestWindowEnd(): Promise<number | null> {
    const { rows } = await this.#pool.query<{ end: number | null }>(
      `select (extract(epoch from max(last_window_end)) * 1000)::float8 as end from sample_heads`,
    )
    return rows[0]?.end ?? null
  }

  /** Samples of one deployment right after a sequence, ascending. */
  async after(deploymentKey: number, sequence: number, limit: number): Promise<Sample[]> {
    const { rows } = await this.#query<SampleRow>(
      'samples-after',
      `select ${COLUMNS} from samples where deployment_key = $1 and sequence > $2 order by sequence limit $3`,
      [deploymentKey, sequence, limit],
    )
    return rows.map(toSample)
  }

  /** The newest sample of each deployment that has one. */
  async latest(deploymentKeys: readonly number[]): Promise<Sample[]> {
    const { rows } = await this.#query<SampleRow>(
      'samples-latest',
      `select s.* from sample_heads h cross join lateral (
          select ${COLUMNS} from samples where deployment_key = h.deployment_key and sequence = h.sequence
        ) s where h.deployment_key = any($1::int[])`,
      [deploymentKeys],
    )
    return rows.map(toSample)
  }

  /** Samples of several deployments whose windows start at or after `fromMs`, ascending in each. */
  async since(deploymentKeys: readonly number[], fromMs: number, limitEach: number): Promise<Sample[]> {
    const { rows } = await this.#query<SampleRow>(
      'samples-since',
      `select s.* from unnest($1::int[]) k cross join lateral (
          select ${COLUMNS} from samples where deployment_key = k and window_start >= to_timestamp($2::float8 / 1000)
          order by window_start desc limit $3
        ) s order by s.deployment_key, s.sequence`,
      [deploymentKeys, fromMs, limitEach],
    )
    return rows.map(toSample)
  }

  /** Samples of one deployment whose windows start in `[fromMs, toMs)`, in chunks, ascending: short statements. */
  async *range(deploymentKey: number, fromMs: number, toMs: number, chunk = 2000): AsyncGenerator<Sample[]> {
    for (let from = fromMs; ;) {
      // oxlint-disable-next-line no-await-in-loop
      const { rows } = await this.#query<SampleRow>(
        'samples-range',
        `select ${COLUMNS} from samples where deployment_key = $1
          and window_start >= to_timestamp($2::float8 / 1000) and window_start < to_timestamp($3::float8 / 1000)
          order by window_start limit $4`,
        [deploymentKey, from, toMs, chunk],
      )
      if (rows.length > 0) yield rows.map(toSample)
      const last = rows.at(-1)
      if (!last || rows.length < chunk) return
      from = last.window_start_ms + 1
    }
  }

  /** The sequence after which a log goes on at `ms`: of the newest sample before it, however long ago; 0 at the start. */
  async sequenceAt(deploymentKey: number, ms: number): Promise<number> {
    const { rows } = await this.#query<{ sequence: number }>(
      'sequence-at',
      `select coalesce(
          (select sequence from samples where deployment_key = $1 and window_start < to_timestamp($2::float8 / 1000)
            order by window_start desc limit 1),
          (select min(sequence) - 1 from samples where deployment_key = $1),
          (select sequence from sample_heads where deployment_key = $1), 0)::bigint as sequence`,
      [deploymentKey, ms],
    )
    return rows[0]?.sequence ?? 0
  }

  /** Removes up to `limit` samples whose windows started before `cutoffMs`; gives how many. */
  async removeBefore(cutoffMs: number, limit: number): Promise<number> {
    const { rowCount } = await this.#query(
      'samples-remove-before',
      `delete from samples where ctid = any(array(
          select s.ctid from sample_heads h cross join lateral (
            select ctid from samples where deployment_key = h.deployment_key
              and window_start < to_timestamp($1::float8 / 1000) order by window_start limit $2
          ) s limit $2))`,
      [cutoffMs, limit],
    )
    return rowCount ?? 0
  }

  /** Removes up to `limit` samples of deleted deployments, then their heads; gives how many rows went. */
  async removeDeleted(limit: number): Promise<number> {
    const { rows } = await this.#pool.query<{ key: number }>(
      `select h.deployment_key as key from sample_heads h
        where not exists (select 1 from deployments d where d.key = h.deployment_key) order by 1 limit 1`,
    )
    const key = rows[0]?.key
    if (key === undefined) return 0
    const removed = await this.#pool.query(
      `delete from samples where ctid = any(array(select ctid from samples where deployment_key = $1 limit $2))`,
      [key, limit],
    )
    if (removed.rowCount) return removed.rowCount
    const heads = await this.#pool.query(`delete from sample_heads where deployment_key = $1`, [key])
    return heads.rowCount ?? 0
  }
}

function toSample(row: SampleRow): Sample {
  return {
    deploymentKey: row.deployment_key,
    sequence: row.sequence,
    windowStartMs: row.window_start_ms,
    windowMs: row.window_ms,
    requests: row.requests,
    errors: row.errors,
    latencySumMs: row.latency_sum_ms,
    latencyMaxMs: row.latency_max_ms,
    latency: row.latency,
    promptTokens: row.prompt_tokens,
    generatedTokens: row.generated_tokens,
    inFlight: row.in_flight,
    source: row.source,
  }
}
