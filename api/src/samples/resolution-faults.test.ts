import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDeps } from '../../test/create-test-deps.ts'
import { MergedLogs } from '../../test/merged-logs.ts'
import { recount } from '../../test/recount.ts'
import { sampleOf } from '../../test/sample-of.ts'
import { deferred } from '../base/deferred.ts'
import type { Sample } from '../metrics/sample.ts'
import type { RollUpOptions } from './resolutions.ts'

const TABLES = ['merged_windows', 'resolution_heads', 'merge_state', 'samples', 'sample_heads']

describe.each(await testDatabaseKinds())('merging that is interrupted, on %s,', (kind) => {
  let database: TestDatabase
  let logs: MergedLogs

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(async () => {
    logs = new MergedLogs(await createTestDeps(database))
  })

  /** Its store, with statements of which each may fail before it comes to the database, or after. */
  function unreliable(): RollUpOptions['store'] {
    const store = logs.resolutionStore()
    const risky = async <T>(work: () => Promise<T>): Promise<T> => {
      if (logs.integer(1, 8) === 1) throw Object.assign(new Error('connection lost'), { code: '08006' })
      const answer = await work()
      if (logs.integer(1, 8) === 1) throw Object.assign(new Error('connection lost'), { code: '08006' })
      return answer
    }
    return {
      heads: () => risky(() => store.heads()),
      samplesAfter: (asked, limit) => risky(() => store.samplesAfter(asked, limit)),
      windows: (ranges) => risky(() => store.windows(ranges)),
      write: (batch, version) => risky(() => store.write(batch, version)),
    }
  }

  it('counts nothing twice when answers of the database are lost, in the middle or at the end', async () => {
    const keys = [(await logs.deploy('a')).key, (await logs.deploy('b')).key]
    const rollUp = logs.rollUp({ store: unreliable(), recent: logs.inMemory })
    let failures = 0
    for (let seconds = 20; seconds <= 900; seconds += 30) {
      for (const key of keys) await logs.fill(key, seconds, 5000)
      await rollUp.mergeUntil(logs.at(seconds)).catch(() => (failures += 1))
    }
    expect(failures).toBeGreaterThan(5)
    expect((await recount(database)).faults).toEqual([])
    await logs.expectWhole()
  })

  it('counts nothing twice when two servers merge at the same time', async () => {
    const keys = [(await logs.deploy('a')).key, (await logs.deploy('b')).key, (await logs.deploy('b')).key]
    const servers = [logs.rollUp(), logs.rollUp({ recent: logs.inMemory }), logs.rollUp()]
    for (let seconds = 100; seconds <= 700; seconds += 100) {
      for (const key of keys) await logs.fill(key, seconds, 5000)
      const merges = servers.map((server) => server.mergeUntil(logs.at(seconds)))
      for (const merge of await Promise.allSettled(merges)) {
        if (merge.status === 'rejected') expect(String(merge.reason)).toContain('by somebody else')
      }
    }
    expect((await recount(database)).faults).toEqual([])
    await logs.expectWhole()
  })

  it.each([0, 1])('follows a database that was set back %s merges, and does not believe its memory', async (merges) => {
    const { key } = await logs.deploy()
    let known: Sample[] = []
    const rollUp = logs.rollUp({ recent: () => known })
    const keep = async () => {
      known = [...logs.log(key).recent]
      await Promise.resolve()
    }
    await logs.fill(key, 118)
    await keep()
    await rollUp.mergeUntil(logs.at(118))
    for (const table of TABLES) await database.pool.query(`create temp table kept_${table} as select * from ${table}`)
    const { sequence } = logs.log(key)
    // What follows is lost, and recorded once more as something else.
    await logs.fill(key, 135)
    await keep()
    if (merges > 0) await rollUp.mergeUntil(logs.at(135))
    for (const table of TABLES.toReversed()) {
      await database.pool.query(`truncate ${table}`)
      await database.pool.query(`insert into ${table} select * from kept_${table}`)
      await database.pool.query(`drop table kept_${table}`)
    }
    Object.assign(logs.log(key), { sequence, endMs: logs.at(118), recent: logs.log(key).recent.slice(0, sequence) })
    await logs.fill(key, 135)
    await rollUp.mergeUntil(logs.at(136))
    expect((await recount(database)).faults).toEqual([])
    await keep()
    await logs.expectWhole(rollUp)
  })

  it('leaves out a deployment that cannot be merged, says so, and merges the others', async () => {
    const [broken, sound] = [await logs.deploy('a'), await logs.deploy('b')]
    const errors: unknown[] = []
    const rollUp = logs.rollUp({ onError: (error, key) => errors.push([key, String(error)]) })
    await logs.fill(sound.key, 200, 5000)
    const latency = new Uint8Array([99])
    const samples = [1, 2].map((n) =>
      sampleOf({ deploymentKey: broken.key, sequence: n, windowStartMs: logs.at(n), requests: 1, latency }),
    )
    await logs.deps.services.sampleStore.store([
      ...samples,
      sampleOf({ deploymentKey: broken.key, sequence: 3, windowStartMs: logs.at(99) }),
    ])
    await rollUp.mergeUntil(logs.at(210))
    expect(errors).toEqual([[broken.key, expect.stringContaining('Not a latency histogram')]])
    await rollUp.mergeUntil(logs.at(230))
    expect(errors).toHaveLength(1)
    const through = await database.pool.query(
      `select (extract(epoch from merged_through) * 1000)::float8 as ms from resolution_heads
        where deployment_key = $1 and resolution_ms = 60000`,
      [sound.key],
    )
    expect(through.rows).toEqual([{ ms: logs.at(180) }])
  })

  it('says once that it is stalled, and once that it has recovered', async () => {
    const { key } = await logs.deploy()
    await logs.fill(key, 20)
    const store = logs.resolutionStore()
    let rounds = 0
    const told: string[] = []
    const done = deferred()
    const rollUp = logs.rollUp({
      store: {
        samplesAfter: (asked, limit) => store.samplesAfter(asked, limit),
        windows: (ranges) => store.windows(ranges),
        write: (batch, version) => store.write(batch, version),
        heads: () => {
          rounds += 1
          return rounds === 2 || rounds === 3 ? Promise.reject(new Error('away')) : store.heads()
        },
      },
      clock: { now: () => logs.at(20 + 10 * rounds) },
      onStall: (error) => told.push(`stalled: ${String(error)}`),
      onRecovery: () => {
        told.push('recovered')
        done.resolve()
      },
    })
    await rollUp.start()
    await done.promise
    await rollUp.stop()
    expect(told).toEqual(['stalled: Error: away', 'recovered'])
    expect((await recount(database)).merged).toBe(20)
  })
})
