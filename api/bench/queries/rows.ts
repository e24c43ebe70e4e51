import type pg from 'pg'
import { MERGED_RESOLUTIONS } from '../../src/base/kept-times.ts'
import { readEnv } from '../../src/env.ts'
import { Partitions } from '../../src/samples/partitions.ts'
import { storedTables } from '../../src/samples/stored-tables.ts'
import { distribution, storeWindows } from '../history-rows.ts'

/** Pages of 50 begin at so many different rows. */
export const PAGES = 64
export const PAGE_SIZE = 50
export const DEPLOYMENTS = PAGES + PAGE_SIZE
/** Jobs that wait to be deployed, each once. */
export const JOBS = 4_000

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** So much of each deployment is stored, in samples of a second and in windows of one and of five minutes. */
const SAMPLES = 60
/** Of the newest sample: there was one a second for a month. */
const SEQUENCE = 2_592_000
export const HISTORY_MS = 24 * HOUR_MS

/** Where deployments begin, each a second after the one before it. */
const BEGIN = `timestamptz '2026-01-01 00:00:00+00'`

const KINDS = { Model: 1, TrainingJob: 2, Deployment: 3 }

/** The nth of a kind. */
export const rowId = (kind: keyof typeof KINDS, n: number) =>
  `00000000-0000-7000-8${KINDS[kind]}00-${String(n).padStart(12, '0')}`

const sqlId = (kind: keyof typeof KINDS, n: string) =>
  `('00000000-0000-7000-8${KINDS[kind]}00-' || lpad((${n})::text, 12, '0'))::uuid`

/** Fills an empty database with what all are asked for; the same in each run. */
export async function fillRows({ pool }: { pool: pg.Pool }): Promise<void> {
  await pool.query(`
    insert into models (id, name, description, deployment_count, created_at)
      select ${sqlId('Model', 'n')}, 'bench/model-' || n, 'A model of the benchmark', ${DEPLOYMENTS + 1}, ${BEGIN}
      from generate_series(1, 10) n;
    insert into training_jobs (id, model_id, name, status, progress, created_by, created_at, started_at, finished_at)
      select ${sqlId('TrainingJob', 'n')}, ${sqlId('Model', 'n % 10 + 1')}, 'job ' || n, 'COMPLETED', 1, 'bench', ${BEGIN},
        ${BEGIN}, ${BEGIN}
      from generate_series(1, ${DEPLOYMENTS + JOBS}) n;
    insert into deployments (id, model_id, training_job_id, version_number, status, note, created_by, created_at,
        status_changed_at)
      select ${sqlId('Deployment', 'n')}, ${sqlId('Model', 'n % 10 + 1')}, ${sqlId('TrainingJob', 'n')}, n, 'ACTIVE',
        'deployed for the benchmark', 'bench', ${BEGIN} + n * interval '1 second', ${BEGIN} + n * interval '1 second'
      from generate_series(1, ${DEPLOYMENTS}) n`)
}

/** Adds what Gaugeline has recorded of them until `nowMs`. It records on an hour later, so that answers stay the same. */
export async function fillSamples(database: { pool: pg.Pool }, nowMs: number, withHistory: number): Promise<void> {
  const { pool } = database
  const [samples] = storedTables(readEnv({}).keep)
  await new Partitions(database).ensure(samples, nowMs - HOUR_MS, nowMs + HOUR_MS)
  await pool.query(
    `insert into sample_heads (deployment_key, sequence, last_window_end, recording_since)
      select key, ${SEQUENCE}, to_timestamp($1::float8 / 1000), to_timestamp($1::float8 / 1000) + interval '1 hour'
      from deployments`,
    [nowMs],
  )
  const requests = 80
  await pool.query(
    `insert into samples (deployment_key, sequence, window_start, window_ms, requests, errors, latency_sum_ms,
        latency_max_ms, latency, prompt_tokens, generated_tokens, in_flight, source)
      select key, ${SEQUENCE - SAMPLES} + w, to_timestamp($1::float8 / 1000) - (${SAMPLES} + 1 - w) * interval '1 second', 1000, $2::int, 3, $2::int * 100.5,
        9000, $3, 60000, 9000, 4, 'SIMULATED'
      from deployments, generate_series(1, ${SAMPLES}) w`,
    [nowMs, requests, distribution(0, requests, false)],
  )
  await pool.query(
    `insert into resolution_heads (deployment_key, resolution_ms, model_key, merged_through, sequence)
      select d.key, r, m.key, to_timestamp(floor($1::float8 / r) * r / 1000), ${SEQUENCE}
      from deployments d join models m on m.id = d.model_id, unnest($2::int[]) r`,
    [nowMs, MERGED_RESOLUTIONS.map(({ resolutionMs }) => resolutionMs)],
  )
  for (const minutes of [1, 5]) {
    const resolutionMs = minutes * MINUTE_MS
    const windows = { resolutionMs, spanMs: HISTORY_MS + HOUR_MS, requests: 1_200 * minutes }
    await storeWindows(database, { ...windows, series: [1, withHistory] }, nowMs)
  }
  await pool.query('analyze')
}
