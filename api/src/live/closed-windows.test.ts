import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { completedJob, createTestDeps, record, type TestDeps } from '../../test/create-test-deps.ts'
import { plainMetrics } from '../../test/plain-metrics.ts'
import { removeSamplesBefore } from '../../test/remove-samples.ts'
import type { SharedSource } from '../fanout/shared-source.ts'
import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import { RecentSamples } from './recent-samples.ts'
import { type FollowedDeployment, SampleLogs, type SampleUpdate } from './sample-logs.ts'
import { TrailingMetrics } from './trailing-metrics.ts'

const by = 'amira'
const MINUTE = 60_000

const bytesOf = (metrics: MetricsSummary) =>
  JSON.stringify(Object.entries(plainMetrics(metrics)).toSorted(([a], [b]) => (a < b ? -1 : 1)))

describe.each(await testDatabaseKinds())('closed windows on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let deployment: FollowedDeployment
  let started: { stop(): void }[]

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  beforeEach(() => begin())
  afterEach(() => {
    for (const part of started) part.stop()
    vi.restoreAllMocks()
  })

  async function begin(intervalMs = 1000): Promise<void> {
    deps = await createTestDeps(database, { intervalMs })
    deps.services.recent.start()
    deps.services.sampleLogs.start()
    started = [deps.services.recent, deps.services.sampleLogs]
    deployment = await deps.services.deployments.deploy(await completedJob(deps), { by })
  }

  /** As a server that has just started. */
  function another(): SampleLogs {
    const { sampleStore: store, cursors } = deps.services
    const now = () => deps.recordingClock.now()
    const recent = new RecentSamples({ store, bus: deps.bus, now })
    const trailing = new TrailingMetrics({ store, recent })
    const onError = (error: unknown) => {
      throw error
    }
    const logs = new SampleLogs({ store, trailing, bus: deps.bus, cursors, intervalMs: 1000, onError })
    recent.start()
    logs.start()
    started.push(recent, logs)
    return logs
  }

  const pause = () => deps.services.deployments.pause(deployment.id, { by })
  const resume = () => deps.services.deployments.resume(deployment.id, { by })
  const cursorOf = ({ sample }: SampleUpdate) => deps.services.cursors.sample(deployment.id, sample)
  const follow = async (
    seconds: number,
    after: string | number | null = 0,
    logs = deps.services.sampleLogs,
  ): Promise<SharedSource<SampleUpdate>> => {
    const cursor = typeof after === 'number' ? deps.services.cursors.sample(deployment.id, after) : after
    const follower = await logs.follow(deployment, cursor, { windowMs: seconds * 1000 })
    if (!follower) throw new Error('no such log')
    return follower
  }
  /** What there is for it now. */
  const readOn = async (follower: SharedSource<SampleUpdate>): Promise<SampleUpdate[]> => {
    const read: SampleUpdate[] = []
    for (;;) {
      const update = follower.poll()
      if (update !== undefined) read.push(update.payload)
      else if (follower.needsFetch && !follower.isOver) await follower.fetch()
      else return read
    }
  }
  const shown = async (updates: SampleUpdate[]) =>
    Promise.all(
      updates.map(async (update) => [cursorOf(update), update.skipped, bytesOf(await update.metrics())].join(' ')),
    )
  /** The second in the minute, the requests and what was missed of each window. */
  const shapes = async (updates: SampleUpdate[]) =>
    Promise.all(
      updates.map(async ({ metrics, skipped, sample }) => {
        const { atMs, coveredMs } = await metrics()
        return `${(atMs / 1000) % 60}+${coveredMs / 1000} through ${sample.sequence}${skipped > 0 ? ` skips ${skipped}` : ''}`
      }),
    )
  /** The recorder has come so much further, and the store is asked again whether there is more. */
  const tick = async (ms: number) => {
    deps.time.pass(ms)
    deps.bus.publish('recorded', { throughMs: deps.time.wallMs, samples: [], last: true })
    const heads = vi.spyOn(deps.services.sampleStore, 'heads')
    deps.bus.publish('setBack', null)
    await expect.poll(() => heads.mock.settledResults.at(-1)?.type).toBe('fulfilled')
    await new Promise((resolve) => setImmediate(resolve))
  }

  it('are those of the history, live as well as resumed from anywhere and after a restart', async () => {
    const resolutions = [1, 2, 5, 10, 15, 30, 60]
    const live = await Promise.all(resolutions.map((seconds) => follow(seconds)))
    const given = resolutions.map((): SampleUpdate[] => [])
    const take = async () => {
      for (const [index, follower] of live.entries()) given[index]?.push(...(await readOn(follower)))
    }
    deps.time.pass(3300)
    for (const ms of [27_000, 1000, 1000, 47_000, 9000, 1000]) {
      await record(deps, ms, Math.min(ms, 13_000))
      await take()
    }
    await pause()
    await tick(100_000)
    await take()
    await resume()
    await record(deps, 130_000, 26_000)
    await take()
    const restarted = another()
    for (const [index, seconds] of resolutions.entries()) {
      const updates = given[index] ?? []
      expect(updates.every(({ skipped }) => skipped === 0)).toBe(true)
      const last = (await updates.at(-1)?.metrics()) as MetricsSummary
      const { points, resolutionMs } = await deps.services.history.ofDeployment(deployment, {
        fromMs: last.atMs + seconds * 1000 - 480_000 - (seconds < 60 ? 0 : 1),
        toMs: last.atMs + seconds * 1000,
        maxPoints: 480 / seconds + 1,
      })
      expect(resolutionMs).toBe(seconds * 1000)
      const metrics = await Promise.all(updates.map(async (update) => update.metrics()))
      expect(metrics.map(bytesOf)).toEqual(points.map(bytesOf))
      const all = await shown(updates)
      for (const from of [0, 1, Math.floor(updates.length / 2), updates.length - 2]) {
        const cursor = from === 0 ? 0 : cursorOf(updates[from - 1] as SampleUpdate)
        expect(await shown(await readOn(await follow(seconds, cursor)))).toEqual(all.slice(from))
        expect(await shown(await readOn(await follow(seconds, cursor, restarted)))).toEqual(all.slice(from))
      }
    }
  })

  it('begin with that of the newest sample, and come whole where a cursor lies inside', async () => {
    await record(deps, 13_000)
    const [begun, inside, atEnd] = [await follow(5, null), await follow(5, 7), await follow(5, 10)]
    expect(await shapes(await readOn(begun))).toEqual([])
    expect(await shapes(await readOn(inside))).toEqual(['5+5 through 10'])
    await record(deps, 2000)
    for (const follower of [begun, inside, atEnd]) {
      expect(await shapes(await readOn(follower))).toEqual(['10+5 through 15'])
    }
    expect(await shapes(await readOn(await follow(5, null)))).toEqual(['10+5 through 15'])
  })

  it('close two intervals after their end when nothing more comes, and no sooner', async () => {
    const follower = await follow(10)
    await record(deps, 13_000)
    await pause()
    expect(await shapes(await readOn(follower))).toEqual(['0+10 through 10'])
    await tick(8000)
    expect(await readOn(follower)).toEqual([])
    await tick(1000)
    expect(await shapes(await readOn(follower))).toEqual(['10+3 through 13'])
    await tick(0)
    deps.time.pass(MINUTE)
    await resume()
    await record(deps, 8000)
    expect(await shapes(await readOn(follower))).toEqual(['20+8 through 21'])
  })

  it('close by the clock at a tick of the recorder, also when nothing is active', async () => {
    const follower = await follow(10)
    await record(deps, 13_000)
    await pause()
    deps.time.pass(9000)
    const next = follower.next()
    await record(deps, 1000)
    const first = (await next).value as SampleUpdate
    expect(await shapes([first, (await follower.next()).value as SampleUpdate])).toEqual([
      '0+10 through 10',
      '10+3 through 13',
    ])
  })

  it('do not close while the store holds a newer sample whose message was lost', async () => {
    const follower = await follow(10)
    await record(deps, 13_000)
    const publish = vi.spyOn(deps.bus, 'publish').mockImplementation(() => undefined)
    await record(deps, 4000)
    publish.mockRestore()
    await pause()
    await tick(5000)
    const newest = async () => (await shapes(await readOn(await follow(10)))).at(-1)
    await expect.poll(newest).not.toBe('10+3 through 13')
    await tick(0)
    expect(await shapes(await readOn(follower))).toEqual(['0+10 through 10', '10+7 through 17'])
  })

  it('are sent again, whole, when a sample comes after they were closed by the clock', async () => {
    const follower = await follow(10)
    await record(deps, 13_000)
    await readOn(follower)
    await tick(15_000)
    const early = await readOn(follower)
    expect(await shapes(early)).toEqual(['10+3 through 13'])
    await record(deps, 1000)
    expect(await shapes(await readOn(follower))).toEqual(['10+10 through 20'])
    expect(await shapes(await readOn(await follow(10, cursorOf(early[0] as SampleUpdate))))).toEqual([
      '10+10 through 20',
    ])
    expect(await shapes(await readOn(await follow(10)))).toContain('10+10 through 20')
  })

  it('end with the one that was open when the deployment is deleted', async () => {
    const live = await follow(10)
    await record(deps, 13_000)
    const behind = await follow(10, 4)
    await readOn(live)
    await pause()
    await deps.services.deployments.delete(deployment.id, { by })
    expect(await shapes(await readOn(live))).toEqual(['10+3 through 13'])
    expect(await shapes(await readOn(behind))).toEqual(['0+10 through 10', '10+3 through 13'])
    expect([(await live.next()).done, (await behind.next()).done]).toEqual([true, true])
  })

  it('say how many samples retention removed, of those that lie after the cursor', async () => {
    await record(deps, 420_000, 60_000)
    const last = (await deps.services.sampleStore.at(deployment.key, 420)) as { windowStartMs: number }
    await removeSamplesBefore(deps, last.windowStartMs - 399_000 + 5000)
    const slow = await shapes(await readOn(await follow(10, 3, another())))
    expect(slow.slice(0, 3)).toEqual(['20+5 through 30 skips 22', '30+10 through 40', '40+10 through 50'])
    expect(slow).toHaveLength(40)
    await removeSamplesBefore(deps, last.windowStartMs + 1000)
    const after = await follow(10, 3, another())
    expect(await readOn(after)).toEqual([])
    await record(deps, 10_000, 10_000)
    expect(await shapes(await readOn(after))).toEqual(['0+10 through 430 skips 417'])
  })

  it('are read from the store by a follower that fell out of memory, each once', async () => {
    const slow = await follow(2)
    const kept = await follow(2)
    await record(deps, 4000)
    await readOn(kept)
    for (let minute = 0; minute < 12; minute += 1) {
      await record(deps, MINUTE, MINUTE)
      await readOn(kept)
    }
    const expected = Array.from({ length: 362 }, (_, n) => `${(2 * n) % 60}+2 through ${2 * n + 2}`)
    expect(await shapes(await readOn(slow))).toEqual(expected)
  })

  it('are refused below the length of the samples, which they may equal', async () => {
    for (const part of started) part.stop()
    await begin(5000)
    const refused = { code: 'BAD_USER_INPUT', message: expect.stringContaining('5 s, not 2 s') as string }
    await expect(follow(2)).rejects.toMatchObject(refused)
    await record(deps, 20_000, 5000)
    await expect(follow(2)).rejects.toMatchObject(refused)
    expect(await shapes(await readOn(await follow(5)))).toEqual(
      [0, 5, 10, 15].map((second, n) => `${second}+5 through ${n + 1}`),
    )
    const [window] = await readOn(await follow(5))
    const cursor = deps.services.cursors.sample(deployment.id, 0)
    const [sample] = await readOn((await deps.services.sampleLogs.follow(deployment, cursor))!)
    expect(await shown([window!])).toEqual(await shown([sample!]))
  })
})
