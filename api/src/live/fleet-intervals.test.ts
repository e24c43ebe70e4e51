import pg from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { sampleOf } from '../../test/sample-of.ts'
import type { Bus } from '../bus/bus.ts'
import { createMemoryBus } from '../bus/memory-bus.ts'
import type { Sample } from '../metrics/sample.ts'
import { SampleStore } from '../samples/sample-store.ts'
import { Fleet, type FleetUpdate } from './fleet.ts'
import { RecentSamples } from './recent-samples.ts'
import { TrailingMetrics } from './trailing-metrics.ts'

interface Member {
  key: number
}

const START = Date.UTC(2026, 10, 23, 12)

describe('a fleet of deployments whose windows differ in length', () => {
  let bus: Bus
  let members: Member[]
  let fleet: Fleet<Member, string>

  beforeEach(() => {
    members = [{ key: 1 }, { key: 2 }, { key: 3 }]
    const onError = (error: unknown) => {
      throw error
    }
    bus = createMemoryBus(onError)
    // Nothing here reads the store: the pool never connects.
    const store = new SampleStore({ pool: new pg.Pool(), kind: 'postgres' })
    const recent = new RecentSamples({ store, bus, now: () => START })
    recent.start()
    fleet = new Fleet({
      bus,
      directory: { active: () => members, onChange: () => () => undefined },
      recent,
      trailing: new TrailingMetrics({ store, recent }),
      keyOf: (filter) => filter,
      intervalMs: 1000,
      onError,
    })
    fleet.start()
  })

  /** The samples of second `n`: one of each of these deployments. */
  const samples = (n: number, keys: number[], more: Partial<Sample> = {}) =>
    keys.map((deploymentKey) => sampleOf({ deploymentKey, sequence: n + 1, windowStartMs: START + n * 1000, ...more }))
  const publish = (n: number, recorded: Sample[], last = true) =>
    bus.publish('recorded', { throughMs: START + (n + 1) * 1000, samples: recorded, last })
  const next = async (watcher: AsyncIterableIterator<FleetUpdate<Member>>) => {
    const { value, done } = await watcher.next()
    if (done) throw new Error('the stream ended')
    return value
  }
  const shape = ({ atMs, reported, expected, deployments }: FleetUpdate<Member>) => [
    (atMs - START) / 1000,
    deployments.map(({ deployment }) => deployment.key),
    `${reported}/${expected}`,
  ]

  it('has a deployment with windows of five seconds at its rate in each second, also when its samples come late', async () => {
    const of = (end: number, windowMs: number, count: number) => ({
      ...sampleOf({ deploymentKey: 2, sequence: end, windowStartMs: START + end * 1000 - windowMs, windowMs }),
      requests: count,
      source: 'REPORTED' as const,
    })
    const watcher = fleet.watch('')
    publish(0, [...samples(0, [1, 3], { requests: 10 }), of(0, 5000, 20)])
    await next(watcher)
    for (let n = 1; n <= 20; n += 1) {
      // Three seconds after the end of its window. That of the tenth second is missing: the next one is longer.
      const late = n === 8 ? [of(5, 5000, 20)] : n === 18 ? [of(15, 10_000, 40)] : []
      publish(n, samples(n, [1, 3], { requests: 10 }), false)
      if (late.length > 0) publish(n, late, false)
      publish(n, [])
      const { totals, reported } = await next(watcher)
      expect([n, reported, totals.perSecond?.requests]).toEqual([n, 3, 24])
    }
  })

  it('does without a deployment whose source has been down for three of its windows', async () => {
    const source = 'SCRAPED' as const
    const scraped = sampleOf({ deploymentKey: 2, windowStartMs: START - 4000, windowMs: 5000, source })
    publish(0, [...samples(0, [1, 3]), scraped])
    const watcher = fleet.watch('')
    expect(shape(await next(watcher))).toEqual([0, [1, 2, 3], '3/3'])
    publish(17, samples(17, [1, 3]))
    expect(shape(await next(watcher))).toEqual([17, [1, 2, 3], '3/3'])
    publish(18, samples(18, [1, 3]))
    expect(shape(await next(watcher))).toEqual([18, [1, 3], '2/3'])
  })

  it('shows a state of one deployment with that one alone, also where it is the only one', async () => {
    members = [{ key: 1 }]
    publish(0, samples(0, [1], { kvCacheUsage: 0.5, waiting: 3 }))
    const { totals, deployments } = await next(fleet.watch(''))
    expect([totals.kvCacheUsage, totals.waiting]).toEqual([null, 3])
    expect(deployments[0]?.metrics.kvCacheUsage).toBe(0.5)
  })
})
