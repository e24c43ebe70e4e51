import { createTestDatabase, type TestDatabase } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { completedJob, createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { NOTHING_KNOWN } from '../metrics/window-metrics.ts'
import type { RecordingHead } from '../samples/sample-store.ts'
import { Recorder } from './recorder.ts'
import type { MeasurementRequest, Source, SourceAnswer } from './sources/source.ts'

const START = Date.UTC(2026, 10, 23, 12)
const by = 'amira'

/** Knows nothing of a window until it is told to. */
class LateSource implements Source {
  readonly name = 'SCRAPED'
  /** Windows that end later are pending; seconds from START. */
  readyThrough = 0
  rounds = 0

  async measure(requests: readonly MeasurementRequest[]): Promise<SourceAnswer[]> {
    this.rounds += 1
    return requests.map(({ window }) => {
      const endSecond = (window.startMs + window.durationMs - START) / 1000
      return endSecond > this.readyThrough ? 'pending' : { window, measurement: { ...NOTHING_KNOWN, requests: 1 } }
    })
  }
}

describe('a recorder that is woken', () => {
  let database: TestDatabase
  let deps: TestDeps
  let source: LateSource
  let recorder: Recorder
  let heads: (readonly RecordingHead[])[]
  let messages: { last: boolean; ends: number[] }[]
  let errors: unknown[]

  beforeAll(async () => {
    database = await createTestDatabase('embedded')
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(async () => {
    deps = await createTestDeps(database)
    source = new LateSource()
    heads = []
    messages = []
    errors = []
    deps.bus.subscribe('recorded', ({ samples, last }) => {
      messages.push({
        last,
        ends: samples.map(({ windowStartMs, windowMs }) => (windowStartMs + windowMs - START) / 1000),
      })
    })
    recorder = new Recorder({
      store: deps.services.sampleStore,
      sourceOf: ({ deploymentId }) => ({ source: deploymentId === simulated ? deps.source : source, intervalMs: 1000 }),
      onHeads: (read) => heads.push(read),
      bus: deps.bus,
      clock: deps.clock,
      intervalMs: 1000,
      onOutage: (error) => errors.push(error),
      onRecovery: () => undefined,
      onSourceError: (error) => errors.push(error),
      // There is no next tick: only a wake ends this.
      sleep: (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    })
  })
  afterEach(() => recorder.stop())

  let simulated: string | undefined
  const deploy = async () => deps.services.deployments.deploy(await completedJob(deps), { by })

  it('asks again for a pending window and all later ones of its deployment, and records the others meanwhile', async () => {
    simulated = (await deploy()).id
    await deploy()
    for (const readyThrough of [0, 1, 1, 3]) {
      source.readyThrough = readyThrough
      deps.time.pass(1000)
      await recorder.recordUntil(deps.clock.now())
    }
    expect(messages).toEqual([
      { last: true, ends: [1] },
      { last: true, ends: [2, 1] },
      { last: true, ends: [3] },
      { last: true, ends: [4, 2, 3] },
    ])
  })

  it('stores what has become known without a tick, and tells that this is no end of a round', async () => {
    await deploy()
    deps.time.pass(1500)
    recorder.start()
    await expect.poll(() => messages).toEqual([{ last: true, ends: [] }])
    source.readyThrough = 1
    recorder.wake()
    await expect.poll(() => messages.slice(1)).toEqual([{ last: false, ends: [1] }])
    expect(errors).toEqual([])
  })

  it('asks once for many wakes that follow upon one another', async () => {
    await deploy()
    deps.time.pass(1500)
    recorder.start()
    // Once for the start, once for what was deployed.
    await expect.poll(() => source.rounds).toBe(2)
    for (let wake = 0; wake < 100; wake += 1) recorder.wake()
    source.readyThrough = 1
    await expect.poll(() => messages.length).toBe(2)
    expect(source.rounds).toBe(3)
  })

  it('tells at once who is recorded when a deployment is paused', async () => {
    const { id } = await deploy()
    recorder.start()
    await expect.poll(() => heads.map((read) => read.length)).toEqual([1])
    await deps.services.deployments.pause(id, { by })
    await expect.poll(() => heads.map((read) => read.length)).toEqual([1, 0])
  })
})
