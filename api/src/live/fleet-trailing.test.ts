import pg from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { sampleOf } from '../../test/sample-of.ts'
import type { Bus } from '../bus/bus.ts'
import { createMemoryBus } from '../bus/memory-bus.ts'
import { Distribution } from '../metrics/distribution.ts'
import type { Sample } from '../metrics/sample.ts'
import { SampleStore } from '../samples/sample-store.ts'
import { Fleet, type FleetUpdate } from './fleet.ts'
import { RecentSamples } from './recent-samples.ts'
import { TrailingMetrics } from './trailing-metrics.ts'

const START = Date.UTC(2026, 10, 23, 12)

interface Member {
  key: number
}

describe('the fleet', () => {
  let bus: Bus
  let fleet: Fleet<Member, string | null>

  beforeEach(() => {
    const onError = (error: unknown) => {
      throw error
    }
    bus = createMemoryBus(onError)
    const directory = { active: () => [{ key: 1 }, { key: 2 }, { key: 3 }], onChange: () => () => undefined }
    // Nothing here reads the store: the pool never connects.
    const store = new SampleStore({ pool: new pg.Pool(), kind: 'postgres' })
    const recent = new RecentSamples({ store, bus, now: () => START })
    recent.start()
    const trailing = new TrailingMetrics({ store, recent })
    fleet = new Fleet({ bus, directory, recent, trailing, keyOf: () => '', intervalMs: 1000, onError })
    fleet.start()
  })

  /** The samples of window `n`: one of each of these deployments. */
  const samples = (n: number, keys: number[], more: Partial<Sample> & { latenciesMs?: number[] } = {}) =>
    keys.map((deploymentKey) => sampleOf({ deploymentKey, sequence: n + 1, windowStartMs: START + n * 1000, ...more }))
  const publish = (n: number, recorded: Sample[]) =>
    bus.publish('recorded', { throughMs: START + (n + 1) * 1000, samples: recorded, last: true })
  const next = async (watcher: AsyncIterableIterator<FleetUpdate<Member>>) => {
    const { value, done } = await watcher.next()
    if (done) throw new Error('the stream ended')
    return value
  }

  describe('over a trailing range', () => {
    /** Member 2 has windows of five seconds, and member 3 began late. */
    const recordUntil = (last: number) => {
      for (let n = 0; n <= last; n += 1) {
        const latenciesMs = [n + 1, 2 * n + 1]
        const recorded = samples(n, [1], { latenciesMs, errors: 1, generatedTokens: 7 })
        const start = START + (n - 4) * 1000
        if (n % 5 === 4) recorded.push(...longSample(n, start))
        if (n >= 90) recorded.push(...samples(n - 90, [3], { latenciesMs: [500], windowStartMs: START + n * 1000 }))
        all.push(...recorded)
        publish(n, recorded)
      }
    }
    const longSample = (n: number, windowStartMs: number) =>
      samples((n - 4) / 5, [2], { latenciesMs: Array.from({ length: 50 }, () => n), windowStartMs, windowMs: 5000 })
    let all: Sample[]
    beforeEach(() => {
      all = []
    })
    const end = ({ windowStartMs, windowMs }: Sample) => windowStartMs + windowMs

    it.each([10, 60])(
      'of %i s merges all samples of its members that end within it, and adds up their rates',
      async (s) => {
        recordUntil(97)
        const update = await next(fleet.watch(null, s * 1000))
        const newest = [1, 2, 3].map((key) => all.findLast(({ deploymentKey }) => deploymentKey === key)!)
        const within = newest.flatMap((last) =>
          all.filter(
            (one) =>
              one.deploymentKey === last.deploymentKey && end(one) > end(last) - s * 1000 && end(one) <= end(last),
          ),
        )
        const requests = (key: number) =>
          within.reduce((sum, one) => sum + (one.deploymentKey === key ? (one.requests ?? 0) : 0), 0)
        const latencies = new Distribution()
        for (const { latency } of within) if (latency) latencies.mergeEncoded(latency)
        const { totals } = update
        expect([update.atMs, totals.atMs, totals.windowMs]).toEqual([START + (98 - s) * 1000, update.atMs, s * 1000])
        expect(totals).toMatchObject({
          coveredMs: s * 1000,
          requests: requests(1) + requests(2) + requests(3),
          errors: s,
          generatedTokens: 7 * s,
          latencyMaxMs: 500,
          perSecond: { requests: 2 + 10 + 1, generatedTokens: 7 },
        })
        expect(totals.latency).toEqual(latencies)
        expect(update.deployments.map(({ metrics }) => [metrics.atMs, metrics.coveredMs, metrics.requests])).toEqual([
          [START + (98 - s) * 1000, s * 1000, requests(1)],
          [START + (95 - s) * 1000, s * 1000, requests(2)],
          [START + (98 - s) * 1000, 8000, 8],
        ])
      },
    )

    it('shorter than the windows of a member shows its newest window, at its own rate', async () => {
      recordUntil(97)
      const { totals, deployments } = await next(fleet.watch(null, 1000))
      expect(deployments.map(({ metrics }) => [metrics.windowMs, metrics.requests])).toEqual([
        [1000, 2],
        [5000, 50],
        [1000, 1],
      ])
      expect(totals).toMatchObject({ windowMs: 5000, requests: 53, perSecond: { requests: 13 } })
    })

    it('follows every window, beside the streams of other ranges', async () => {
      recordUntil(3)
      const [minute, ten, plain] = [fleet.watch(null, 60_000), fleet.watch(null, 10_000), fleet.watch(null)]
      expect(fleet.counts).toEqual({ filters: 3, watchers: 3 })
      for (const watcher of [minute, ten, plain]) await next(watcher)
      const updates = [minute, ten, plain].map(next)
      publish(4, samples(4, [1], { latenciesMs: [1] }))
      expect((await Promise.all(updates)).map(({ totals }) => totals.requests)).toEqual([9, 9, 1])
    })
  })
})
