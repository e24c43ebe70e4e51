import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { completedJob, createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { recount } from '../../test/recount.ts'
import { sampleOf } from '../../test/sample-of.ts'
import type { Sample } from '../metrics/sample.ts'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'
import { mergedWindowsTable, RESOLUTIONS_MS } from './merged-window.ts'
import { ResolutionStore } from './resolution-store.ts'
import { RollUp, type RollUpOptions } from './resolutions.ts'

const SECOND_MS = 1000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

describe.each(await testDatabaseKinds())('merging samples on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let startMs: number
  let random: Random
  /** By deployment: what was stored last, and everything that a server would have in memory. */
  let logs: Map<number, { sequence: number; endMs: number; recent: Sample[] }>

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(async () => {
    deps = await createTestDeps(database)
    startMs = deps.time.wallMs
    random = new Random(seedOf(expect.getState().currentTestName ?? ''))
    logs = new Map()
  })

  const integer = (low: number, high: number) => Math.floor(random.between(low, high + 1))

  async function deploy(model: string): Promise<{ key: number; id: string }> {
    const job = await completedJob(deps, model, `a job of ${logs.size}`)
    const { key, id } = await deps.services.deployments.deploy(job, { by: 'tester' })
    logs.set(key, { sequence: 0, endMs: startMs, recent: [] })
    return { key, id }
  }

  /** Stores windows of some length until a time. */
  async function fill(key: number, untilMs: number, windowMs = SECOND_MS): Promise<void> {
    const log = logs.get(key)!
    const samples: Sample[] = []
    for (let from = log.endMs; from + windowMs <= untilMs; from += windowMs) samples.push(sampleAt(key, from, windowMs))
    await store(samples)
    log.endMs = Math.max(log.endMs, ...samples.map((sample) => sample.windowStartMs + sample.windowMs))
  }

  function sampleAt(deploymentKey: number, windowStartMs: number, windowMs: number): Sample {
    const log = logs.get(deploymentKey)!
    log.sequence += 1
    const latenciesMs = Array.from({ length: integer(0, 5) }, () => random.between(1, 2000))
    const inFlight = integer(0, 9)
    const { sequence } = log
    return sampleOf({
      deploymentKey,
      sequence,
      windowStartMs,
      windowMs,
      latenciesMs,
      inFlight,
      generatedTokens: sequence,
    })
  }

  async function store(samples: Sample[]): Promise<void> {
    for (let at = 0; at < samples.length; at += 1000) {
      const { stored } = await deps.services.sampleStore.store(samples.slice(at, at + 1000))
      expect(stored).toHaveLength(samples.slice(at, at + 1000).length)
    }
    for (const sample of samples) logs.get(sample.deploymentKey)!.recent.push(sample)
  }

  function rollUp(given: Partial<RollUpOptions> = {}): RollUp {
    return new RollUp({
      store: resolutionStore(),
      recent: () => [],
      clock: deps.recordingClock,
      onStall: (error) => expect.fail(String(error)),
      onRecovery: () => undefined,
      onError: (error) => expect.fail(String(error)),
      sleep: () => Promise.resolve(),
      ...given,
    })
  }

  function resolutionStore(): ResolutionStore {
    return new ResolutionStore(database, RESOLUTIONS_MS.map(mergedWindowsTable))
  }

  /** All of it right, and every sample merged. */
  async function expectWhole(): Promise<void> {
    const { faults, merged, samples } = await recount(database)
    expect(faults).toEqual([])
    expect(merged).toBe(samples)
  }

  const inMemory = (key: number) => logs.get(key)?.recent.slice(-120) ?? []
  /** When all that was recorded until then has been closed in every resolution. */
  const LATER_MS = HOUR_MS + 2 * MINUTE_MS

  it.each(['memory', 'the store'])(
    'every sample is in every resolution once, whenever it looks, from %s',
    async (from) => {
      const deployments = await Promise.all(['a', 'a', 'b'].map(deploy))
      const merging = rollUp(from === 'memory' ? { recent: inMemory } : {})
      const lengths = [SECOND_MS, 5 * SECOND_MS, 15 * SECOND_MS]
      for (let atMs = startMs; atMs < startMs + 75 * MINUTE_MS;) {
        atMs += integer(1, 900) * SECOND_MS
        for (const [n, { key }] of deployments.entries()) await fill(key, atMs, lengths[n])
        await merging.mergeUntil(atMs)
        const { faults } = await recount(database)
        expect(faults).toEqual([])
      }
      await merging.mergeUntil(startMs + 75 * MINUTE_MS + LATER_MS)
      await expectWhole()
      const { windows } = await recount(database)
      expect(windows).toMatchObject({ 60_000: expect.any(Number), 3_600_000: 2 * (3 + 2 + 1) })
    },
  )
})
