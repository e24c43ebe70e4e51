import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { completedJob, createTestDeps, record, type TestDeps } from '../../test/create-test-deps.ts'
import { SweepClock } from './sweep-clock.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

describe.each(await testDatabaseKinds())('the time that rows expire by, on %s,', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let startMs: number

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(async () => {
    deps = await createTestDeps(database)
    startMs = deps.time.wallMs
  })

  /** That of a server that starts now. */
  const started = () => new SweepClock(deps.services.prisma, deps.services.sampleStore, deps.time)
  const since = (ms: number) => ms - startMs

  it('is that of the wall clock, and never later', async () => {
    const clock = started()
    for (const [ms, expected] of [
      [30_000, 30_000],
      [HOUR_MS, HOUR_MS + 30_000],
    ] as const) {
      deps.time.pass(ms)
      expect(since(await clock.now())).toBe(expected)
    }
    deps.time.wallMs -= HOUR_MS
    expect(since(await clock.now())).toBe(30_000)
  })

  it('moves at most twice as fast as the monotonic clock, whatever the wall clock does', async () => {
    const clock = started()
    await clock.now()
    deps.time.wallMs += 30 * DAY_MS
    for (const expected of [60_000, 120_000, 180_000]) {
      deps.time.pass(30_000)
      expect(since(await clock.now())).toBe(expected)
    }
    deps.time.wallMs -= 30 * DAY_MS
    expect(since(await clock.now())).toBe(90_000)
  })

  it('continues after a restart where it was, and catches up in as long as the server was down', async () => {
    await started().now()
    deps.time.pass(HOUR_MS)
    const clock = started()
    expect(since(await clock.now())).toBe(0)
    deps.time.pass(HOUR_MS / 2)
    expect(since(await clock.now())).toBe(HOUR_MS)
    deps.time.pass(HOUR_MS)
    expect(since(await clock.now())).toBe(2.5 * HOUR_MS)
  })

  it('begins at the newest sample in a database that was never swept', async () => {
    await deps.services.deployments.deploy(await completedJob(deps), { by: 'amira' })
    await record(deps, 3000)
    deps.time.wallMs += 30 * DAY_MS
    expect(since(await started().now())).toBe(3000)
  })

  it('keeps a history through a clock that is thirty days ahead, over restarts too', async () => {
    const { key } = await deps.services.deployments.deploy(await completedJob(deps), { by: 'amira' })
    await record(deps, 3000)
    await deps.retention.sweep()
    deps.time.wallMs += 30 * DAY_MS
    for (let sweeps = 0; sweeps < 3; sweeps += 1) {
      deps.time.pass(15_000)
      await deps.retention.sweep()
    }
    expect(await deps.services.sampleStore.after(key, 0, 10)).toHaveLength(3)
  })
})
