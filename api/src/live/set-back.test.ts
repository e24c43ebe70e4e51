import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { completedJob, createTestDeps, record, type TestDeps } from '../../test/create-test-deps.ts'
import { rememberDatabase } from '../../test/set-back.ts'
import type { SharedSource } from '../fanout/shared-source.ts'
import type { FollowedDeployment } from './sample-logs.ts'

const by = 'amira'
const RECHECK_MS = 2000
const INVALID = { code: 'CURSOR_INVALID', message: expect.stringContaining('the database was set back') as string }

describe.each(await testDatabaseKinds())('a database that is set back under a running server, on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    deps = await createTestDeps(database)
    await deps.services.eventLog.start()
    deps.services.sampleLogs.start()
    deps.services.recent.start()
    await deps.services.activeDeployments.start()
    deps.services.fleet.start()
  })
  afterEach(async () => {
    vi.useRealTimers()
    vi.restoreAllMocks()
    const { eventLog, sampleLogs, recent, activeDeployments, fleet } = deps.services
    for (const part of [eventLog, sampleLogs, recent, fleet]) part.stop()
    await activeDeployments.stop()
  })

  const deploy = async () => deps.services.deployments.deploy(await completedJob(deps), { by })
  const pause = (id: string) => deps.services.deployments.pause(id, { by })
  const resume = (id: string) => deps.services.deployments.resume(id, { by })
  const take = async <P>(follower: SharedSource<P>, count: number): Promise<P[]> => {
    const taken: P[] = []
    while (taken.length < count) {
      const { value, done } = await follower.next()
      if (done) throw new Error('it has ended')
      taken.push(value)
    }
    return taken
  }
  /** The error with which it ends. */
  const endOf = (follower: AsyncIterator<unknown>): Promise<unknown> =>
    follower.next().then(
      () => 'an update',
      (error: unknown) => error,
    )
  /** Heads are read again. */
  const recheck = () => vi.advanceTimersByTimeAsync(RECHECK_MS)

  describe('ends the followers of lifecycle events', () => {
    const follow = (cursor?: string) => deps.services.eventLog.follow({ cursor: cursor ?? null })
    const kindsOf = async (follower: Awaited<ReturnType<typeof follow>>, count: number) =>
      (await take(follower, count)).map(({ entry }) => `${entry.sequence} ${entry.kind}`)

    it('once the head is read again; the next ones follow what is there now', async () => {
      const { id } = await deploy()
      const kept = await deps.services.eventLog.cursor()
      const setBack = await rememberDatabase(database.prisma)
      const live = await follow()
      await pause(id)
      await resume(id)
      expect(await kindsOf(live, 2)).toEqual(['2 PAUSED', '3 RESUMED'])
      const lost = await deps.services.eventLog.cursor()
      await setBack()
      const end = endOf(live)
      await recheck()
      expect(await end).toMatchObject(INVALID)

      await expect(follow(lost)).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
      const [fresh, resumed] = [await follow(), await follow(kept)]
      await pause(id)
      expect([await kindsOf(fresh, 1), await kindsOf(resumed, 1)]).toEqual([['2 PAUSED'], ['2 PAUSED']])
    })

    it('at once when another event takes the place of a lost one, whose cursor is refused from then on', async () => {
      const { id } = await deploy()
      const setBack = await rememberDatabase(database.prisma)
      await pause(id)
      const live = await follow()
      const lost = await deps.services.eventLog.cursor()
      await setBack()
      await pause(id)
      await expect(live.next()).rejects.toMatchObject(INVALID)
      await expect(follow(lost)).rejects.toMatchObject(INVALID)
      await expect(
        deps.services.deployments.events([], { field: 'AT', direction: 'ASC' }, { first: 5, after: lost }),
      ).rejects.toMatchObject(INVALID)
      const cursor = await deps.services.eventLog.cursor()
      await resume(id)
      expect(await kindsOf(await follow(cursor), 1)).toEqual(['3 RESUMED'])
    })

    it('and not when a head is older only because its read took long', async () => {
      const { id } = await deploy()
      const live = await follow()
      const findUnique = vi.spyOn(deps.services.prisma.logState, 'findUnique')
      let answer = (): void => undefined
      findUnique.mockImplementationOnce((() => {
        return new Promise((resolve) => (answer = () => resolve({ lastSequence: 1n })))
      }) as never)
      await recheck()
      expect(findUnique).toHaveBeenCalledTimes(1)
      await pause(id)
      answer()
      await resume(id)
      expect(await kindsOf(live, 2)).toEqual(['2 PAUSED', '3 RESUMED'])
    })
  })

  describe('ends the followers of samples', () => {
    const follow = async (deployment: FollowedDeployment, cursor?: string) => {
      const follower = await deps.services.sampleLogs.follow(deployment, cursor)
      if (!follower) throw new Error('no such log')
      return follower
    }
    /** The cursor of the newest sample. */
    const newestOf = async (deployment: FollowedDeployment) => {
      const follower = await follow(deployment)
      const [update] = await take(follower, 1)
      follower.end()
      return deps.services.cursors.sample(deployment.id, update!.sample)
    }
    const storedWindows = async ({ key }: FollowedDeployment) =>
      (await deps.services.sampleStore.after(key, 0, 1000)).map(({ windowStartMs }) => windowStartMs)

    it('once the heads are read again; the recorder goes on from the stored head, and so do the next ones', async () => {
      const deployment = await deploy()
      await record(deps, 3000)
      const setBack = await rememberDatabase(database.prisma)
      await record(deps, 90_000)
      const live = await follow(deployment)
      await take(live, 1)
      const lost = await newestOf(deployment)
      await setBack()
      const end = endOf(live)
      await recheck()
      expect(await end).toMatchObject(INVALID)
      await expect(follow(deployment, lost)).rejects.toMatchObject({ code: 'CURSOR_INVALID' })

      const fresh = await follow(deployment)
      expect((await take(fresh, 1))[0]?.sample.sequence).toBe(3)
      const next = take(fresh, 60)
      // A change makes the recorder read the heads before it finds out by itself.
      await deploy()
      await record(deps, 1000)
      const windows = (await next).map(({ sample, skipped }) => [sample.windowStartMs, skipped])
      // What was lost is recorded again as far back as a recorder catches up: 60 s.
      const last = deps.time.wallMs - 1000
      expect(windows).toEqual(Array.from({ length: 60 }, (_, index) => [last - 59_000 + 1000 * index, 0]))
      expect(await storedWindows(deployment)).toHaveLength(63)
    })

    it('and a cursor of a lost sample is refused once another one has its place, from memory and from the store', async () => {
      const deployment = await deploy()
      await record(deps, 3000)
      const setBack = await rememberDatabase(database.prisma)
      await record(deps, 1000)
      const lost = await newestOf(deployment)
      await setBack()
      await pause(deployment.id)
      deps.time.pass(5000)
      await resume(deployment.id)
      await record(deps, 2000)
      await expect(follow(deployment, lost)).rejects.toMatchObject(INVALID)
      await record(deps, 400_000, 50_000)
      await expect(follow(deployment, lost)).rejects.toMatchObject(INVALID)
      expect((await deps.services.sampleStore.at(deployment.key, 4))?.sequence).toBe(4)
      const live = await follow(deployment)
      await take(live, 1)
      await record(deps, 1000)
      expect((await take(live, 1))[0]?.skipped).toBe(0)
    })

    it('and shows the fleet what is recorded from then on', async () => {
      const deployment = await deploy()
      await record(deps, 3000)
      const setBack = await rememberDatabase(database.prisma)
      await record(deps, 90_000)
      const fleet = deps.services.fleet.watch({})
      await take(fleet, 1)
      await setBack()
      await record(deps, 3000)
      const [update] = await take(fleet, 1)
      expect([update?.reported, update?.expected, update?.atMs]).toEqual([1, 1, deps.time.wallMs - 1000])
      expect(deps.services.recent.latest(deployment.key)?.windowStartMs).toBe(deps.time.wallMs - 1000)
    })

    it('and forgets deployments that were lost, and their newest samples', async () => {
      const setBack = await rememberDatabase(database.prisma)
      const gone = await deploy()
      await record(deps, 3000)
      const paused = await deploy()
      await record(deps, 1000)
      await pause(paused.id)
      const live = await follow(gone)
      await take(live, 1)
      await setBack()
      await recheck()
      await vi.waitFor(() => expect(deps.services.activeDeployments.size).toBe(0), 15_000)
      expect([gone, paused].map(({ key }) => deps.services.recent.latest(key))).toEqual([undefined, undefined])
      expect((await live.next()).done).toBe(true)
    })

    it('of a deployment whose key is given out again, and mixes the two in no log', async () => {
      await deploy()
      const setBack = await rememberDatabase(database.prisma)
      const gone = await deploy()
      await record(deps, 2000)
      const live = await follow(gone)
      await take(live, 1)
      await setBack()
      await database.pool.query(`select setval(pg_get_serial_sequence('deployments', 'key'), ${gone.key - 1})`)
      const other = await deploy()
      expect(other.key).toBe(gone.key)
      const end = endOf(live)
      const follower = await follow(other)
      expect(await end).toMatchObject(INVALID)
      expect(await deps.services.sampleLogs.follow(gone)).toBeNull()
      await record(deps, 1000)
      await record(deps, 3000)
      expect((await take(follower, 2)).map(({ sample, deploymentId }) => [sample.sequence, deploymentId])).toEqual([
        [1, other.id],
        [2, other.id],
      ])
    })
  })
})
