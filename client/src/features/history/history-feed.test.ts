import type { Client } from 'urql'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StreamResult } from '../../graphql/streams.ts'
import { type FeedOptions, HistoryFeed } from './history-feed.ts'

const NOW = Date.UTC(2026, 10, 30, 12)

interface Asked {
  from: string
  to: string
  maxPoints: number
  bounds: boolean
}

/** A server whose deployments all have this many requests in every second. */
class FakeServer {
  readonly asked: Asked[] = []
  readonly followed: { variables: Record<string, unknown>; next: (result: StreamResult<never>) => void }[] = []
  isDown = false
  requestsPerSecond: number

  constructor(requestsPerSecond: number) {
    this.requestsPerSecond = requestsPerSecond
  }

  /** Where the metrics come from. */
  source = 'SIMULATED'

  metrics(atMs: number, seconds: number) {
    return {
      sources: [this.source],
      errorsByReason: [],
      at: new Date(atMs).toISOString(),
      windowSeconds: seconds,
      requests: this.requestsPerSecond * seconds,
      requestsPerSecond: this.requestsPerSecond,
      errorRate: 0,
      tokensPerSecond: null,
      latency: { p50Ms: 50, p95Ms: 95, p99Ms: 99 },
    }
  }

  history({ from, to, maxPoints }: Asked) {
    const [fromMs, toMs] = [Date.parse(from), Date.parse(to)]
    const width = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 7200].find(
      (step) => Math.ceil(toMs / step / 1000) - Math.floor(fromMs / step / 1000) <= maxPoints,
    )
    if (width === undefined) throw new Error('Too wide')
    const points = []
    for (
      let at = Math.floor(fromMs / width / 1000) * width * 1000;
      at < Math.min(toMs, Date.now());
      at += width * 1000
    ) {
      points.push(this.metrics(at, width))
    }
    return { resolutionSeconds: width, endCursor: 'end', points, summary: this.metrics(fromMs, (toMs - fromMs) / 1000) }
  }

  readonly client = {
    query: (_document: unknown, variables: Asked & { ids: string[] }) => ({
      toPromise: () => {
        this.asked.push(variables)
        if (this.isDown) return Promise.resolve({ error: { graphQLErrors: [] } })
        const nodes = variables.ids.map(() => ({ __typename: 'Deployment', metricsHistory: this.history(variables) }))
        return Promise.resolve({ data: { nodes } })
      },
    }),
  } as unknown as Client

  feed(options: Partial<FeedOptions> = {}): HistoryFeed {
    return new HistoryFeed({
      subjects: [{ kind: 'deployment', id: 'a' }],
      range: { kind: 'trailing', name: '15m' },
      maxPoints: 500,
      samples: this.client,
      refresher: { subscribe: () => () => {} },
      streams: {
        follow: (_document, variables, sink) => {
          this.followed.push({ variables, next: sink.next.bind(sink) as never })
          return () => {}
        },
      },
      schedule: (flush) => flush,
      ...options,
    })
  }

  /** Sends a window of a deployment's stream. */
  send(which: number, atMs: number, seconds: number): void {
    const update = { cursor: 'c', skipped: 0, metrics: this.metrics(atMs, seconds) }
    this.followed[which]?.next({ data: { inferenceMetrics: update } } as never)
  }
}

let stops: (() => void)[] = []
beforeEach(() => {
  vi.useFakeTimers({ now: NOW })
  vi.stubGlobal('document', { hidden: false })
  stops = []
})
afterEach(() => {
  for (const stop of stops) stop()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

async function started(feed: HistoryFeed): Promise<HistoryFeed> {
  stops.push(feed.start())
  await vi.advanceTimersByTimeAsync(0)
  return feed
}

describe('the history on the screen', () => {
  it('goes on live where it ends, in windows of the same width', async () => {
    const server = new FakeServer(7_000)
    const feed = await started(server.feed())
    expect(feed.stepSeconds).toBe(2)
    expect(server.followed[0]?.variables).toEqual({
      id: 'a',
      after: 'end',
      resolution: 2,
      buckets: false,
      details: false,
      bounds: false,
    })
    const { newest } = feed.series(0)
    server.send(0, newest * 1000 + 2_000, 2)
    expect(feed.series(0).times.slice(-2)).toEqual([newest, newest + 2])
  })

  it('takes a window that was unfinished when it was loaded again, whole, and none of another width', async () => {
    const server = new FakeServer(7_000)
    const feed = await started(server.feed())
    const { length } = feed.series(0).times
    const { newest } = feed.series(0)
    server.requestsPerSecond = 8_000
    server.send(0, newest * 1000, 2)
    server.send(0, newest * 1000 + 2_000, 1)
    expect(feed.series(0).times).toHaveLength(length)
    expect(feed.series(0).figures.requests.at(-1)).toBe(16_000)
  })

  it('is drawn in windows that carry a p99, where few requests come and enough windows remain', async () => {
    const server = new FakeServer(7)
    const feed = await started(server.feed({ range: { kind: 'trailing', name: '1h' } }))
    expect(feed.stepSeconds).toBe(30)
    expect(feed.series(0).figures.p99Ms.at(-1)).toBe(99)
  })

  it('leaves a percentile out that too few requests carry, and not the others', async () => {
    const server = new FakeServer(7)
    const feed = await started(server.feed({ range: { kind: 'trailing', name: 'live' } }))
    expect(feed.stepSeconds).toBe(5)
    expect(feed.series(0).figures.p95Ms.at(-1)).toBe(95)
    expect(feed.series(0).figures.p99Ms.at(-1)).toBeNaN()
  })

  it('asks for the bounds of percentiles once a source may be coarse, and from then on', async () => {
    const server = new FakeServer(7_000)
    const feed = await started(server.feed({ details: true }))
    expect(server.asked.map(({ bounds }) => bounds)).toEqual([false])
    server.source = 'SCRAPED'
    server.send(0, feed.series(0).newest * 1000 + 2_000, 2)
    await vi.advanceTimersByTimeAsync(0)
    expect(server.asked.map(({ bounds }) => bounds)).toEqual([false, true])
    await started(server.feed({ details: true, before: feed }))
    expect(server.asked.map(({ bounds }) => bounds)).toEqual([false, true, true])
  })

  it('is loaded once where what to expect is known', async () => {
    const server = new FakeServer(7)
    await started(server.feed({ expectedRate: 7 }))
    expect(server.asked).toHaveLength(1)
  })

  it('of long ranges asks for its newest windows again, in the same width, once a minute', async () => {
    const server = new FakeServer(7_000)
    const feed = await started(server.feed({ range: { kind: 'trailing', name: '30d' } }))
    expect(server.followed).toEqual([])
    const { newest } = feed.series(0)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(server.asked).toHaveLength(2)
    expect(feed.series(0).newest).toBe(newest + 7_200)
    await vi.advanceTimersByTimeAsync(7_200_000)
    expect(feed.series(0).times.slice(-2)).toEqual([newest + 7_200, newest + 14_400])
    expect(feed.stepSeconds).toBe(7_200)
  })

  it('of a range that has ended is asked for once, and stands still', async () => {
    const server = new FakeServer(7_000)
    const range = { kind: 'fixed', fromMs: NOW - 7_200_000, toMs: NOW - 3_600_000 } as const
    const feed = await started(server.feed({ range }))
    await vi.advanceTimersByTimeAsync(600_000)
    expect(server.asked).toHaveLength(1)
    expect(server.followed).toEqual([])
    expect(feed.range()).toEqual([range.fromMs / 1000, range.toMs / 1000])
  })

  it('of several deployments comes in one request, and each goes on by itself', async () => {
    const server = new FakeServer(7_000)
    const subjects = ['a', 'b'].map((id) => ({ kind: 'deployment', id }) as const)
    const feed = await started(server.feed({ subjects }))
    expect(server.asked).toHaveLength(1)
    const { newest } = feed.series(1)
    server.send(1, newest * 1000 + 2_000, 2)
    expect([feed.series(0).newest, feed.series(1).newest]).toEqual([newest, newest + 2])
  })

  it('is asked for again when it could not be loaded', async () => {
    const server = new FakeServer(7_000)
    server.isDown = true
    const feed = await started(server.feed())
    expect(feed.state).toBe('failed')
    server.isDown = false
    await vi.advanceTimersByTimeAsync(5_000)
    expect(feed.state).toBe('ready')
  })
})
