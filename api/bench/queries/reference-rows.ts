import type pg from 'pg'
import { rowId } from './rows.ts'

/** Figures of one deployment, in the fields of the schema; `at` is set. */
export interface Figures {
  at: string
  latency: { p50Ms: number; p95Ms: number; p99Ms: number } | null
  [field: string]: unknown
}

/** What Gaugeline has answered, by the number of the deployment. */
export interface KnownFigures {
  latest: ReadonlyMap<number, Figures>
  history: ReadonlyMap<number, readonly Figures[]>
}

/** Figures in plain columns, and the events of a table that numbers them by itself. */
const TABLES = `
  create table reference_latest_metrics (deployment_id uuid primary key references deployments, at timestamptz(3) not null,
    requests float8 not null, requests_per_second float8 not null, error_rate float8, p50_ms float8, p95_ms float8,
    p99_ms float8);
  create table reference_history_points (deployment_id uuid not null references deployments, at timestamptz(3) not null,
    covered_seconds float8 not null, requests_per_second float8 not null, error_rate float8, p50_ms float8, p95_ms float8,
    p99_ms float8, primary key (deployment_id, at));
  create table reference_events (sequence bigserial primary key, kind text not null, at timestamptz(3) not null, by text not null,
    note text, deployment_id uuid not null);`

/** What PostGraphile shows beside columns: such functions are fields to it, and PostgreSQL puts them into the statement. */
const COMPUTED = `
  create function deployments_version(d deployments) returns text language sql stable
    as $$ select 'v1.' || d.version_number || '.0' $$;
  create function deployments_can_pause(d deployments) returns boolean language sql stable
    as $$ select d.status = 'ACTIVE' $$;
  create function deployments_can_resume(d deployments) returns boolean language sql stable
    as $$ select d.status = 'PAUSED' and not exists
      (select from deployments o where o.training_job_id = d.training_job_id and o.status = 'ACTIVE') $$;
  create function deployments_can_delete(d deployments) returns boolean language sql stable
    as $$ select d.status = 'PAUSED' $$;`

/** Adds to the rows what the references have instead of samples. */
export async function fillReferenceRows({ pool }: { pool: pg.Pool }, { latest, history }: KnownFigures): Promise<void> {
  await pool.query(TABLES + COMPUTED)
  const rows = (figures: readonly (readonly [number, Figures])[]) =>
    JSON.stringify(
      figures.map(([n, { latency, ...others }]) => ({ deploymentId: rowId('Deployment', n), ...others, ...latency })),
    )
  const percentiles = '"p50Ms" float8, "p95Ms" float8, "p99Ms" float8'
  await pool.query(
    `insert into reference_latest_metrics select * from json_to_recordset($1) as r("deploymentId" uuid, at timestamptz,
      requests float8, "requestsPerSecond" float8, "errorRate" float8, ${percentiles})`,
    [rows([...latest])],
  )
  await pool.query(
    `insert into reference_history_points select * from json_to_recordset($1) as r("deploymentId" uuid, at timestamptz,
      "coveredSeconds" float8, "requestsPerSecond" float8, "errorRate" float8, ${percentiles})`,
    [rows([...history].flatMap(([n, points]) => points.map((point) => [n, point] as const)))],
  )
  await pool.query('analyze')
}
