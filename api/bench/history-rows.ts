import type { Database } from '@gaugeline/prisma'
import { LatencyHistogram } from '../src/metrics/latency-histogram.ts'
import { Random, seedOf } from '../src/recording/sources/simulator/random.ts'
import { readEnv } from '../src/env.ts'
import { Partitions } from '../src/samples/partitions.ts'
import { storedTables } from '../src/samples/stored-tables.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Distributions of so many shapes take turns. */
const SHAPES = 16

export const DEPLOYMENTS = 200

/** What is stored as if it had been recorded: which windows, of whom, and how far back. */
const STORED = [
  // The first deployment, of which nothing is left out, and the others as far as they are read.
  { series: [1, 1], resolutionMs: 10_000, spanMs: HOUR_MS, requests: 200 },
  { series: [1, 1], resolutionMs: 60_000, spanMs: 30 * DAY_MS, requests: 1_200 },
  { series: [1, DEPLOYMENTS], resolutionMs: 300_000, spanMs: DAY_MS, requests: 6_000 },
  { series: [1, DEPLOYMENTS], resolutionMs: 600_000, spanMs: 7 * DAY_MS, requests: 12_000 },
  { series: [1, DEPLOYMENTS], resolutionMs: HOUR_MS, spanMs: 30 * DAY_MS, requests: 72_000 },
  { series: [0, 0], resolutionMs: 60_000, spanMs: DAY_MS, requests: 240_000 },
  { series: [0, 0], resolutionMs: 300_000, spanMs: DAY_MS, requests: 1_200_000 },
  { series: [0, 0], resolutionMs: 600_000, spanMs: 30 * DAY_MS, requests: 2_400_000 },
  { series: [0, 0], resolutionMs: HOUR_MS, spanMs: 730 * DAY_MS, requests: 14_400_000 },
  { series: [0, 0], resolutionMs: DAY_MS, spanMs: 730 * DAY_MS, requests: 345_600_000 },
] as const

/** Fills an empty database with the history of 200 deployments of ten models. Nothing else writes meanwhile. */
export async function fillHistory(database: Pick<Database, 'pool'>, nowMs: number): Promise<void> {
  const { pool } = database
  const id = (kind: number, n: string) => `('00000000-0000-7000-8${kind}00-' || lpad((${n})::text, 12, '0'))::uuid`
  await pool.query(`insert into models (id, name, deployment_count) select ${id(1, 'n')}, 'bench/model-' || n, 20
    from generate_series(1, 10) n`)
  await pool.query(`insert into training_jobs (id, model_id, name, status, progress, created_by, started_at, finished_at)
    select ${id(2, 'n')}, ${id(1, 'n % 10 + 1')}, 'job ' || n, 'COMPLETED', 1, 'bench', now(), now()
    from generate_series(1, ${DEPLOYMENTS}) n`)
  await pool.query(`insert into deployments (id, model_id, training_job_id, version_number, status, created_by, labels)
    select ${id(3, 'n')}, ${id(1, 'n % 10 + 1')}, ${id(2, 'n')}, n, 'ACTIVE', 'bench', '{team=bench}'
    from generate_series(1, ${DEPLOYMENTS}) n`)
  await pool.query(
    `insert into sample_heads (deployment_key, sequence, last_window_end, recording_since)
      select key, 2592000, to_timestamp($1::float8 / 1000), to_timestamp($1::float8 / 1000) from deployments`,
    [Math.floor(nowMs / 1000) * 1000],
  )
  for (const stored of STORED) await storeWindows(database, stored, nowMs)
}

interface StoredWindows {
  /** From and to: keys of deployments, or 0 for the fleet. */
  series: readonly [number, number]
  resolutionMs: number
  spanMs: number
  /** In each. */
  requests: number
}

/** Stores merged windows until now, and that those deployments have no others to come. */
export async function storeWindows(
  database: Pick<Database, 'pool'>,
  { series: [first, last], resolutionMs, spanMs, requests }: StoredWindows,
  nowMs: number,
): Promise<void> {
  const { pool } = database
  const toMs = Math.floor(nowMs / resolutionMs) * resolutionMs
  const fromMs = toMs - spanMs
  const table = storedTables(readEnv({}).keep).find((each) => each.resolutionMs === resolutionMs)
  if (table) await new Partitions(database).ensure(table, fromMs, toMs + resolutionMs)
  const shapes = Array.from({ length: SHAPES }, (_each, n) => distribution(n, requests, first === 0))
  const isShared = first === 0
  const seconds = resolutionMs / 1000
  const sequences = isShared ? 'null, null' : `w::bigint * ${seconds} + 1, (w::bigint + 1) * ${seconds}`
  const windows = spanMs / resolutionMs
  // Short statements: an embedded database needs memory for each.
  const perStatement = Math.max(1, Math.floor(20_000 / (last - first + 1)))
  for (let at = 0; at < windows; at += perStatement) {
    await pool.query(
      `insert into merged_windows (series, resolution_ms, window_start, covered_ms, first_sequence, last_sequence,
          requests, errors, latency_sum_ms, latency_max_ms, latency, in_flight, sources)
        select s, $1::int, to_timestamp(($2::float8 + w::float8 * $1::int) / 1000), $1::int, ${sequences},
          $5::bigint, 3, $5::bigint * 100.5, 9000, ($6::bytea[])[(s * 7 + w) % ${SHAPES} + 1], 4,
          jsonb_build_object('SIMULATED', $5::bigint)
        from generate_series(${first}, ${last}) s, generate_series($3::int, $4::int) w`,
      [resolutionMs, fromMs, at, Math.min(windows, at + perStatement) - 1, requests, shapes],
    )
  }
  if (isShared) return
  await pool.query(
    `insert into resolution_heads (deployment_key, resolution_ms, model_key, merged_through, sequence)
      select d.key, $1::int, m.key, to_timestamp($2::float8 / 1000), 2592000 from deployments d join models m on m.id = d.model_id
      on conflict do nothing`,
    [resolutionMs, toMs],
  )
}

/** Of one deployment log-normal; of the fleet a mixture of forty such, from 15 ms to 2 s. */
export function distribution(n: number, requests: number, isFleet: boolean): Buffer {
  const random = new Random(seedOf(`bench ${n}`))
  const histogram = new LatencyHistogram()
  const draws = Math.min(requests, 60_000)
  const medians = isFleet ? Array.from({ length: 40 }, () => 15 * 133 ** random.between(0, 1)) : [200 + 20 * n]
  for (let at = 0; at < draws; at += 1) {
    const median = medians[at % medians.length] ?? 200
    histogram.record(median * Math.exp(0.45 * random.gaussian()), Math.floor(requests / draws))
  }
  return Buffer.from(histogram.encode())
}
