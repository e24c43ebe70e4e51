import pg from 'pg'

/** Pages of 50 begin at so many different rows. */
export const PAGES = 64
export const PAGE_SIZE = 50
export const DEPLOYMENTS = PAGES + PAGE_SIZE

/** Where deployments begin, each a second after the one before it. */
const BEGIN = `timestamptz '2026-01-01 00:00:00+00'`

const id = (kind: number, n: string) => `('00000000-0000-7000-8${kind}00-' || lpad((${n})::text, 12, '0'))::uuid`

export const deploymentId = (n: number) => `00000000-0000-7000-8300-${String(n).padStart(12, '0')}`

/** Fills an empty database with the rows that all are asked for; the same in each run. */
export async function fillRows(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(`
      insert into models (id, name, description, deployment_count, created_at)
        select ${id(1, 'n')}, 'bench/model-' || n, 'A model of the benchmark', ${DEPLOYMENTS}, ${BEGIN}
        from generate_series(1, 10) n;
      insert into training_jobs (id, model_id, name, status, progress, created_by, created_at, started_at, finished_at)
        select ${id(2, 'n')}, ${id(1, 'n % 10 + 1')}, 'job ' || n, 'COMPLETED', 1, 'bench', ${BEGIN}, ${BEGIN}, ${BEGIN}
        from generate_series(1, ${DEPLOYMENTS}) n;
      insert into deployments (id, model_id, training_job_id, version_number, status, note, created_by, created_at,
          status_changed_at)
        select ${id(3, 'n')}, ${id(1, 'n % 10 + 1')}, ${id(2, 'n')}, n, 'ACTIVE', 'deployed for the benchmark', 'bench',
          ${BEGIN} + n * interval '1 second', ${BEGIN} + n * interval '1 second'
        from generate_series(1, ${DEPLOYMENTS}) n;
      insert into sample_heads (deployment_key, recording_since)
        select key, date_trunc('second', now()) from deployments;
      analyze`)
  } finally {
    await client.end()
  }
}
