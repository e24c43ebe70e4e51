import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { completedJob, createTestDeps, record, type TestDeps } from '../../test/create-test-deps.ts'
import { plainMetrics } from '../../test/plain-metrics.ts'
import { removeSamplesBefore } from '../../test/remove-samples.ts'
import type { Sample } from '../metrics/sample.ts'
import { SampleStore } from '../samples/sample-store.ts'

const by = 'amira'

describe.each(await testDatabaseKinds())('the recorder on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let published: Sample[]

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())
  afterEach(() => void vi.restoreAllMocks())

  beforeEach(async () => {
    deps = await createTestDeps(database)
    published = []
    deps.bus.subscribe('recorded', ({ samples }) => published.push(...samples))
  })

  const deploy = async () => deps.services.deployments.deploy(await completedJob(deps), { by })
  const stored = (key: number) => deps.services.sampleStore.after(key, 0, 10_000)
  const sequences = (samples: readonly Sample[]) => samples.map(({ sequence }) => sequence)
  const oneTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)
  const seconds = (samples: readonly Sample[]) =>
    samples.map(({ windowStartMs }) => (windowStartMs - Date.UTC(2026, 10, 23, 12)) / 1000)

  it('begins with the next whole window after the deploy, and its first sample has a request', async () => {
    deps.time.pass(300)
    const { key } = await deploy()
    await record(deps, 1000)
    expect(await stored(key)).toEqual([])
    await record(deps, 2000)
    const samples = await stored(key)
    expect(seconds(samples)).toEqual([1, 2])
    expect(samples[0]?.requests).toBeGreaterThan(0)
  })

  it('publishes exactly what it stored, to the byte', async () => {
    const { key } = await deploy()
    await record(deps, 5000)
    const samples = await stored(key)
    expect(sequences(samples)).toEqual(oneTo(5))
    const plain = (all: Sample[]) => all.map(plainMetrics)
    expect(plain(published)).toEqual(plain(samples))
  })

  it('continues with the next sequence after a pause, and records nothing of the pause', async () => {
    const { id, key } = await deploy()
    await record(deps, 3000)
    await deps.services.deployments.pause(id, { by })
    await record(deps, 10_000)
    await deps.services.deployments.resume(id, { by })
    await record(deps, 3000)
    const samples = await stored(key)
    expect(sequences(samples)).toEqual(oneTo(6))
    expect(seconds(samples)).toEqual([0, 1, 2, 13, 14, 15])
  })

  it('stores nothing for a deployment that was paused while its windows were measured', async () => {
    const { id, key } = await deploy()
    await record(deps, 2000)
    const { store } = SampleStore.prototype
    vi.spyOn(SampleStore.prototype, 'store').mockImplementationOnce(async function (this: unknown, samples) {
      await deps.services.deployments.pause(id, { by })
      return store.call(deps.services.sampleStore, samples)
    })
    await record(deps, 3000)
    expect(sequences(await stored(key))).toEqual(oneTo(2))
    expect(sequences(published)).toEqual(oneTo(2))
  })

  it('catches up sixty seconds and leaves the rest as a gap, with contiguous sequences', async () => {
    const { key } = await deploy()
    await record(deps, 2000)
    await record(deps, 200_000, 200_000)
    const samples = await stored(key)
    expect(sequences(samples)).toEqual(oneTo(62))
    expect(seconds(samples)).toEqual([0, 1, ...Array.from({ length: 60 }, (_, index) => 142 + index)])
  })

  it('never records from before the last resume, however much it has to catch up', async () => {
    const { id, key } = await deploy()
    await record(deps, 2000)
    await deps.services.deployments.pause(id, { by })
    deps.time.pass(20_000)
    await deps.services.deployments.resume(id, { by })
    await record(deps, 5000, 5000)
    expect(seconds(await stored(key))).toEqual([0, 1, 22, 23, 24, 25, 26])
  })

  // The connections of the embedded database share one session, whose transactions wait for one another.
  describe.runIf(kind === 'postgres')('while another transaction holds the head of a deployment', () => {
    /** What a pause does whose server has vanished: it holds the row until it is told to end. */
    const holdHead = async (key: number) => {
      const client = await database.pool.connect()
      await client.query('begin')
      await client.query('select 1 from sample_heads where deployment_key = $1 for update', [key])
      return async (end: 'commit' | 'rollback', last = 'select 1') => {
        await client.query(last)
        await client.query(end)
        client.release()
      }
    }

    it('records all others in time, and catches the busy one up without a hole', async () => {
      const [busy, other] = [await deploy(), await deploy()]
      await record(deps, 2000)
      const letGo = await holdHead(busy.key)
      const from = performance.now()
      await record(deps, 20_000)
      expect(performance.now() - from).toBeLessThan(4000)
      expect([sequences(await stored(busy.key)), sequences(await stored(other.key))]).toEqual([oneTo(2), oneTo(22)])
      await letGo('rollback')
      await record(deps, 1000)
      for (const { key } of [busy, other]) {
        expect(seconds(await stored(key))).toEqual(oneTo(23).map((n) => n - 1))
        expect(sequences(published.filter((sample) => sample.deploymentKey === key))).toEqual(oneTo(23))
      }
    })

    it('ends the round although the busy one has more windows to catch up than fit in a statement', async () => {
      deps = await createTestDeps(database, { intervalMs: 50 })
      const [busy, other] = [await deploy(), await deploy()]
      await record(deps, 1000, 50)
      const letGo = await holdHead(busy.key)
      await record(deps, 60_000, 60_000)
      expect([(await stored(busy.key)).length, (await stored(other.key)).length]).toEqual([20, 1220])
      await letGo('commit')
      await record(deps, 50, 50)
      expect([(await stored(busy.key)).length, (await stored(other.key)).length]).toEqual([1220, 1221])
    })

    it('stores nothing for the busy one if that transaction paused it', async () => {
      const { key } = await deploy()
      await record(deps, 2000)
      const letGo = await holdHead(key)
      await record(deps, 2000)
      await letGo('commit', `update sample_heads set recording_since = null where deployment_key = ${key}`)
      await record(deps, 2000)
      expect(sequences(await stored(key))).toEqual(oneTo(2))
    })
  })

  it('stores what a failed statement did not, once the store is back', async () => {
    const { key } = await deploy()
    await record(deps, 1000)
    vi.spyOn(SampleStore.prototype, 'store').mockRejectedValueOnce(new Error('gone'))
    deps.time.pass(1000)
    await expect(deps.recorder.recordUntil(deps.clock.now())).rejects.toThrow('gone')
    await record(deps, 1000)
    expect(sequences(await stored(key))).toEqual(oneTo(3))
    expect(sequences(published)).toEqual(oneTo(3))
  })

  it('neither repeats nor loses what a statement stored before its answer was lost', async () => {
    const { key } = await deploy()
    await record(deps, 1000)
    const { store } = SampleStore.prototype
    vi.spyOn(SampleStore.prototype, 'store').mockImplementationOnce(async (samples) => {
      await store.call(deps.services.sampleStore, samples)
      throw new Error('connection lost')
    })
    deps.time.pass(1000)
    await expect(deps.recorder.recordUntil(deps.clock.now())).rejects.toThrow('connection lost')
    await record(deps, 1000)
    expect(sequences(await stored(key))).toEqual(oneTo(3))
    expect(sequences(published.filter((sample) => sample.deploymentKey === key))).toEqual(oneTo(3))
  })

  it('keeps window starts growing when the wall clock jumps back', async () => {
    const { key } = await deploy()
    await record(deps, 3000)
    deps.time.wallMs -= 3_600_000
    await record(deps, 3000)
    expect(seconds(await stored(key))).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('records every active deployment in one round, and announces when the round is complete', async () => {
    const keys = await Promise.all(Array.from({ length: 5 }, async () => (await deploy()).key))
    const rounds: { last: boolean; samples: number }[] = []
    deps.bus.subscribe('recorded', ({ last, samples }) => rounds.push({ last, samples: samples.length }))
    await record(deps, 2000)
    expect(rounds).toEqual([
      { last: true, samples: 5 },
      { last: true, samples: 5 },
    ])
    for (const key of keys) expect(await stored(key)).toHaveLength(2)
  })

  it('continues the sequence after samples were removed', async () => {
    const { key } = await deploy()
    await record(deps, 5000)
    expect(await removeSamplesBefore(deps, deps.time.wallMs - 2000)).toBe(3)
    expect(sequences(await stored(key))).toEqual([4, 5])
    await removeSamplesBefore(deps, deps.time.wallMs)
    await record(deps, 1000)
    expect(sequences(await stored(key))).toEqual([6])
  })
})
