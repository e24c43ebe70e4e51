import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { completedJob, createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import type { Sample } from '../metrics/sample.ts'
import { SampleStore } from '../samples/sample-store.ts'
import { Recorder } from './recorder.ts'
import type { DeploymentSource } from './recording-tracks.ts'
import { RequestTally } from './sources/simulator/request-tally.ts'
import type { MeasuredWindow, MeasurementRequest, Source } from './sources/source.ts'

const START = Date.UTC(2026, 10, 23, 12)
const by = 'amira'

/** Answers by what the test says; by default with one request in the window asked for. */
class ScriptedSource implements Source {
  readonly name = 'SIMULATED'
  /** Windows asked for in each call, as seconds from START to their end. */
  readonly asked: number[][] = []
  answer: (request: MeasurementRequest) => MeasuredWindow | null = ({ window }) => measured(window)

  async measure(requests: readonly MeasurementRequest[]): Promise<(MeasuredWindow | null)[]> {
    this.asked.push(requests.map(({ window }) => endOf(window)))
    return requests.map((request) => this.answer(request))
  }
}

const endOf = ({ startMs, durationMs }: MeasuredWindow['window']) => (startMs + durationMs - START) / 1000

function measured(window: MeasuredWindow['window']): MeasuredWindow {
  const tally = new RequestTally()
  tally.add({ latencyUs: 20_000, hasFailed: false, promptTokens: 0, generatedTokens: 0 })
  return { window, measurement: tally.measurement(0, { promptTokens: false, generatedTokens: false }) }
}

describe.each(await testDatabaseKinds())('recording from sources on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let errors: unknown[]

  beforeAll(async () => {
    database = await createTestDatabase(kind)
    await database.pool.query('create table test_effects (deployment_key int, data jsonb)')
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(async () => {
    deps = await createTestDeps(database)
    await database.pool.query('truncate test_effects')
    errors = []
  })

  const EFFECTS = {
    baseline: `insert into test_effects select deployment_key, data from effects where kind = 'baseline'`,
  }
  const recorderOf = (
    sourceOf: (deploymentId: string) => DeploymentSource,
    store = new SampleStore(database, EFFECTS),
  ) =>
    new Recorder({
      store,
      sourceOf: ({ deploymentId }) => sourceOf(deploymentId),
      bus: deps.bus,
      clock: deps.clock,
      intervalMs: 1000,
      onOutage: (error) => errors.push(error),
      onRecovery: () => undefined,
      onSourceError: (error) => errors.push(error),
    })
  const deploy = async () => deps.services.deployments.deploy(await completedJob(deps), { by })
  const recordSeconds = async (recorder: Recorder, seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      deps.time.pass(1000)
      await recorder.recordUntil(deps.clock.now())
    }
  }
  const stored = (key: number) => deps.services.sampleStore.after(key, 0, 10_000)
  const spans = (samples: readonly Sample[]) =>
    samples.map(({ sequence, windowStartMs, windowMs }) => [sequence, (windowStartMs - START) / 1000, windowMs / 1000])
  const effects = async () => {
    const { rows } = await database.pool.query<{ data: unknown }>('select data from test_effects order by data')
    return rows
  }

  it('stores nothing for a window without a measurement, and asks for it once', async () => {
    const source = new ScriptedSource()
    source.answer = ({ window }) => (endOf(window) % 3 === 0 ? measured(window) : null)
    const recorder = recorderOf(() => ({ source, intervalMs: 1000 }))
    const { key } = await deploy()
    // Longer than heads are kept, so that they are read again on the way.
    await recordSeconds(recorder, 12)
    expect(source.asked.flat()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(spans(await stored(key))).toEqual([
      [1, 2, 1],
      [2, 5, 1],
      [3, 8, 1],
      [4, 11, 1],
    ])
  })

  it('stores a longer window that covers those without a measurement before it', async () => {
    const source = new ScriptedSource()
    source.answer = ({ window, recordedThroughMs }) => {
      if (endOf(window) % 5 !== 0) return null
      const endMs = window.startMs + window.durationMs
      return measured({ startMs: recordedThroughMs, durationMs: endMs - recordedThroughMs })
    }
    const recorder = recorderOf(() => ({ source, intervalMs: 1000 }))
    const { key } = await deploy()
    await recordSeconds(recorder, 10)
    expect(spans(await stored(key))).toEqual([
      [1, 0, 5],
      [2, 5, 5],
    ])
  })

  it('gives each deployment windows of its own interval, from its own source, asked once a round', async () => {
    const [seconds, fives] = [new ScriptedSource(), new ScriptedSource()]
    const [one, other, slow] = [await deploy(), await deploy(), await deploy()]
    const recorder = recorderOf((id) =>
      id === slow.id ? { source: fives, intervalMs: 5000 } : { source: seconds, intervalMs: 1000 },
    )
    await recordSeconds(recorder, 10)
    expect(await Promise.all([one, other, slow].map(async ({ key }) => (await stored(key)).length))).toEqual([
      10, 10, 2,
    ])
    expect(spans(await stored(slow.key))).toEqual([
      [1, 0, 5],
      [2, 5, 5],
    ])
    expect(seconds.asked).toEqual(Array.from({ length: 10 }, (_, n) => [n + 1, n + 1]))
    expect(fives.asked).toEqual([[5], [10]])
  })

  it('is not held up by a source that fails, reports it once, and catches up when it answers again', async () => {
    const [works, fails] = [new ScriptedSource(), new ScriptedSource()]
    const [well, ill] = [await deploy(), await deploy()]
    const recorder = recorderOf((id) => ({ source: id === ill.id ? fails : works, intervalMs: 1000 }))
    const { answer } = fails
    fails.answer = () => {
      throw new Error('unreadable')
    }
    await recordSeconds(recorder, 3)
    expect([(await stored(well.key)).length, (await stored(ill.key)).length]).toEqual([3, 0])
    expect(errors).toEqual([new Error('unreadable')])
    fails.answer = answer
    await recordSeconds(recorder, 1)
    expect(spans(await stored(ill.key)).map(([, second]) => second)).toEqual([0, 1, 2, 3])
    fails.answer = () => {
      throw new Error('again')
    }
    await recordSeconds(recorder, 1)
    expect(errors).toEqual([new Error('unreadable'), new Error('again')])
  })

  it.each([
    ['begins within what is recorded', (ms: number) => ({ startMs: ms - 2000, durationMs: 3000 })],
    ['ends elsewhere', (ms: number) => ({ startMs: ms, durationMs: 2000 })],
    ['begins after the window asked for', (ms: number) => ({ startMs: ms + 500, durationMs: 500 })],
    ['lasts no time', (ms: number) => ({ startMs: ms + 1000, durationMs: 0 })],
  ])('refuses an answer whose window %s', async (_, window) => {
    const source = new ScriptedSource()
    const recorder = recorderOf(() => ({ source, intervalMs: 1000 }))
    const { key } = await deploy()
    await recordSeconds(recorder, 2)
    source.answer = ({ window: { startMs } }) => measured(window(startMs))
    await recordSeconds(recorder, 1)
    expect(await stored(key)).toHaveLength(2)
    expect(errors).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/^A SIMULATED source answered with/) }),
    ])
  })

  it('carries out the effects of a sample with it, and none of a sample that is refused', async () => {
    const source = new ScriptedSource()
    source.answer = ({ window }) => ({
      ...measured(window),
      effects: [{ kind: 'baseline', data: { at: endOf(window), note: `it's "quoted"` } }],
    })
    const [kept, paused] = [await deploy(), await deploy()]
    const store = new SampleStore(database, EFFECTS)
    const { store: storeSamples } = store
    let pauseFirst = false
    store.store = async (...given) => {
      if (pauseFirst) await deps.services.deployments.pause(paused.id, { by })
      return storeSamples.apply(store, given)
    }
    const recorder = recorderOf(() => ({ source, intervalMs: 1000 }), store)
    await recordSeconds(recorder, 1)
    pauseFirst = true
    await recordSeconds(recorder, 1)
    const note = `it's "quoted"`
    expect(await effects()).toEqual([1, 1, 2].map((at) => ({ data: { at, note } })))
    expect([(await stored(kept.key)).length, (await stored(paused.key)).length]).toEqual([2, 1])
  })

  it('asks again for windows whose sample could not be stored, those without a measurement included', async () => {
    const source = new ScriptedSource()
    source.answer = ({ window }) => (endOf(window) === 2 ? null : measured(window))
    const store = new SampleStore(database, EFFECTS)
    const { store: storeSamples } = store
    let isGone = true
    store.store = async (...given) => {
      if (isGone) throw new Error('gone')
      return storeSamples.apply(store, given)
    }
    const recorder = recorderOf(() => ({ source, intervalMs: 1000 }), store)
    const { key } = await deploy()
    deps.time.pass(3000)
    await expect(recorder.recordUntil(deps.clock.now())).rejects.toThrow('gone')
    isGone = false
    await recordSeconds(recorder, 1)
    expect(source.asked).toEqual([
      [1, 2, 3],
      [1, 2, 3, 4],
    ])
    expect(spans(await stored(key)).map(([sequence, second]) => [sequence, second])).toEqual([
      [1, 0],
      [2, 2],
      [3, 3],
    ])
  })
})
