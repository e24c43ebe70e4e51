import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { completedJob, createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import type { DeploymentEventRecord } from '../bus/bus.ts'
import type { LogSource, LogUpdate } from '../fanout/log-source.ts'

const by = 'amira'

describe.each(await testDatabaseKinds())('following lifecycle events on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  beforeEach(async () => {
    deps = await createTestDeps(database)
    await deps.services.eventLog.start()
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
    deps.services.eventLog.stop()
  })

  const deploy = async () => deps.services.deployments.deploy(await completedJob(deps), { by })
  const pause = (id: string) => deps.services.deployments.pause(id, { by, note: 'why not' })
  const resume = (id: string) => deps.services.deployments.resume(id, { by })
  const cursor = (sequence: number) => deps.services.cursors.event(sequence)
  const take = async (follower: LogSource<DeploymentEventRecord, LogUpdate<DeploymentEventRecord>>, count: number) => {
    const taken: string[] = []
    while (taken.length < count) {
      const { value, done } = await follower.next()
      if (done) return [...taken, 'end']
      expect(value.skipped).toBe(0)
      taken.push(`${value.entry.sequence} ${value.entry.kind}`)
    }
    return taken
  }

  it('begins with the next event, and gives events in commit order', async () => {
    const { id } = await deploy()
    const follower = await deps.services.eventLog.follow({})
    const next = take(follower, 2)
    await pause(id)
    await resume(id)
    expect(await next).toEqual(['2 PAUSED', '3 RESUMED'])
  })

  it('gives the same event from the ring as from the store', async () => {
    const live = await deps.services.eventLog.follow({})
    await pause((await deploy()).id)
    const fromRing = [await live.next(), await live.next()]
    deps.services.eventLog.stop()
    await deps.services.eventLog.start()
    const resumed = await deps.services.eventLog.follow({ cursor: cursor(0) })
    expect([await resumed.next(), await resumed.next()]).toEqual(fromRing)
    const entry = { kind: 'PAUSED', by, note: 'why not', modelName: 'test/model' }
    expect(fromRing[1]?.value).toMatchObject({ entry })
  })

  it('resumes right after a cursor, also one from before the server started, and continues live without a gap', async () => {
    const { id } = await deploy()
    await pause(id)
    deps.services.eventLog.stop()
    await deps.services.eventLog.start()
    const follower = await deps.services.eventLog.follow({ cursor: cursor(1) })
    const next = take(follower, 2)
    await resume(id)
    expect(await next).toEqual(['2 PAUSED', '3 RESUMED'])
  })

  it('follows one deployment and leaves out the others, from the ring and from the store', async () => {
    const [one, other] = [await deploy(), await deploy()]
    await pause(other.id)
    await pause(one.id)
    const ring = await deps.services.eventLog.follow({ deploymentId: one.id, cursor: cursor(0) })
    expect(await take(ring, 2)).toEqual(['1 DEPLOYED', '4 PAUSED'])
    deps.services.eventLog.stop()
    await deps.services.eventLog.start()
    const store = await deps.services.eventLog.follow({ deploymentId: one.id, cursor: cursor(1) })
    const next = take(store, 2)
    await resume(other.id)
    await resume(one.id)
    expect(await next).toEqual(['4 PAUSED', '6 RESUMED'])
  })

  it('gives the events of a deleted deployment, ending with its deletion', async () => {
    const { id } = await deploy()
    await pause(id)
    await deps.services.deployments.delete(id, { by })
    const follower = await deps.services.eventLog.follow({ deploymentId: id, cursor: cursor(0) })
    expect(await take(follower, 3)).toEqual(['1 DEPLOYED', '2 PAUSED', '3 DELETED'])
  })

  it('misses no event when many are committed at once', async () => {
    const jobs = await Promise.all(Array.from({ length: 8 }, () => completedJob(deps)))
    const follower = await deps.services.eventLog.follow({})
    const next = take(follower, 8)
    await Promise.all(jobs.map((id) => deps.services.deployments.deploy(id, { by })))
    expect(await next).toEqual(Array.from({ length: 8 }, (_, index) => `${index + 1} DEPLOYED`))
  })

  it('delivers events that the bus lost, once a later event reveals the hole', async () => {
    const { id } = await deploy()
    const follower = await deps.services.eventLog.follow({})
    vi.spyOn(deps.bus, 'publish').mockImplementationOnce(() => undefined)
    await pause(id)
    await resume(id)
    expect(await take(follower, 2)).toEqual(['2 PAUSED', '3 RESUMED'])
  })

  it('delivers a lost last event by reading the head again', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    deps.services.eventLog.stop()
    await deps.services.eventLog.start()
    const follower = await deps.services.eventLog.follow({})
    vi.spyOn(deps.bus, 'publish').mockImplementation(() => undefined)
    await deploy()
    const next = take(follower, 1)
    await vi.advanceTimersByTimeAsync(2000)
    expect(await next).toEqual(['1 DEPLOYED'])
  })

  it('accepts a cursor of an event that this server does not know yet, and continues at once', async () => {
    // No head is read again here.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    deps.services.eventLog.stop()
    await deps.services.eventLog.start()
    vi.spyOn(deps.bus, 'publish').mockImplementation(() => undefined)
    const { id } = await deploy()
    await pause(id)
    const follower = await deps.services.eventLog.follow({ cursor: cursor(1) })
    expect(await take(follower, 1)).toEqual(['2 PAUSED'])
  })

  it('refuses cursors beyond the head, cursors of samples, and malformed cursors', async () => {
    const { id } = await deploy()
    for (const bad of [cursor(2), deps.services.cursors.sample(id, 1), 'nonsense', '']) {
      await expect(deps.services.eventLog.follow({ cursor: bad })).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
    }
    await deps.services.eventLog.follow({ cursor: cursor(1) })
  })

  it('ends all followers when the event log stops, after giving them what there was', async () => {
    const follower = await deps.services.eventLog.follow({})
    await deploy()
    const waiting = await deps.services.eventLog.follow({})
    const next = take(waiting, 1)
    deps.services.eventLog.stop()
    expect([await take(follower, 2), await next]).toEqual([['1 DEPLOYED', 'end'], ['end']])
  })
})
