import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { MergedLogs } from '../../test/merged-logs.ts'
import { recount } from '../../test/recount.ts'
import { HistoryStore } from './history-store.ts'
import type { MergedWindow } from './merged-window.ts'
import { MergedWindows } from './merged-windows.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

describe.each(await testDatabaseKinds())('merging samples on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let logs: MergedLogs

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(async () => {
    deps = await createTestDeps(database)
    logs = new MergedLogs(deps)
  })

  const windowsOf = async (series: number, resolutionMs: number): Promise<MergedWindow[]> => {
    const windows: MergedWindow[] = []
    const range = { series: [series], resolutionMs, fromMs: logs.startMs - HOUR_MS, toMs: logs.startMs + 3 * HOUR_MS }
    for await (const chunk of new MergedWindows(database).range(range)) windows.push(...chunk)
    return windows
  }
  const requestsOf = (windows: readonly { requests: number | null }[]) =>
    windows.reduce((sum, { requests }) => sum + (requests ?? 0), 0)

  it.each(['memory', 'the store'])(
    'has every sample in every resolution once, whenever it looks, from %s',
    async (from) => {
      const deployments = [await logs.deploy('a'), await logs.deploy('a'), await logs.deploy('b')]
      const rollUp = logs.rollUp(from === 'memory' ? { recent: logs.inMemory } : {})
      for (let seconds = 0; seconds < 3700;) {
        seconds += logs.integer(1, 3) === 1 ? logs.integer(300, 1000) : logs.integer(1, 200)
        for (const [n, { key }] of deployments.entries()) await logs.fill(key, seconds, [3000, 5000, 15_000][n])
        await rollUp.mergeUntil(logs.at(seconds))
        expect((await recount(database)).faults).toEqual([])
      }
      await logs.expectWhole(rollUp)
      expect((await recount(database)).windows).toMatchObject({ [HOUR_MS]: 2 * (3 + 2 + 1) })
    },
  )

  it('keeps up with the log: a window is merged within ten seconds of its end', async () => {
    const keys = [(await logs.deploy()).key, (await logs.deploy()).key]
    const rollUp = logs.rollUp({ recent: logs.inMemory })
    for (let seconds = 1; seconds <= 130; seconds += 1) {
      for (const key of keys) await logs.fill(key, seconds)
      await rollUp.mergeUntil(logs.at(seconds))
    }
    const store = new HistoryStore(database)
    const through = await Promise.all(keys.map(async (key) => (await store.mergedThrough(key)).get(MINUTE_MS)))
    expect(through).toEqual([logs.at(120), logs.at(120)])
    const fleet = await windowsOf(0, MINUTE_MS)
    expect(fleet.map(({ coveredMs }) => coveredMs)).toEqual([MINUTE_MS, MINUTE_MS])
    expect(requestsOf(fleet)).toBe(requestsOf(keys.flatMap((key) => logs.inMemory(key).slice(0, 120))))
  })

  it('counts the time of a window that crosses borders where it lies', async () => {
    const { key } = await logs.deploy()
    logs.log(key).endMs -= 25_000
    const recordingSince = new Date(logs.startMs - MINUTE_MS)
    await deps.services.prisma.sampleHead.updateMany({ data: { recordingSince } })
    // From 25 s before the first minute to its 35th second, and no more.
    await logs.fill(key, 35, MINUTE_MS)
    await logs.expectWhole()
    expect(await windowsOf(key, 10_000)).toMatchObject([
      { windowStartMs: logs.at(30), coveredMs: 5000, beforeMs: 55_000 },
    ])
    expect(await windowsOf(key, MINUTE_MS)).toMatchObject([
      { windowStartMs: logs.at(0), coveredMs: 35_000, beforeMs: 25_000 },
    ])
    expect(await windowsOf(0, HOUR_MS)).toMatchObject([{ coveredMs: 35_000, beforeMs: 0 }])
  })

  it('puts a late sample into each window that is closed already', async () => {
    const [{ key }, other] = [await logs.deploy('a'), await logs.deploy('b')]
    const rollUp = logs.rollUp()
    await logs.fill(key, 50)
    logs.log(key).endMs = logs.at(1200)
    for (const each of [key, other.key]) await logs.fill(each, 3700, 20_000)
    for (const each of [key, other.key]) logs.log(each).endMs = logs.at(3720)
    for (const each of [key, other.key]) await logs.fill(each, 4000, 20_000)
    await rollUp.mergeUntil(logs.at(4010))
    // In a window that is there, in one that had nothing, and in one whose hour is not closed.
    for (const [n, seconds] of [50, 700, 3710].entries()) {
      await logs.store([logs.sample(key, logs.at(seconds) + 500, 499)])
      await rollUp.mergeUntil(logs.at(4020 + 10 * n))
      const { faults, merged, samples } = await recount(database)
      expect(faults).toEqual([])
      expect(merged).toBe(samples)
    }
    await logs.expectWhole(rollUp)
  })

  it('closes the windows of a paused deployment once nothing can follow, and goes on when it is resumed', async () => {
    const { key, id } = await logs.deploy()
    const rollUp = logs.rollUp({ recent: logs.inMemory })
    await logs.fill(key, 95)
    await deps.services.deployments.pause(id, { by: 'tester' })
    const through = async (seconds: number) => {
      await rollUp.mergeUntil(logs.at(seconds))
      const ends = await new HistoryStore(database).mergedThrough(key)
      return [10_000, MINUTE_MS, HOUR_MS].map((ms) => ((ends.get(ms) ?? 0) - logs.startMs) / 1000)
    }
    expect(await through(160)).toEqual([90, 60, 0])
    expect(await through(171)).toEqual([100, 60, 0])
    expect(await through(191)).toEqual([120, 120, 0])
    expect(await through(3670)).toEqual([3600, 3600, 3600])
    deps.time.pass(3_590_000)
    await deps.services.deployments.resume(id, { by: 'tester' })
    logs.log(key).endMs = logs.at(3590)
    await logs.fill(key, 3700)
    await logs.expectWhole(rollUp)
  })

  it('merges what is left of a deleted deployment at once, into its model and the fleet', async () => {
    const { key, id } = await logs.deploy('a')
    const rollUp = logs.rollUp()
    await logs.fill(key, 61)
    await rollUp.mergeUntil(logs.at(61))
    await logs.fill(key, 75)
    await deps.services.deployments.pause(id, { by: 'tester' })
    const model = await deps.services.prisma.model.findFirstOrThrow()
    await deps.services.deployments.delete(id, { by: 'tester' })
    await rollUp.mergeUntil(logs.at(80))
    const all = requestsOf(logs.log(key).recent)
    for (const resolutionMs of [MINUTE_MS, HOUR_MS]) {
      expect(requestsOf(await windowsOf(0, resolutionMs))).toBe(all)
      expect(requestsOf(await windowsOf(-model.key, resolutionMs))).toBe(all)
    }
    await logs.expectWhole(rollUp)
  })

  it('merges what is there when it first comes to a database', async () => {
    const deployments = [await logs.deploy('a'), await logs.deploy('b')]
    for (const { key } of deployments) await logs.fill(key, 4000, 15_000)
    await database.pool.query('truncate resolution_heads, merge_state')
    const rollUp = logs.rollUp()
    await rollUp.start()
    await rollUp.stop()
    await logs.expectWhole()
    expect(await windowsOf(0, HOUR_MS)).toHaveLength(2)
  })

  it('merges samples of which more come in a window than are read at once', async () => {
    const { key } = await logs.deploy()
    await logs.fill(key, 25, 8)
    const rollUp = logs.rollUp()
    await rollUp.mergeUntil(logs.at(28))
    expect((await recount(database)).faults).toEqual([])
    await logs.expectWhole(rollUp)
  })

  it('says how late each resolution is', async () => {
    const { key } = await logs.deploy()
    deps.time.pass(135_000)
    const rollUp = logs.rollUp({ recent: logs.inMemory })
    const none = { 10_000: 0, 60_000: 0, 300_000: 0, 600_000: 0, 3_600_000: 0, 86_400_000: 0 }
    await rollUp.mergeUntil(logs.at(0))
    expect(Object.fromEntries(rollUp.lagsMs)).toEqual(none)
    await logs.fill(key, 125)
    expect(Object.fromEntries(rollUp.lagsMs)).toEqual({ ...none, 10_000: 125_000, 60_000: 75_000 })
    await rollUp.mergeUntil(logs.at(125))
    expect(Object.fromEntries(rollUp.lagsMs)).toEqual(none)
  })
})
