import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { completedJob, createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { Queue } from '../../test/queue.ts'
import { sampleOf } from '../../test/sample-of.ts'
import { Retention } from './retention.ts'
import { SampleStore } from './sample-store.ts'

const NOON = Date.UTC(2026, 10, 23, 12)
const by = 'amira'

describe.each(await testDatabaseKinds())('retention on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps

  beforeAll(async () => {
    database = await createTestDatabase(kind)
    deps = await createTestDeps(database)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const deploy = async () => deps.services.deployments.deploy(await completedJob(deps), { by })
  const store = (deploymentKey: number, count: number) =>
    deps.services.sampleStore.store(
      Array.from({ length: count }, (_, index) =>
        sampleOf({ deploymentKey, sequence: index + 1, windowStartMs: NOON + index * 1000 }),
      ),
    )
  const retentionAt = (nowMs: number, keepMs: number) =>
    new Retention({
      store: deps.services.sampleStore,
      keepMs,
      intervalMs: 1000,
      now: async () => nowMs,
      onError: (error) => {
        throw error
      },
    })
  const left = async (key: number) => {
    const sequences = (await deps.services.sampleStore.after(key, 0, 10_000)).map(({ sequence }) => sequence)
    return sequences.length > 0 ? `${sequences[0]} to ${sequences.at(-1)}` : 'nothing'
  }

  it('keeps exactly what started at or after the cutoff, of every deployment', async () => {
    const [one, other, short] = [(await deploy()).key, (await deploy()).key, (await deploy()).key]
    await Promise.all([store(one, 10), store(other, 10), store(short, 2)])
    await retentionAt(NOON + 60_000, 55_000).sweep()
    expect([await left(one), await left(other), await left(short)]).toEqual(['6 to 10', '6 to 10', 'nothing'])
    await retentionAt(NOON + 60_000, 55_000).sweep()
    expect(await left(one)).toBe('6 to 10')
  })

  it('keeps no more windows than it lasts, however far behind its time is, and no fewer after a jump ahead', async () => {
    const [long, jumped, dense] = [(await deploy()).key, (await deploy()).key, (await deploy()).key]
    const { sampleStore } = deps.services
    await Promise.all([store(long, 100), store(jumped, 10)])
    const later = { deploymentKey: jumped, sequence: 11, windowStartMs: NOON + 30 * 86_400_000 }
    await sampleStore.store([sampleOf(later)])
    // Recorded while windows were shorter: they are not old yet.
    const short = (n: number) => ({ deploymentKey: dense, sequence: n, windowStartMs: NOON + n * 10, windowMs: 10 })
    await sampleStore.store(Array.from({ length: 100 }, (_, index) => sampleOf(short(index + 1))))
    await retentionAt(NOON - 86_400_000, 20_000).sweep()
    expect([await left(long), await left(jumped), await left(dense)]).toEqual(['81 to 100', '1 to 11', '1 to 100'])
  })

  it('removes any number in short statements, also of a deleted deployment, then its head', async () => {
    const [old, gone, young] = [await deploy(), await deploy(), await deploy()]
    await Promise.all([store(old.key, 4100), store(gone.key, 2100), store(young.key, 3)])
    await deps.services.deployments.pause(gone.id, { by })
    await deps.services.deployments.delete(gone.id, { by })
    const removeBefore = vi.spyOn(deps.services.sampleStore, 'removeBefore')
    await retentionAt(NOON + 5_000_000, 5_000_000).sweep()
    expect([await left(old.key), await left(gone.key)]).toEqual(['1 to 4100', 'nothing'])
    expect(await left(young.key)).toBe('1 to 3')
    await retentionAt(NOON + 4_100_000, 1000).sweep()
    expect([await left(old.key), await left(young.key)]).toEqual(['4100 to 4100', 'nothing'])
    expect(removeBefore.mock.calls.length).toBeGreaterThan(3)
    for (const [, limit] of removeBefore.mock.calls) expect(limit).toBeLessThanOrEqual(2000)
    const heads = await deps.services.sampleStore.heads([old.key, gone.key, young.key])
    expect(heads.toSorted((a, b) => a.deploymentKey - b.deploymentKey)).toEqual([
      { deploymentKey: old.key, sequence: 4100, deploymentId: old.id },
      { deploymentKey: gone.key, sequence: 0, deploymentId: null },
      { deploymentKey: young.key, sequence: 3, deploymentId: young.id },
    ])
    const { rows } = await database.pool.query(`select 1 from sample_heads where deployment_key = ${gone.key}`)
    expect(rows).toEqual([])
    vi.restoreAllMocks()
  })
})

describe('retention over time', () => {
  let store: SampleStore
  let statements: Queue<{ what: string; answer: (removed: number) => void; fail: (error: Error) => void }>
  let errors: unknown[]
  let now: number
  let retention: Retention

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    store = new SampleStore({ pool: new pg.Pool(), kind: 'postgres' })
    statements = new Queue()
    errors = []
    now = NOON
    const held = (what: string) =>
      new Promise<number>((resolve, reject) => statements.push({ what, answer: resolve, fail: reject }))
    vi.spyOn(store, 'removeBefore').mockImplementation((cutoff) => held(`before ${cutoff - NOON}`))
    vi.spyOn(store, 'removeDeleted').mockImplementation(() => held('deleted'))
    vi.spyOn(store, 'removeSurpassed').mockResolvedValue(0)
    const onError = (error: unknown) => errors.push(error)
    retention = new Retention({ store, keepMs: 1000, intervalMs: 1000, now: async () => now, onError })
    retention.start()
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  const answer = async (what: string, removed: number) => {
    const statement = await statements.next()
    expect(statement.what).toBe(what)
    statement.answer(removed)
    await settled()
  }

  it('sweeps every half a minute, until nothing is left to remove', async () => {
    expect(statements.size).toBe(0)
    vi.advanceTimersByTime(30_000)
    await answer('before -1000', 2000)
    await answer('before -1000', 5)
    await answer('before -1000', 0)
    await answer('deleted', 7)
    await answer('deleted', 0)
    expect(statements.size).toBe(0)
    now += 30_000
    vi.advanceTimersByTime(30_000)
    await answer('before 29000', 0)
  })

  it('does not begin a sweep while one is running', async () => {
    vi.advanceTimersByTime(90_000)
    await answer('before -1000', 2000)
    expect(statements.size).toBe(1)
  })

  it('reports a failed sweep and tries again at the next', async () => {
    vi.advanceTimersByTime(30_000)
    const failing = await statements.next()
    failing.fail(new Error('gone'))
    await settled()
    expect(errors).toEqual([new Error('gone')])
    vi.advanceTimersByTime(30_000)
    await answer('before -1000', 0)
  })

  it('stops after the statement in flight, and begins no other', async () => {
    vi.advanceTimersByTime(30_000)
    const statement = await statements.next()
    let stopped = false
    const stopping = retention.stop().then(() => (stopped = true))
    await settled()
    expect(stopped).toBe(false)
    statement.answer(2000)
    await stopping
    vi.advanceTimersByTime(60_000)
    await settled()
    expect([statements.size, errors]).toEqual([0, []])
  })
})
