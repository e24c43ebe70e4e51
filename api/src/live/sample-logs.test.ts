import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { completedJob, createTestDeps, record, type TestDeps } from '../../test/create-test-deps.ts'
import { plainMetrics } from '../../test/plain-metrics.ts'
import { removeSamplesBefore } from '../../test/remove-samples.ts'
import type { Sample } from '../metrics/sample.ts'
import type { SharedSource } from '../fanout/shared-source.ts'
import type { FollowedDeployment, SampleUpdate } from './sample-logs.ts'

const by = 'amira'

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => undefined as void
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

describe.each(await testDatabaseKinds())('following samples on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let deployment: FollowedDeployment

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  beforeEach(async () => {
    deps = await createTestDeps(database)
    deps.services.sampleLogs.start()
    deployment = await deps.services.deployments.deploy(await completedJob(deps), { by })
  })
  afterEach(async () => {
    deps.services.sampleLogs.stop()
  })

  const follow = async (sequence?: number): Promise<SharedSource<SampleUpdate>> => {
    const cursor = sequence === undefined ? null : deps.services.cursors.sample(deployment.id, sequence)
    const follower = await deps.services.sampleLogs.follow(deployment, cursor)
    if (!follower) throw new Error('no such log')
    return follower
  }
  const nextOf = async (follower: SharedSource<SampleUpdate>): Promise<SampleUpdate> => {
    const next = await follower.next()
    if (next.done) throw new Error('the log has ended')
    return next.value
  }
  const take = async (follower: SharedSource<SampleUpdate>, count: number): Promise<string[]> => {
    const taken: string[] = []
    while (taken.length < count) {
      const { value, done } = await follower.next()
      if (done) return [...taken, 'end']
      taken.push(value.skipped > 0 ? `${value.sample.sequence} after ${value.skipped}` : String(value.sample.sequence))
    }
    return taken
  }

  it('begins with the newest stored sample and continues live', async () => {
    await record(deps, 3000)
    const follower = await follow()
    expect(await take(follower, 1)).toEqual(['3'])
    const next = take(follower, 2)
    await record(deps, 2000)
    expect(await next).toEqual(['4', '5'])
  })

  it('begins with the first sample after the end of an empty log', async () => {
    const next = take(await follow(0), 2)
    await record(deps, 2000)
    expect(await next).toEqual(['1', '2'])
  })

  it('accepts the cursor of a sample that is stored and whose message is still on its way', async () => {
    const earlier = await follow()
    const publish = vi.spyOn(deps.bus, 'publish').mockImplementation(() => undefined)
    await record(deps, 2000)
    const resumed = await follow(2)
    expect(await take(earlier, 2)).toEqual(['1', '2'])
    publish.mockRestore()
    const next = take(resumed, 1)
    await record(deps, 1000)
    expect(await next).toEqual(['3'])
  })

  it('resumes right after a cursor, from before its log was opened', async () => {
    await record(deps, 10_000)
    expect(await take(await follow(4), 6)).toEqual(['5', '6', '7', '8', '9', '10'])
    expect(await take(await follow(0), 2)).toEqual(['1', '2'])
  })

  it('gives the same bytes from the ring as from the store', async () => {
    await record(deps, 3000)
    const live = await follow(0)
    const fromRing: Sample[] = []
    while (fromRing.length < 3) fromRing.push((await nextOf(live)).sample)
    const stored = await deps.services.sampleStore.after(deployment.key, 0, 3)
    const plain = (samples: Sample[]) => samples.map(plainMetrics)
    expect(plain(fromRing)).toEqual(plain(stored))
  })

  it('reads the store for a follower that fell out of the ring, without a gap', async () => {
    const slow = await follow()
    await record(deps, 400_000, 50_000)
    const sequences = await take(slow, 400)
    expect(sequences).toEqual(Array.from({ length: 400 }, (_, index) => String(index + 1)))
  })

  it('reports how many samples retention removed before a follower resumed', async () => {
    await record(deps, 10_000)
    await removeSamplesBefore(deps, deps.time.wallMs - 4000)
    expect(await take(await follow(2), 2)).toEqual(['7 after 4', '8'])
  })

  it('reports removed samples with the next sample when retention has left none', async () => {
    await record(deps, 10_000)
    await removeSamplesBefore(deps, deps.time.wallMs)
    const follower = await follow(2)
    const next = take(follower, 1)
    await record(deps, 1000)
    expect(await next).toEqual(['11 after 8'])
  })

  it('begins with the next sample, and reports nothing skipped, when the newest one was removed', async () => {
    await record(deps, 10_000)
    await removeSamplesBefore(deps, deps.time.wallMs)
    const follower = await follow()
    const next = take(follower, 1)
    await record(deps, 1000)
    expect(await next).toEqual(['11'])
  })

  it('refuses cursors beyond the head and cursors of anything else', async () => {
    await record(deps, 2000)
    await expect(follow(3)).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
    const { cursors, sampleLogs } = deps.services
    const foreign = cursors.sample('00000000-0000-4000-8000-000000000000', 1)
    for (const cursor of [foreign, cursors.event(1), 'nonsense', '', `${cursors.sample(deployment.id, 1)}A`]) {
      await expect(sampleLogs.follow(deployment, cursor)).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
    }
    expect(sampleLogs.counts).toEqual({ logs: 0, followers: 0 })
  })

  it('delivers samples that the bus lost, once a later sample reveals the hole', async () => {
    await record(deps, 1000)
    const follower = await follow(1)
    const { sampleLogs } = deps.services
    sampleLogs.stop()
    const open = await follow(1)
    await record(deps, 2000)
    sampleLogs.start()
    await record(deps, 1000)
    expect(await take(open, 3)).toEqual(['2', '3', '4'])
    expect(await take(follower, 1)).toEqual(['end'])
  })

  it('delivers a lost last sample by reading the heads again', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      deps.services.sampleLogs.stop()
      deps.services.sampleLogs.start()
      const follower = await follow(0)
      const samples = vi.spyOn(deps.bus, 'publish').mockImplementation(() => undefined)
      await record(deps, 1000)
      samples.mockRestore()
      const next = take(follower, 1)
      await vi.advanceTimersByTimeAsync(2000)
      expect(await next).toEqual(['1'])
    } finally {
      vi.useRealTimers()
    }
  })

  it('ends when the deployment is deleted, after giving what there was', async () => {
    await record(deps, 2000)
    const follower = await follow(0)
    await deps.services.deployments.pause(deployment.id, { by })
    await deps.services.deployments.delete(deployment.id, { by })
    expect(await take(follower, 5)).toEqual(['1', '2', 'end'])
    expect(await deps.services.sampleLogs.follow(deployment)).toBeNull()
  })

  it('gives nothing while the deployment is paused, and continues after it is resumed', async () => {
    await record(deps, 1000)
    const follower = await follow(1)
    const next = take(follower, 1)
    await deps.services.deployments.pause(deployment.id, { by })
    await record(deps, 30_000, 10_000)
    await deps.services.deployments.resume(deployment.id, { by })
    await record(deps, 1000)
    expect(await next).toEqual(['2'])
  })

  it('ends a waiting follower at once, and drops the log with its last follower', async () => {
    const [one, other] = [await follow(), await follow()]
    const waiting = one.next()
    await one.return()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(deps.services.sampleLogs.counts).toEqual({ logs: 1, followers: 1 })
    await other.return()
    await other.return()
    expect(deps.services.sampleLogs.counts).toEqual({ logs: 0, followers: 0 })
  })

  it('lets followers wait that come while a log is being opened, since its head is not known yet', async () => {
    await record(deps, 10_000)
    const { sampleStore } = deps.services
    const after = sampleStore.after.bind(sampleStore)
    const { promise: released, resolve: release } = deferred()
    const { promise: reading, resolve: isReading } = deferred()
    const reads = vi.spyOn(sampleStore, 'after').mockImplementation(async (...request) => {
      isReading()
      await released
      return after(...request)
    })
    const first = follow(0)
    await reading
    const second = follow(9)
    release()
    reads.mockRestore()
    expect(await take(await second, 1)).toEqual(['10'])
    expect(await take(await first, 10)).toEqual(Array.from({ length: 10 }, (_, index) => String(index + 1)))
  })

  it('opens one log for many followers that come at once, also when the first one leaves at once', async () => {
    await record(deps, 1000)
    const heads = vi.spyOn(deps.services.sampleStore, 'heads')
    const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => follow(0)))
    expect(heads).toHaveBeenCalledTimes(1)
    await first?.return()
    for (const follower of others) expect(await take(follower, 1)).toEqual(['1'])
  })
})
