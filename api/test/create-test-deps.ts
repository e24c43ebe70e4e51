import type { Database } from '@gaugeline/prisma'
import pino from 'pino'
import { createDeps, type Deps } from '../src/deps.ts'
import { readEnv } from '../src/env.ts'
import type { Source } from '../src/recording/sources/source.ts'
import { createSimulatedSource } from '../src/recording/sources/simulator/simulated-source.ts'

/** When the clock of a test begins. */
export const TEST_START_MS = Date.UTC(2026, 10, 23, 12)

/** A clock that does not move by itself. */
export class ManualTime {
  wallMs: number
  monotonicMs = 0

  constructor(wallMs = TEST_START_MS) {
    this.wallMs = wallMs
  }

  /** Time passes. */
  pass(ms: number): void {
    this.wallMs += ms
    this.monotonicMs += ms
  }

  wall = (): number => this.wallMs
  monotonic = (): number => this.monotonicMs
}

export interface TestDeps extends Deps {
  database: Database
  time: ManualTime
}

/** Empties every table, so that the tests of a file can share one database. */
async function emptyDatabase({ pool }: Database): Promise<void> {
  await pool.query(`truncate models, training_jobs, training_steps, deployments, deployment_events, sample_heads, samples,
    merged_windows, resolution_heads, merge_state, sweep_state, sessions, idempotency_keys, api_tokens, webhooks,
    webhook_deliveries, reports, report_keys restart identity cascade`)
  await pool.query('update log_state set last_sequence = 0')
}

/** Every service on an emptied database. Nothing runs by itself: tests move the time and call the recorder. */
export async function createTestDeps(
  database: Database,
  { source = createSimulatedSource({}), intervalMs = 1000 }: { source?: Source; intervalMs?: number } = {},
): Promise<TestDeps> {
  await emptyDatabase(database)
  const time = new ManualTime()
  const env = { ...readEnv({}), sampleIntervalMs: intervalMs }
  const deps = createDeps({
    env,
    database,
    source,
    log: pino({ level: 'silent' }),
    address: { port: 4000, publicOrigin: 'http://127.0.0.1:4000' },
    time,
  })
  return { ...deps, database, time }
}

/** Records every window that ends while `ms` pass, a window at a time. */
export async function record({ time, ...deps }: TestDeps, ms: number, stepMs = 1000): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    time.pass(stepMs)
    await recordNow(deps)
  }
}

/** Records what has ended. A deployment whose health is just being written has its turn after that. */
export async function recordNow({
  recorder,
  recordingClock,
  sourceChanges,
}: Pick<Deps, 'recorder' | 'recordingClock' | 'sourceChanges'>): Promise<void> {
  await recorder.recordUntil(recordingClock.now())
  if (await sourceChanges.idle()) await recorder.recordUntil(recordingClock.now(), false)
}

/** A completed training job of a model, ready to be deployed. */
export async function completedJob({ services }: Deps, modelName = 'test/model', name = 'a job'): Promise<string> {
  const job = await services.trainingJobs.register({ modelName, name, status: 'COMPLETED' }, 'tester')
  return job.id
}
