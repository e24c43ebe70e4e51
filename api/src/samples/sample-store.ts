import type { Database } from '@gaugeline/prisma'
import type pg from 'pg'
import { MAX_WINDOW_MS, type Sample, type SourceName } from '../metrics/sample.ts'
import { type PartitionedTable, Partitions } from './partitions.ts'
import { SAMPLE_FIELDS, sampleArrays } from './sample-columns.ts'
import { type EndRange, readEnding, SAMPLES_ENDING } from './samples-ending.ts'
import { storeStatement } from './store-statement.ts'

/** Samples that one statement reads: an embedded database does nothing else meanwhile. */
const CHUNK_ROWS = 1000

/** A guess, for the place of a sequence in time: shorter windows are found as well, longer ones in two steps. */
const LIKELY_WINDOW_MS = 10_000
const HOUR_MS = 3_600_000

/** How far one active deployment has been recorded. */
export interface RecordingHead {
  deploymentKey: number
  deploymentId: string
  createdAtMs: number
  /** Sequence of the newest stored sample; 0 for none. */
  sequence: number
  lastWindowEndMs: number | null
  /** Windows before this are not recorded: the deploy, the last resume or the last change of its source. */
  recordingSinceMs: number
  source: SourceName
  /** How long its windows are; null: as long as the server's simulated ones. */
  intervalMs: number | null
  /** Of a source that has settings, as they are stored: JSON. */
  settings: unknown
  /** What its requests are authorised with. */
  secret: string | null
}

/** The head of one log, for those who watch it. */
export interface LogHead {
  deploymentKey: number
  sequence: number
  /** Null once the deployment is deleted. */
  deploymentId: string | null
}

/**
 * What a source stores or consumes together with a sample (a baseline, keys of an inbox): it happens in the statement
 * that stores the sample, or not at all.
 */
export interface SampleEffect {
  /** Which of the store's effect statements runs. */
  kind: string
  /** JSON. */
  data: unknown
}

/** What became of samples that were given to `store`. */
export interface StoreOutcome {
  stored: Sample[]
  /** Deployments whose head another transaction holds: nothing of theirs was stored, and it may be tried again. */
  busy: Set<number>
}

/** Owns the samples and their heads: the only writer of both, but for lifecycle changes (`SampleHeads` below). */
export class SampleStore {
  readonly #pool: pg.Pool
  readonly #prepares: boolean
  readonly #partitions: Partitions
  readonly #table: PartitionedTable
  readonly #storeStatement: string
  readonly #hasEffects: boolean

  /**
   * @param effects for each kind of effect the SQL statement that carries it out. It reads the rows of its kind from
   * `effects (deployment_key, kind, data)`, which holds only those whose samples are stored.
   * @param partitionMs how much time a new partition holds
   */
  constructor(
    { pool, kind }: Pick<Database, 'pool' | 'kind'>,
    effects: Readonly<Record<string, string>> = {},
    partitionMs = HOUR_MS,
  ) {
    this.#pool = pool
    this.#table = { table: 'samples', widthMs: partitionMs }
    this.#partitions = new Partitions({ pool })
    this.#storeStatement = storeStatement(effects)
    this.#hasEffects = Object.keys(effects).length > 0
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
   * Stores samples, each deployment's in ascending contiguous order, and what goes with them. One that is neither
   * stored nor busy was refused as a whole deployment, because the deployment was paused or deleted meanwhile, or
   * because its head is elsewhere.
   */
  async store(
    samples: readonly Sample[],
    effects: readonly (SampleEffect & { deploymentKey: number })[] = [],
  ): Promise<StoreOutcome> {
    if (samples.length === 0) return { stored: [], busy: new Set() }
    const values = this.#hasEffects ? [...sampleArrays(samples), ...effectArrays(effects)] : sampleArrays(samples)
    const starts = samples.map(({ windowStartMs }) => windowStartMs)
    const { rows } = await this.#partitions.writing(this.#table, starts, () =>
      this.#query<{ deployment_key: number; sequence: number | null }>('store-samples', this.#storeStatement, values),
    )
    const busy = new Set(rows.filter(({ sequence }) => sequence === null).map((row) => row.deployment_key))
    if (busy.size === 0 && rows.length === samples.length) return { stored: [...samples], busy }
    const stored = new Set(rows.map((row) => `${row.deployment_key}:${row.sequence}`))
    return { stored: samples.filter((sample) => stored.has(`${sample.deploymentKey}:${sample.sequence}`)), busy }
  }

  /** Heads of all deployments that are being recorded. */
  async recordingHeads(): Promise<RecordingHead[]> {
    const { rows } = await this.#query<RecordingHead>(
      'recording-heads',
      `select h.deployment_key as "deploymentKey", d.id as "deploymentId", h.sequence,
          (extract(epoch from d.created_at) * 1000)::float8 as "createdAtMs",
          (extract(epoch from h.last_window_end) * 1000)::float8 as "lastWindowEndMs",
          (extract(epoch from h.recording_since) * 1000)::float8 as "recordingSinceMs", d.source,
          d.interval_ms as "intervalMs", d.source_settings as settings, d.source_secret as secret
        from sample_heads h join deployments d on d.key = h.deployment_key
        where h.recording_since is not null order by h.deployment_key`,
    )
    return rows
  }

  /** Heads of some logs; one that has no row at all does not exist. */
  async heads(deploymentKeys: readonly number[]): Promise<LogHead[]> {
    const { rows } = await this.#query<LogHead>(
      'log-heads',
      `select k as "deploymentKey", coalesce(h.sequence, 0)::bigint as sequence, d.id as "deploymentId"
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

  /**
   * Samples of one deployment right after a sequence, ascending. Time grows along a log, but how much of it lies between
   * two sequences is not known where recording was paused. So they are first looked for where they would be without a
   * pause; in the first one found, whose sequence is the next, is the proof. Otherwise every partition is asked.
   */
  async after(deploymentKey: number, sequence: number, limit: number): Promise<Sample[]> {
    const { rows: heads } = await this.#query<{ sequence: number; endMs: number }>(
      'log-end',
      `select sequence, (extract(epoch from last_window_end) * 1000)::float8 as "endMs" from sample_heads
        where deployment_key = $1 and sequence > $2`,
      [deploymentKey, sequence],
    )
    const [head] = heads
    if (!head) return []
    const read = async (fromMs: number) => {
      const { rows } = await this.#query<Sample>(
        'samples-after',
        `select ${SAMPLE_FIELDS} from samples where deployment_key = $1 and sequence > $2
          and window_start >= to_timestamp($3::float8 / 1000) order by sequence limit $4`,
        [deploymentKey, sequence, fromMs, limit],
      )
      return rows
    }
    const near = await read(head.endMs - (head.sequence - sequence) * LIKELY_WINDOW_MS - MAX_WINDOW_MS)
    return near[0]?.sequence === sequence + 1 ? near : await read(0)
  }

  /** The sample with this sequence; undefined when retention has removed it, or it was never stored. */
  async at(deploymentKey: number, sequence: number): Promise<Sample | undefined> {
    const [sample] = await this.after(deploymentKey, sequence - 1, 1)
    return sample?.sequence === sequence ? sample : undefined
  }

  /** The newest sample of each deployment that has one. */
  async latest(deploymentKeys: readonly number[]): Promise<Sample[]> {
    const { rows } = await this.#query<Sample>(
      'samples-latest',
      `select s.* from sample_heads h cross join lateral (
          select ${SAMPLE_FIELDS} from samples where deployment_key = h.deployment_key and sequence = h.sequence
            and window_start >= h.last_window_end - ${MAX_WINDOW_MS} * interval '1 ms' and window_start < h.last_window_end
        ) s where h.deployment_key = any($1::int[])`,
      [deploymentKeys],
    )
    return rows
  }

  /** Samples of several deployments whose windows start at or after `fromMs`, ascending in each. */
  async since(deploymentKeys: readonly number[], fromMs: number, limitEach: number): Promise<Sample[]> {
    const samples: Sample[] = []
    const atOnce = Math.max(1, Math.floor((2 * CHUNK_ROWS) / limitEach))
    for (let at = 0; at < deploymentKeys.length; at += atOnce) {
      const { rows } = await this.#query<Sample>(
        'samples-since',
        `select s.* from unnest($1::int[]) k cross join lateral (
            select ${SAMPLE_FIELDS} from samples where deployment_key = k and window_start >= to_timestamp($2::float8 / 1000)
            order by window_start desc limit $3
          ) s order by s."deploymentKey", s.sequence`,
        [deploymentKeys.slice(at, at + atOnce), fromMs, limitEach],
      )
      samples.push(...rows)
    }
    return samples
  }

  /** Samples of one deployment whose windows start in `[fromMs, toMs)`, in chunks, ascending: short statements. */
  async *range(deploymentKey: number, fromMs: number, toMs: number, chunk = CHUNK_ROWS): AsyncGenerator<Sample[]> {
    for (let from = fromMs; ;) {
      const { rows } = await this.#query<Sample>(
        'samples-range',
        `select ${SAMPLE_FIELDS} from samples where deployment_key = $1
          and window_start >= to_timestamp($2::float8 / 1000) and window_start < to_timestamp($3::float8 / 1000)
          order by window_start limit $4`,
        [deploymentKey, from, toMs, chunk],
      )
      if (rows.length > 0) yield rows
      const last = rows.at(-1)
      if (!last || rows.length < chunk) return
      from = last.windowStartMs + 1
    }
  }

  /** Samples of several deployments whose windows end in these ranges, ascending in each. */
  async ending(ranges: readonly EndRange[]): Promise<Sample[]> {
    const read = async (values: unknown[]) => (await this.#query<Sample>('samples-ending', SAMPLES_ENDING, values)).rows
    return readEnding(read, ranges, CHUNK_ROWS)
  }

  /**
   * The sequence after which a log continues at `ms`: that of the newest sample before it, however old; 0 at the start.
   */
  async sequenceAt(deploymentKey: number, ms: number): Promise<number> {
    const { rows } = await this.#query<{ sequence: number }>(
      'sequence-at',
      `select coalesce(
          (select sequence from samples where deployment_key = $1 and window_start < to_timestamp($2::float8 / 1000)
            order by window_start desc limit 1),
          (select sequence - 1 from samples where deployment_key = $1 order by window_start limit 1),
          (select sequence from sample_heads where deployment_key = $1), 0)::bigint as sequence`,
      [deploymentKey, ms],
    )
    return rows[0]?.sequence ?? 0
  }
}

function effectArrays(effects: readonly (SampleEffect & { deploymentKey: number })[]): unknown[][] {
  return [
    effects.map(({ deploymentKey }) => deploymentKey),
    effects.map(({ kind }) => kind),
    effects.map(({ data }) => JSON.stringify(data)),
  ]
}
