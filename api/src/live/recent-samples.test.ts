import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { completedJob, createTestDeps, record, type TestDeps } from '../../test/create-test-deps.ts'
import { sampleOf } from '../../test/sample-of.ts'
import type { Sample } from '../metrics/sample.ts'
import { RecentSamples } from './recent-samples.ts'

const by = 'amira'

describe.each(await testDatabaseKinds())('recent samples on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let recent: RecentSamples
  let since: { mock: { calls: unknown[][] } }

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  beforeEach(async () => {
    deps = await createTestDeps(database)
    since = vi.spyOn(deps.services.sampleStore, 'since')
    recent = listen()
  })
  afterEach(() => {
    vi.restoreAllMocks()
    recent.stop()
  })

  /** As a server that starts now. */
  const listen = () => {
    const started = new RecentSamples({ store: deps.services.sampleStore, bus: deps.bus, now: () => deps.clock.now() })
    started.start()
    return started
  }
  const restart = () => {
    recent.stop()
    recent = listen()
  }
  const deploy = async () => deps.services.deployments.deploy(await completedJob(deps), { by })
  const sequences = (samples: readonly Sample[] | undefined) => samples?.map(({ sequence }) => sequence)
  const oneTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)
  const statements = () => since.mock.calls.length

  it('come from memory, without a statement, for a log that began after the server started', async () => {
    const { key } = await deploy()
    await record(deps, 5000)
    expect((await recent.of([key])).map(sequences)).toEqual([oneTo(5)])
    expect(recent.latest(key)?.sequence).toBe(5)
    expect(statements()).toBe(0)
  })

  it('are read with one statement for all unknown deployments, and with none from then on', async () => {
    const keys = [(await deploy()).key, (await deploy()).key, (await deploy()).key]
    await record(deps, 3000)
    restart()
    await record(deps, 2000)
    expect((await recent.of(keys)).map(sequences)).toEqual([oneTo(5), oneTo(5), oneTo(5)])
    expect(statements()).toBe(1)
    await record(deps, 1000)
    expect((await recent.of(keys.toReversed())).map(sequences)).toEqual([oneTo(6), oneTo(6), oneTo(6)])
    expect(statements()).toBe(1)
  })

  it('come in the order of the request, empty for a deployment without samples and for one that does not exist', async () => {
    const { key } = await deploy()
    await record(deps, 2000)
    restart()
    const idle = (await deploy()).key
    expect((await recent.of([999_999, key, idle])).map(sequences)).toEqual([[], [1, 2], []])
    expect(statements()).toBe(1)
    expect(await recent.of([])).toEqual([])
    expect(statements()).toBe(1)
  })

  it('are complete when samples arrive while the store is read', async () => {
    const { key } = await deploy()
    await record(deps, 3000)
    restart()
    const store = deps.services.sampleStore
    const read = store.since.bind(store)
    vi.spyOn(store, 'since').mockImplementationOnce(async (...asked) => {
      const before = await read(...asked)
      await record(deps, 2000)
      return before
    })
    expect((await recent.of([key])).map(sequences)).toEqual([oneTo(5)])
    vi.spyOn(store, 'since').mockImplementationOnce(async (...asked) => {
      await record(deps, 2000)
      return await read(...asked)
    })
    restart()
    expect((await recent.of([key])).map(sequences)).toEqual([oneTo(7)])
  })

  it('are read again by the next request after a failed read', async () => {
    const { key } = await deploy()
    await record(deps, 3000)
    restart()
    vi.spyOn(deps.services.sampleStore, 'since').mockRejectedValueOnce(new Error('gone'))
    await expect(recent.of([key])).rejects.toThrow('gone')
    expect((await recent.of([key])).map(sequences)).toEqual([oneTo(3)])
  })

  it('reach back two minutes and no further, whether or not anything is recorded', async () => {
    const { id, key } = await deploy()
    await record(deps, 150_000, 50_000)
    expect(sequences((await recent.of([key]))[0])).toEqual(Array.from({ length: 120 }, (_, index) => 31 + index))
    restart()
    expect(sequences((await recent.of([key]))[0])).toEqual(Array.from({ length: 120 }, (_, index) => 31 + index))
    await deps.services.deployments.pause(id, { by })
    deps.time.pass(100_000)
    expect(sequences((await recent.of([key]))[0])).toEqual(Array.from({ length: 20 }, (_, index) => 131 + index))
    await record(deps, 30_000, 30_000)
    expect([sequences((await recent.of([key]))[0]), recent.latest(key)]).toEqual([[], undefined])
  })

  it('are evicted when they are old, so that memory holds only deployments that record', async () => {
    const { id, key } = await deploy()
    await record(deps, 1000)
    await deps.services.deployments.pause(id, { by })
    await record(deps, 60_000, 60_000)
    expect(recent.latest(key)?.sequence).toBe(1)
    await record(deps, 61_000, 61_000)
    expect(recent.latest(key)).toBeUndefined()
  })

  it('are read from the store again after a pause in which they were evicted', async () => {
    const { id, key } = await deploy()
    await record(deps, 2000)
    await deps.services.deployments.pause(id, { by })
    await record(deps, 130_000, 130_000)
    await deps.services.deployments.resume(id, { by })
    await record(deps, 2000)
    expect((await recent.of([key])).map(sequences)).toEqual([[3, 4]])
  })

  it('are limited to the newest 240 when windows are short', async () => {
    const { key } = await deploy()
    const sample = (sequence: number) =>
      sampleOf({ deploymentKey: key, sequence, windowStartMs: deps.time.wallMs - 5000 + sequence * 10, windowMs: 10 })
    for (let sequence = 1; sequence <= 500; sequence += 1) {
      deps.bus.publish('recorded', { throughMs: deps.time.wallMs, samples: [sample(sequence)], last: true })
    }
    expect(sequences((await recent.of([key]))[0])).toEqual(Array.from({ length: 240 }, (_, index) => 261 + index))
  })
})
