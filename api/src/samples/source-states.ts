import type { Database, SourceStatus } from '@gaugeline/prisma'

/** What is stored of a source that is not simulated. */
export interface SourceState {
  deploymentKey: number
  status: SourceStatus
  /** What was wrong when the status was written last; null when nothing was. */
  lastError: string | null
  /** What its next sample counts from, as its effect gave it; null before its first sample. */
  baseline: unknown
}

/** What a source knows when it has measured: the data of the effect `baseline`. */
export interface BaselineEffect {
  baseline: { atMs: number }
  /** Milliseconds since the epoch. */
  lastSuccessAtMs: number
  /** How long the request took; null where nothing is asked. */
  durationMs: number | null
  /** Series that it read. */
  series: number | null
  /** The kind of model server that it was read as; null where there is none. */
  server: string | null
}

/**
 * Moves the baseline of a source in the statement that stores the sample, so that what one sample has counted no other
 * does, and none leaves out. Of several samples of a deployment it is the newest one's. A source that was replaced
 * meanwhile has another row, with another baseline: nothing of its predecessor is written there, because the statement
 * stores nothing from before the replacement.
 */
export const BASELINE_EFFECT = `
  update source_states s set baseline = e.data->'baseline',
    last_success_at = to_timestamp((e.data->>'lastSuccessAtMs')::float8 / 1000),
    duration_ms = (e.data->>'durationMs')::float8, series = (e.data->>'series')::int,
    server = e.data->>'server'
  from (
    select distinct on (deployment_key) deployment_key, data from effects where kind = 'baseline'
    order by deployment_key, (data->'baseline'->>'atMs')::float8 desc
  ) e where s.deployment_key = e.deployment_key`

/** Reads what is stored of sources. Baselines are written with samples, the status by whoever tells of it. */
export class SourceStates {
  readonly #pool: Database['pool']

  constructor({ pool }: Pick<Database, 'pool'>) {
    this.#pool = pool
  }

  /** Those of these deployments that have one. */
  async of(deploymentKeys: readonly number[]): Promise<SourceState[]> {
    if (deploymentKeys.length === 0) return []
    const { rows } = await this.#pool.query<SourceState>(
      `select deployment_key as "deploymentKey", status, last_error as "lastError", baseline from source_states
        where deployment_key = any($1::int[])`,
      [deploymentKeys],
    )
    return rows
  }
}
