import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EventStreamSink } from './event-stream.ts'
import { SparingStreams } from './sparing-streams.ts'
import type { StreamRequest } from './streams.ts'

const SHELL = { query: 'subscription { deploymentEvents { cursor } }' }
const FLEET = { query: 'subscription { fleetMetrics { totals } }' }
const JOBS = { query: 'subscription { trainingJobProgress { id } }' }

interface Opened {
  request: StreamRequest
  sink: EventStreamSink
  closed: boolean
}

function setup({ slots = 1 } = {}) {
  const opened: Opened[] = []
  const free = { slots }
  let refreshed = 0
  const streams = new SparingStreams({
    open: (request, sink) => {
      const one = { request, sink, closed: false }
      opened.push(one)
      return () => (one.closed = true)
    },
    takeSlot: () => {
      if (free.slots === 0) return Promise.resolve(undefined)
      free.slots -= 1
      return Promise.resolve(() => (free.slots += 1))
    },
    isShell: ({ query }) => query.includes('deploymentEvents'),
    refresh: () => (refreshed += 1),
  })
  const follow = (request: StreamRequest) => {
    const heard: unknown[] = []
    const stop = streams.subscribe(request, {
      next: ({ data }) => heard.push(data),
      delivering: (isDelivering) => heard.push(isDelivering),
      error: (error) => heard.push(error),
      complete: () => heard.push('complete'),
    })
    return { heard, stop }
  }
  const open = () => opened.filter(({ closed }) => !closed)
  const queries = () => open().map(({ request }) => request)
  return { streams, opened, open, queries, follow, free, refreshed: () => refreshed }
}

/** Lets everything happen that happens within this time. */
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('sparing streams', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it("keep one stream, the page's own, and ask for the rest every 5 s until it falls silent", async () => {
    const { streams, opened, open, queries, follow, refreshed } = setup()
    const shell = follow(SHELL)
    follow(FLEET)
    await pass(0)
    expect(streams.name).toBe('live')
    expect(queries()).toEqual([FLEET, SHELL])
    const [streaming, asked] = open()
    streaming?.sink.begun()
    asked?.sink.begun()
    asked?.sink.next({ data: { event: 1 } })
    await pass(299)
    expect(queries()).toEqual([FLEET, SHELL])
    await pass(1)
    expect(queries()).toEqual([FLEET])
    expect(shell.heard).toEqual([true, { event: 1 }])
    expect(refreshed()).toBe(1)
    await pass(5_000)
    expect(queries()).toEqual([FLEET, SHELL])
    expect(opened.filter(({ request }) => request === FLEET)).toHaveLength(1)
  })

  it('only ask, one after the other, while other tabs have all slots', async () => {
    const { streams, queries, open, follow } = setup({ slots: 0 })
    follow(SHELL)
    follow(FLEET)
    await pass(0)
    expect(streams.name).toBe('asking')
    expect(queries()).toEqual([SHELL])
    open()[0]?.sink.begun()
    await pass(1_000)
    expect(queries()).toEqual([FLEET])
  })

  it('take a slot that becomes free in the next round', async () => {
    const { streams, queries, open, follow, free } = setup({ slots: 0 })
    follow(FLEET)
    await pass(0)
    open()[0]?.sink.begun()
    await pass(1_000)
    expect(queries()).toEqual([])
    free.slots = 1
    await pass(5_000)
    expect(streams.name).toBe('live')
    expect(queries()).toEqual([FLEET])
    expect(free.slots).toBe(0)
  })

  it('give the slot back when nothing is subscribed to', async () => {
    const { follow, free } = setup()
    const { stop } = follow(FLEET)
    await pass(0)
    expect(free.slots).toBe(0)
    stop()
    await pass(0)
    expect(free.slots).toBe(1)
  })

  it('move the stream to the next page, and never open two', async () => {
    const { queries, follow, open } = setup()
    const fleet = follow(FLEET)
    await pass(0)
    open()[0]?.sink.begun()
    fleet.stop()
    follow(JOBS)
    await pass(0)
    expect(queries()).toEqual([JOBS])
  })

  it('ask at once for what is subscribed to between two rounds', async () => {
    const { queries, follow, open } = setup({ slots: 0 })
    follow(SHELL)
    await pass(0)
    open()[0]?.sink.begun()
    await pass(1_500)
    expect(queries()).toEqual([])
    follow(FLEET)
    await pass(0)
    expect(queries()).toEqual([FLEET])
  })

  it('report a stream that finds no connection, instead of waiting for ever', async () => {
    const { queries, follow } = setup()
    const { heard } = follow(FLEET)
    await pass(3_999)
    expect(heard).toEqual([])
    await pass(1)
    expect(heard).toEqual([new Error('The server does not answer.')])
    expect(queries()).toEqual([])
  })

  it('cut a stream off from asking that never falls silent', async () => {
    const { queries, follow, open } = setup({ slots: 0 })
    follow(FLEET)
    await pass(0)
    const asked = open()[0]
    asked?.sink.begun()
    for (let time = 0; time < 20; time += 1) {
      asked?.sink.next({ data: { time } })
      await pass(200)
    }
    expect(queries()).toEqual([])
  })

  it('pass on the end of a stream, after which it can be subscribed to again', async () => {
    const { queries, follow, open } = setup()
    const { heard } = follow(FLEET)
    await pass(0)
    open()[0]?.sink.begun()
    open()[0]?.sink.complete()
    expect(heard).toEqual([true, 'complete'])
    await pass(0)
    follow(FLEET)
    await pass(0)
    expect(queries()).toEqual([FLEET])
  })

  it('fail every stream when the network changes', async () => {
    const { streams, queries, follow, open } = setup()
    const { heard } = follow(FLEET)
    await pass(0)
    open()[0]?.sink.begun()
    streams.restart()
    expect(heard).toEqual([true, new Error('The network has changed.')])
    expect(queries()).toEqual([])
  })
})
