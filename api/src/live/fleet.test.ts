import pg from 'pg'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { sampleOf } from '../../test/sample-of.ts'
import type { Sample } from '../metrics/sample.ts'
import { SampleStore } from '../samples/sample-store.ts'
import { Distribution } from '../metrics/distribution.ts'
import type { Bus } from '../bus/bus.ts'
import { Fleet, type FleetDirectory, type FleetUpdate } from './fleet.ts'
import { createMemoryBus } from '../bus/memory-bus.ts'
import { RecentSamples } from './recent-samples.ts'
import { TrailingMetrics } from './trailing-metrics.ts'

interface Member {
  key: number
  team: string
}

const START = Date.UTC(2026, 10, 23, 12)
const END = { done: true, value: undefined }
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('the fleet', () => {
  let bus: Bus
  let members: Member[]
  let changed: () => void
  let fleet: Fleet<Member, string | null>
  let asked: (string | null)[]
  /** How long it takes to find the members of a filter. */
  let busyMs: number

  beforeEach(() => {
    members = [
      { key: 1, team: 'red' },
      { key: 2, team: 'blue' },
      { key: 3, team: 'red' },
    ]
    asked = []
    busyMs = 0
    changed = () => undefined
    bus = createMemoryBus((error) => {
      throw error
    })
    const directory: FleetDirectory<Member, string | null> = {
      active: (filter) => {
        asked.push(filter)
        const endMs = performance.now() + busyMs
        while (performance.now() < endMs);
        return members.filter(({ team }) => filter === null || team === filter)
      },
      onChange: (listener) => {
        changed = listener
        return () => (changed = () => undefined)
      },
    }
    // Nothing here reads the store: the pool never connects.
    const store = new SampleStore({ pool: new pg.Pool(), kind: 'postgres' })
    const recent = new RecentSamples({ store, bus, now: () => START })
    recent.start()
    fleet = new Fleet({
      bus,
      directory,
      recent,
      trailing: new TrailingMetrics({ store, recent }),
      keyOf: (filter) => filter ?? '',
      intervalMs: 1000,
      onError: (error) => {
        throw error
      },
    })
    fleet.start()
  })

  /** The samples of window `n`: one of each of these deployments. */
  const samples = (n: number, keys: number[], more: Partial<Sample> & { latenciesMs?: number[] } = {}) =>
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

  it('is published once for each window, when all samples are recorded, with each deployment and its own sample', async () => {
    const watcher = fleet.watch(null)
    const first = next(watcher)
    const of = (key: number) => samples(0, [key], { inFlight: key })
    publish(0, [...of(1), ...of(2)], false)
    await settled()
    publish(0, of(3))
    const update = await first
    expect(shape(update)).toEqual([0, [1, 2, 3], '3/3'])
    expect(update.deployments.map(({ metrics }) => metrics.inFlight)).toEqual([1, 2, 3])
    const second = next(watcher)
    publish(1, samples(1, [1, 2, 3]))
    expect(shape(await second)).toEqual([1, [1, 2, 3], '3/3'])
  })

  it('is given at once to a watcher that comes later, and not at all before the first window', async () => {
    const early = fleet.watch(null)
    let given = false
    const waiting = next(early).then((update) => {
      given = true
      return update
    })
    await settled()
    expect(given).toBe(false)
    publish(0, samples(0, [1, 2, 3]))
    await waiting
    expect(shape(await next(fleet.watch(null)))).toEqual([0, [1, 2, 3], '3/3'])
    expect(shape(await next(fleet.watch('blue')))).toEqual([0, [2], '1/1'])
  })

  it('keeps a deployment until its newest sample is two of its own intervals old, and says how many have reported', async () => {
    const long = { windowStartMs: START - 4000, windowMs: 5000 }
    publish(0, [...samples(0, [1, 3]), ...samples(0, [2], long)])
    const watcher = fleet.watch(null)
    expect(shape(await next(watcher))).toEqual([0, [1, 2, 3], '3/3'])
    publish(1, samples(1, [1]))
    expect(shape(await next(watcher))).toEqual([1, [1, 2, 3], '3/3'])
    publish(2, samples(2, [1]))
    expect(shape(await next(watcher))).toEqual([2, [1, 2], '2/3'])
    for (let n = 3; n < 10; n += 1) publish(n, samples(n, [1]))
    expect(shape(await next(watcher))).toEqual([9, [1, 2], '2/3'])
    publish(10, samples(10, [1]))
    expect(shape(await next(watcher))).toEqual([10, [1], '1/3'])
  })

  it('continues with empty windows when no deployment is active', async () => {
    members = []
    const watcher = fleet.watch(null)
    publish(0, [])
    expect(shape(await next(watcher))).toEqual([0, [], '0/0'])
    const update = next(watcher)
    publish(1, [])
    expect(shape(await update)).toEqual([1, [], '0/0'])
    expect((await update).totals).toMatchObject({ requests: 0, coveredMs: 0, latency: null, inFlight: null })
  })

  it('sums the figures, and takes percentiles from all latencies together', async () => {
    publish(0, [
      ...samples(0, [1], { latenciesMs: Array.from({ length: 90 }, () => 10), inFlight: 2, promptTokens: 5 }),
      ...samples(0, [2], { latenciesMs: Array.from({ length: 10 }, () => 1000), inFlight: 3, errors: 4 }),
      ...samples(0, [3]),
    ])
    const { totals } = await next(fleet.watch(null))
    expect(totals).toMatchObject({
      atMs: START,
      windowMs: 1000,
      coveredMs: 1000,
      requests: 100,
      errors: 4,
      latencySumMs: 10_900,
      latencyMaxMs: 1000,
      promptTokens: 5,
      generatedTokens: null,
      inFlight: 5,
    })
    const latency = totals.latency instanceof Distribution ? totals.latency : new Distribution()
    expect(latency.quantile(0.9)?.valueMs).toBeCloseTo(10, 0)
    expect(latency.quantile(0.91)?.valueMs).toBeGreaterThan(990)
  })

  it('is published again for the same window when the active deployments change', async () => {
    publish(0, samples(0, [1, 2, 3]))
    const watcher = fleet.watch('red')
    expect(shape(await next(watcher))).toEqual([0, [1, 3], '2/2'])
    const again = next(watcher)
    await settled()
    members = members.filter(({ key }) => key !== 3)
    changed()
    expect(shape(await again)).toEqual([0, [1], '1/1'])
  })

  it('is published for many changes that follow upon one another twice: for the first, and for the last', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      publish(0, samples(0, [1, 2, 3]))
      const watcher = fleet.watch('red')
      await next(watcher)
      asked = []
      for (let n = 0; n < 100; n += 1) changed()
      members = members.filter(({ key }) => key !== 3)
      changed()
      expect(asked).toEqual(['red'])
      vi.runAllTimers()
      expect(asked).toEqual(['red', 'red'])
      expect(shape(await next(watcher))).toEqual([0, [1], '1/1'])
    } finally {
      vi.useRealTimers()
    }
  })

  it('lets everything else proceed between the updates of many filters, and leaves none of them out', async () => {
    const watchers = Array.from({ length: 20 }, (_, n) => fleet.watch(`team ${n}`))
    busyMs = 1
    publish(0, samples(0, [1, 2, 3]))
    expect(asked.length).toBeLessThan(10)
    await settled()
    expect(asked.length).toBeLessThan(20)
    const updates = await Promise.all(watchers.map(next))
    expect(updates.map(({ atMs }) => atMs)).toEqual(watchers.map(() => START))
    // The next window begins with those that wait.
    publish(1, samples(1, [1, 2, 3]))
    asked = []
    publish(2, samples(2, [1, 2, 3]))
    expect(shape(await next(watchers.at(-1)!))).toEqual([2, [], '0/0'])
  })

  it('skips to the newest window for a slow watcher', async () => {
    const watcher = fleet.watch(null)
    for (let n = 0; n < 10; n += 1) publish(n, samples(n, [1, 2, 3]))
    expect(shape(await next(watcher))).toEqual([9, [1, 2, 3], '3/3'])
  })

  it('is computed once for all watchers of a filter, and never for a filter without watchers', async () => {
    const watchers = [fleet.watch('red'), fleet.watch('red'), fleet.watch('blue')]
    expect(fleet.counts).toEqual({ filters: 2, watchers: 3 })
    publish(0, samples(0, [1, 2, 3]))
    expect(asked).toEqual(['red', 'blue'])
    const [one, other] = [await next(watchers[0]!), await next(watchers[1]!)]
    expect(one).toBe(other)
    await watchers[0]!.return?.()
    expect(fleet.counts).toEqual({ filters: 2, watchers: 2 })
    await watchers[1]!.return?.()
    await watchers[1]!.return?.()
    expect(fleet.counts).toEqual({ filters: 1, watchers: 1 })
    asked = []
    publish(1, samples(1, [1, 2, 3]))
    expect(asked).toEqual(['blue'])
  })

  it('keeps the stream of a watcher that comes while the last one leaves', async () => {
    publish(0, samples(0, [1, 2, 3]))
    const leaving = fleet.watch('red')
    const waiting = [leaving.next(), leaving.next()]
    await settled()
    await leaving.return?.()
    const coming = fleet.watch('red')
    await leaving.return?.()
    expect(await waiting[1]).toEqual(END)
    await next(coming)
    const update = next(coming)
    publish(1, samples(1, [1, 2, 3]))
    expect(shape(await update)).toEqual([1, [1, 3], '2/2'])
    expect(fleet.counts).toEqual({ filters: 1, watchers: 1 })
  })

  it('ends for all watchers when it stops, and unsubscribes from the bus', async () => {
    const watchers = [fleet.watch('red'), fleet.watch(null)]
    const waiting = watchers.map((watcher) => watcher.next())
    await settled()
    fleet.stop()
    expect(await Promise.all(waiting)).toEqual([END, END])
    expect(fleet.counts).toEqual({ filters: 0, watchers: 0 })
    asked = []
    publish(0, samples(0, [1]))
    changed()
    expect(asked).toEqual([])
  })
})
