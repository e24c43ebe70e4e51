import type { Database } from '@gaugeline/prisma'
import { expect } from 'vitest'
import type { Sample } from '../src/metrics/sample.ts'
import { Random, seedOf } from '../src/recording/sources/simulator/random.ts'
import { RESOLUTIONS_MS } from '../src/samples/merged-window.ts'
import { ResolutionStore } from '../src/samples/resolution-store.ts'
import { RollUp, type RollUpOptions } from '../src/samples/resolutions.ts'
import { completedJob, type TestDeps } from './create-test-deps.ts'
import { randomMetrics } from './random-metrics.ts'
import { recount } from './recount.ts'
import { sampleOf } from './sample-of.ts'

interface Log {
  sequence: number
  endMs: number
  /** What a server would have in memory. */
  recent: Sample[]
}

/** When all that was recorded until a time is closed in every resolution. */
const CLOSED_AFTER_MS = 86_400_000 + 180_000

/** Logs of deployments with random samples, and what merges them. The same in each run of a test. */
export class MergedLogs {
  readonly deps: TestDeps
  readonly startMs: number
  readonly random = new Random(seedOf(expect.getState().currentTestName ?? ''))
  readonly logs = new Map<number, Log>()

  constructor(deps: TestDeps) {
    this.deps = deps
    this.startMs = deps.time.wallMs
  }

  integer(low: number, high: number): number {
    return Math.floor(this.random.between(low, high + 1))
  }

  async deploy(model = 'a'): Promise<{ key: number; id: string }> {
    const job = await completedJob(this.deps, model, `a job of ${model}`)
    const { key, id } = await this.deps.services.deployments.deploy(job, { by: 'tester' })
    this.logs.set(key, { sequence: 0, endMs: this.startMs, recent: [] })
    return { key, id }
  }

  log(key: number): Log {
    const log = this.logs.get(key)
    if (!log) throw new Error(`There is no deployment ${key}.`)
    return log
  }

  /** Stores one window after the other until a time, `seconds` after the start. */
  async fill(key: number, seconds: number, windowMs = 1000): Promise<void> {
    const log = this.log(key)
    const samples: Sample[] = []
    for (; log.endMs + windowMs <= this.startMs + seconds * 1000; log.endMs += windowMs) {
      samples.push(this.sample(key, log.endMs, windowMs))
    }
    await this.store(samples)
  }

  /** The next sample of a log, of a window of any time. */
  sample(deploymentKey: number, windowStartMs: number, windowMs = 1000): Sample {
    const log = this.log(deploymentKey)
    log.sequence += 1
    const { sequence } = log
    const latenciesMs = Array.from({ length: this.integer(0, 5) }, () => this.random.between(1, 2000))
    const [inFlight, generatedTokens] = [this.integer(0, 9), this.integer(0, 999)]
    const place = { deploymentKey, sequence, windowStartMs, windowMs }
    // A source knows its states always or never: of a late sample without one, no window tells which is the last.
    const states = deploymentKey % 2 === 0 ? { waiting: null, kvCacheUsage: null } : { waiting: this.integer(0, 9) }
    return sampleOf({ ...randomMetrics(this.random), ...states, ...place, latenciesMs, inFlight, generatedTokens })
  }

  async store(samples: Sample[]): Promise<void> {
    for (let at = 0; at < samples.length; at += 1000) {
      const given = samples.slice(at, at + 1000)
      const { stored } = await this.deps.services.sampleStore.store(given)
      if (stored.length < given.length) throw new Error(`${given.length - stored.length} samples were not stored.`)
    }
    for (const sample of samples) this.log(sample.deploymentKey).recent.push(sample)
  }

  /** What merges them; from the store unless it is told otherwise. */
  rollUp(given: Partial<RollUpOptions> = {}): RollUp {
    return createTestRollUp(this.deps.database, { clock: this.deps.recordingClock, ...given })
  }

  resolutionStore(): ResolutionStore {
    return createTestStore(this.deps.database)
  }

  readonly inMemory = (key: number): readonly Sample[] => this.log(key).recent.slice(-240)

  /** Milliseconds since the epoch, so many seconds after the start. */
  at(seconds: number): number {
    return this.startMs + seconds * 1000
  }

  /** Once all windows are closed, every sample is in each resolution once. */
  async expectWhole(rollUp = this.rollUp()): Promise<void> {
    await expectMergedWhole(this.deps.database, rollUp)
  }
}

function createTestStore(database: Database): ResolutionStore {
  const table = 'merged_windows'
  return new ResolutionStore(
    database,
    RESOLUTIONS_MS.map((resolutionMs) => ({ table, resolutionMs, widthMs: 86_400_000 })),
  )
}

/** Merges from the store, and expects no failure, unless it is told otherwise. */
function createTestRollUp(database: Database, given: Partial<RollUpOptions> = {}): RollUp {
  return new RollUp({
    store: createTestStore(database),
    recent: () => [],
    clock: { now: () => 0 },
    onStall: (error) => expect.fail(String(error)),
    onRecovery: () => undefined,
    onError: (error) => expect.fail(String(error)),
    sleep: () => Promise.resolve(),
    ...given,
  })
}

/** What is merged is right; and once all windows are closed, every sample is in each resolution once. */
export async function expectMergedWhole(database: Database, rollUp = createTestRollUp(database)): Promise<void> {
  expect((await recount(database)).faults).toEqual([])
  const { rows: ends } = await database.pool.query<{ ms: number }>(
    `select (extract(epoch from max(window_start)) * 1000)::float8 as ms from samples`,
  )
  await rollUp.mergeUntil((ends[0]?.ms ?? 0) + CLOSED_AFTER_MS)
  const { faults, merged, samples } = await recount(database)
  expect(faults).toEqual([])
  expect(merged).toBe(samples)
  const { rows } = await database.pool.query<{ count: number }>(
    `select count(*)::int from resolution_heads r join samples s using (deployment_key)
      where s.window_start + s.window_ms * interval '1 ms' > r.merged_through`,
  )
  expect(rows).toEqual([{ count: 0 }])
}
