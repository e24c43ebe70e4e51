import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId } from '../src/base/global-ids.ts'
import type { Sample } from '../src/metrics/sample.ts'
import { completedJob, createTestDeps, record, type TestDeps } from './create-test-deps.ts'
import { histogram, nanos, requestOf } from './otlp-requests.ts'

const by = 'amira'
const START = Date.UTC(2026, 10, 23, 12)

describe.each(await testDatabaseKinds())('reports on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(async () => {
    deps = await createTestDeps(database)
  })

  const deploy = async () =>
    deps.services.deployments.deploy(await completedJob(deps), { by, source: { report: { intervalSeconds: 10 } } })
  const stored = (key: number) => deps.services.sampleStore.after(key, 0, 10_000)
  const summary = (samples: readonly Sample[]) =>
    samples.map(({ windowStartMs, windowMs, requests, lateReports }) => [
      (windowStartMs - START) / 1000,
      windowMs / 1000,
      requests,
      lateReports,
    ])
  const sendAll = async (requests: readonly object[]) => {
    const resourceMetrics = requests.flatMap((request) => (request as { resourceMetrics: object[] }).resourceMetrics)
    const body = Buffer.from(JSON.stringify({ resourceMetrics }))
    return deps.reporting.otlp.receive(body, 'json', undefined, () => undefined)
  }
  /** A histogram of so many requests, by default of the time up to now. */
  const counting = (id: string, requests: number, more: Partial<Parameters<typeof histogram>[0]> = {}) =>
    histogram({
      name: 'gen_ai.server.request.duration',
      deployment: encodeId('Deployment', id),
      timeMs: deps.clock.now(),
      bounds: [1],
      counts: [requests, 0],
      sum: requests / 10,
      ...more,
    })
  const ALL_TAKEN = { rejected: 0, message: '' }

  it('are counted in their windows, which are as long as the deployment says, a grace after each', async () => {
    const { id, key } = await deploy()
    await record(deps, 5000)
    await sendAll([counting(id, 3), counting(id, 4, { timeMs: START + 9999 })])
    await record(deps, 6000)
    expect(await stored(key)).toEqual([])
    await sendAll([counting(id, 5, { timeMs: START + 9000, startMs: START })])
    await record(deps, 1000)
    expect(summary(await stored(key))).toEqual([[0, 10, 12, 0]])
    expect(await database.prisma.report.count()).toBe(0)
  })

  it('after windows without any are counted in one that covers those, up to a minute', async () => {
    const { id, key } = await deploy()
    await record(deps, 25_000)
    await sendAll([counting(id, 1)])
    await record(deps, 100_000)
    await sendAll([counting(id, 2)])
    await record(deps, 10_000)
    expect(summary(await stored(key))).toEqual([
      [0, 30, 1, 0],
      [70, 60, 2, 0],
    ])
  })

  it('that come late are counted in the oldest open window, which says how many', async () => {
    const { id, key } = await deploy()
    await record(deps, 5000)
    await sendAll([counting(id, 1)])
    await record(deps, 10_000)
    expect(await sendAll([counting(id, 2, { timeMs: START + 6000 }), counting(id, 4)])).toEqual(ALL_TAKEN)
    await record(deps, 10_000)
    expect(summary(await stored(key))).toEqual([
      [0, 10, 1, 0],
      [10, 10, 6, 1],
    ])
  })

  it('that come again, in other groups and beside new ones, are counted once', async () => {
    const { id, key } = await deploy()
    await record(deps, 2000)
    const points = Array.from({ length: 12 }, (_, n) => counting(id, 1, { attributes: { n: `${n}` } }))
    const storm = [points.slice(0, 5), points.slice(3, 9), points.toReversed(), points.slice(0, 2), points]
    const answers = await Promise.all(storm.map((group) => sendAll([...group, ...group])))
    expect(answers).toEqual(storm.map(() => ALL_TAKEN))
    await record(deps, 10_000)
    await sendAll(points)
    await record(deps, 10_000)
    expect(summary(await stored(key)).map(([, , requests]) => requests)).toEqual([12])
  })

  it('of cumulative counts add up over replicas that begin, begin again, and are as old as the deployment', async () => {
    const { id, key } = await deploy()
    const total = (requests: number, startMs: number) =>
      counting(id, requests, { startMs, temporality: 2, attributes: { of: `${startMs % 1000}` } })
    await record(deps, 1000)
    await sendAll([total(2, START + 1), total(100, START - 1)])
    await record(deps, 1000)
    await sendAll([total(5, START + 1), total(101, START - 1)])
    await record(deps, 11_000)
    // The first begins again, and a third is there.
    await sendAll([total(3, START + 12_001), total(7, START + 12_002), total(104, START - 1)])
    await record(deps, 10_000)
    expect(summary(await stored(key)).map(([, , requests]) => requests)).toEqual([5 + 1, 3 + 7 + 3])
  })

  it('of cumulative counts go on after a restart of the server from what was stored with the last sample', async () => {
    const { id, key } = await deploy()
    const total = (requests: number) => counting(id, requests, { startMs: START, temporality: 2 })
    await record(deps, 1000)
    await sendAll([total(4)])
    await record(deps, 12_000)
    const { rows } = await database.pool.query<{ baseline: { series: Record<string, { count: number }> } }>(
      'select baseline from source_states where deployment_key = $1',
      [key],
    )
    expect(Object.values(rows[0]?.baseline.series ?? {}).map(({ count }) => count)).toEqual([4])
    await sendAll([total(9)])
    await record(deps, 10_000)
    expect(summary(await stored(key)).map(([, , requests]) => requests)).toEqual([4, 5])
  })

  it('of two libraries of a program add up, though all else is the same', async () => {
    const { id, key } = await deploy()
    await record(deps, 1000)
    const both = [3, 4].map((requests, at) => {
      const [resource] = (counting(id, requests) as { resourceMetrics: { scopeMetrics: object[] }[] }).resourceMetrics
      const [scope] = resource?.scopeMetrics ?? []
      return {
        resourceMetrics: [{ ...resource, scopeMetrics: [{ ...scope, scope: { name: 'http', version: `${at}` } }] }],
      }
    })
    await sendAll(both)
    await record(deps, 12_000)
    expect(summary(await stored(key)).map(([, , requests]) => requests)).toEqual([7])
  })

  it('that cannot be true hold up no other deployment, whoever sends them', async () => {
    const [wrong, right] = [await deploy(), await deploy()]
    await record(deps, 1000)
    const timeMs = deps.clock.now()
    const gauge = (name: string, asDouble: number) =>
      requestOf(
        { name, deployment: encodeId('Deployment', wrong.id), timeMs },
        { gauge: { dataPoints: [{ timeUnixNano: nanos(timeMs), asDouble }] } },
      )
    const sums = Array.from({ length: 3 }, (_, n) =>
      counting(wrong.id, 1, { sum: 1.7e308, unit: 'ms', attributes: { n: `${n}` } }),
    )
    const many = Array.from({ length: 10 }, (_, n) =>
      counting(wrong.id, 1e12, { name: 'gen_ai.server.time_to_first_token', attributes: { n: `${n}` } }),
    )
    await sendAll([
      gauge('vllm:kv_cache_usage_perc', 37),
      gauge('vllm:num_requests_running', 2e9),
      ...sums,
      ...many,
      counting(right.id, 2),
    ])
    await record(deps, 12_000)
    expect(summary(await stored(right.key))).toEqual([[0, 10, 2, 0]])
    expect(await stored(wrong.key)).toEqual([
      expect.objectContaining({ kvCacheUsage: null, inFlight: null, timeToFirstToken: null }),
    ])
  })

  it('that were taken before a pause are counted after it, and cumulative counts leave the pause out', async () => {
    const { id, key } = await deploy()
    const total = (requests: number) => counting(id, requests, { startMs: START + 1, temporality: 2 })
    await record(deps, 1000)
    await sendAll([total(4), counting(id, 1)])
    await record(deps, 12_000)
    await sendAll([counting(id, 2)])
    await deps.services.deployments.pause(id, { by })
    expect(await sendAll([counting(id, 50)])).toMatchObject({
      rejected: 1,
      message: expect.stringMatching(/is paused/),
    })
    await record(deps, 20_000)
    await deps.services.deployments.resume(id, { by })
    await record(deps, 1000)
    await sendAll([total(90)])
    await record(deps, 1000)
    await sendAll([total(93)])
    await record(deps, 20_000)
    expect(summary(await stored(key)).map(([, , requests, late]) => [requests, late])).toEqual([
      [5, 0],
      [2 + 3, 1],
    ])
  })

  it('know their keys for ten minutes, and remove them in batches', async () => {
    const { id } = await deploy()
    await sendAll([counting(id, 1)])
    expect(await deps.reporting.inbox.removeOld(deps.clock.now() + 600_000)).toBe(0)
    expect(await deps.reporting.inbox.removeOld(deps.clock.now() + 600_001)).toBe(1)
    expect(await database.prisma.reportKey.count()).toBe(0)
  })

  it('make a source up, which is down after five minutes without any', async () => {
    const { id, key } = await deploy()
    const status = async () => {
      await deps.sourceChanges.idle()
      const state = await database.prisma.sourceState.findUniqueOrThrow({ where: { deploymentKey: key } })
      return [state.status, state.lastError]
    }
    await record(deps, 400_000, 10_000)
    expect(await status()).toEqual(['WAITING', null])
    await sendAll([counting(id, 1)])
    await record(deps, 10_000)
    expect(await status()).toEqual(['UP', null])
    await record(deps, 280_000, 10_000)
    expect(await status()).toEqual(['UP', null])
    await record(deps, 20_000, 10_000)
    expect(await status()).toEqual(['DOWN', expect.stringMatching(/^No report has come for 5 minutes/)])
    await sendAll([counting(id, 1)])
    expect(await status()).toEqual(['UP', null])
  })
})
