import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ClientSink, type StreamClient, type StreamRequest, Streams } from './streams.ts'

const LOG = 'subscription Log($after: SampleCursor) { log(after: $after) { cursor } }'
const STATE = 'subscription State { state { cursor } }'

const NO_SUCH = { message: 'There is no such deployment.', extensions: { code: 'NOT_FOUND' } }

interface Opened {
  request: StreamRequest
  /** As the transport would send them now. */
  variables(): unknown
  next(cursor: string): void
  refuse(error: { message: string; extensions: { code: string } }): void
  delivering(isDelivering: boolean): void
  error(error: unknown): void
  complete(): void
  closed: boolean
}

/** A transport whose streams the test drives. */
function fakeClient() {
  const opened: Opened[] = []
  const client: StreamClient = {
    via: 'websocket',
    name: 'live',
    restart() {},
    subscribe(request: StreamRequest, sink: ClientSink) {
      const one: Opened = {
        request,
        variables: () => (JSON.parse(JSON.stringify(request)) as StreamRequest).variables,
        next: (cursor) => sink.next({ data: { log: { cursor } } }),
        refuse: (error) => sink.next({ errors: [error] }),
        delivering: (isDelivering) => sink.delivering(isDelivering),
        error: (error) => sink.error(error),
        complete: () => sink.complete(),
        closed: false,
      }
      opened.push(one)
      return () => {
        one.closed = true
        sink.complete()
      }
    },
  }
  return { client, opened }
}

function setup() {
  const { client, opened } = fakeClient()
  const waits: { ms: number; over: () => void }[] = []
  let refusals = 0
  const delivery: boolean[] = []
  const streams = new Streams({
    client,
    onUnauthenticated: () => (refusals += 1),
    onDelivery: (isDelivering) => delivery.push(isDelivering),
    wait: (ms) => new Promise((resolve) => waits.push({ ms, over: resolve })),
  })
  const afterWait = async () => {
    waits.shift()?.over()
    await Promise.resolve()
  }
  return { streams, opened, waits, afterWait, delivery, refusals: () => refusals }
}

describe('streams', () => {
  it('gives the transport the newest cursor of a log at every subscription', () => {
    const { streams, opened } = setup()
    streams.subscribe(LOG, { id: '1' }, { next: () => {} })
    expect(opened[0]?.variables()).toEqual({ id: '1' })
    opened[0]?.next('c7')
    // The same request object, which the transports' clients send again after a reconnect.
    expect(opened[0]?.variables()).toEqual({ id: '1', after: 'c7' })
  })

  it('does not resume a subscription that is not a log', () => {
    const { streams, opened } = setup()
    streams.subscribe(STATE, {}, { next: () => {} })
    opened[0]?.next('c7')
    expect(opened[0]?.variables()).toEqual({})
  })

  it('resumes from the cursor after a pause, and misses nothing', () => {
    const { streams, opened } = setup()
    streams.subscribe(LOG, {}, { next: () => {} })
    opened[0]?.next('c1')
    streams.pause('hidden')
    expect(opened[0]?.closed).toBe(true)
    expect(opened).toHaveLength(1)
    streams.resume('hidden')
    expect(opened[1]?.variables()).toEqual({ after: 'c1' })
  })

  it('begins right after the cursor that it was given, also when it was cut before the first message', () => {
    const { streams, opened } = setup()
    streams.subscribe(LOG, { id: '1', after: 'c0' }, { next: () => {} })
    expect(opened[0]?.variables()).toEqual({ id: '1', after: 'c0' })
    streams.pause('hidden')
    streams.resume('hidden')
    expect(opened[1]?.variables()).toEqual({ id: '1', after: 'c0' })
    opened[1]?.next('c1')
    expect(opened[1]?.variables()).toEqual({ id: '1', after: 'c1' })
  })

  it('gives up the cursor that it was given when the server does not accept it', async () => {
    const { streams, opened, afterWait } = setup()
    streams.subscribe(LOG, { after: 'c0' }, { next: () => {} })
    opened[0]?.error([{ message: '', extensions: { code: 'CURSOR_INVALID' } }])
    await afterWait()
    expect(opened[1]?.variables()).toEqual({})
  })

  it('stays paused until the last reason to pause is gone', () => {
    const { streams, opened } = setup()
    streams.subscribe(LOG, {}, { next: () => {} })
    streams.pause('hidden')
    streams.pause('signed-out')
    streams.resume('hidden')
    expect(opened).toHaveLength(1)
    streams.resume('signed-out')
    expect(opened).toHaveLength(2)
  })

  it('closes every stream, and opens none, once the server no longer knows who this is', () => {
    const { streams, opened, refusals } = setup()
    streams.subscribe(LOG, {}, { next: () => {} })
    streams.subscribe(STATE, {}, { next: () => {} })
    opened[0]?.error({ code: 4401, reason: 'Unauthorized' })
    expect(opened[1]?.closed).toBe(true)
    opened[1]?.error({ code: 4401, reason: 'Unauthorized' })
    streams.pause('hidden')
    streams.resume('hidden')
    streams.subscribe(STATE, {}, { next: () => {} })
    expect(opened).toHaveLength(2)
    expect(refusals()).toBe(1)
  })

  it('opens a stream that was subscribed to during a pause once the pause is over', () => {
    const { streams, opened } = setup()
    streams.pause('hidden')
    streams.subscribe(LOG, {}, { next: () => {} })
    expect(opened).toHaveLength(0)
    streams.resume('hidden')
    expect(opened).toHaveLength(1)
  })

  it('moves every stream to another transport, where it resumes from its cursor', () => {
    const { streams, opened } = setup()
    streams.subscribe(LOG, {}, { next: () => {} })
    opened[0]?.next('c3')
    const other = fakeClient()
    streams.switchTo(other.client)
    expect(opened[0]?.closed).toBe(true)
    expect(other.opened[0]?.variables()).toEqual({ after: 'c3' })
  })

  it('starts again without a cursor that the server no longer accepts, and reports the restart', async () => {
    const { streams, opened, afterWait } = setup()
    let restarted = 0
    streams.subscribe(LOG, {}, { next: () => {}, restarted: () => (restarted += 1) })
    opened[0]?.next('c3')
    opened[0]?.error([{ message: 'Unknown cursor.', extensions: { code: 'CURSOR_INVALID' } }])
    expect(restarted).toBe(1)
    await afterWait()
    expect(opened[1]?.variables()).toEqual({})
  })

  it('retries after errors and completions, and waits longer each time', async () => {
    const { streams, opened, waits, afterWait } = setup()
    streams.subscribe(LOG, {}, { next: () => {} })
    // A proxy's refusal says nothing about the subscription.
    opened[0]?.error({ response: new Response(null, { status: 403 }) })
    await afterWait()
    opened[1]?.complete()
    expect(opened).toHaveLength(2)
    await afterWait()
    opened[2]?.error({ code: 4500, reason: 'Internal server error' })
    expect(waits[0]?.ms).toBeGreaterThanOrEqual(600)
    await afterWait()
    expect(opened).toHaveLength(4)
  })

  it('waits only briefly again once a result has arrived', async () => {
    const { streams, opened, waits, afterWait } = setup()
    streams.subscribe(LOG, {}, { next: () => {} })
    for (let index = 0; index < 4; index += 1) {
      opened[index]?.error(new Event('error'))
      await afterWait()
    }
    opened[4]?.next('c1')
    opened[4]?.error(new Event('error'))
    expect(waits[0]?.ms).toBeLessThanOrEqual(300)
  })

  it.each([
    ['a close with 4401', { code: 4401, reason: 'Unauthorized' }],
    ['a close with 4403', { code: 4403, reason: 'Forbidden' }],
    ['a 401 over SSE', { response: new Response(null, { status: 401 }) }],
    ['an error of that code', [{ message: 'Sign in.', extensions: { code: 'UNAUTHENTICATED' } }]],
  ])('never retries after %s', (_what, error) => {
    const { streams, opened, waits, refusals } = setup()
    streams.subscribe(LOG, {}, { next: () => {} })
    opened[0]?.error(error)
    expect([refusals(), waits]).toEqual([1, []])
  })

  it.each([
    ['an error, as over WebSocket', (stream: Opened, error: typeof NO_SUCH) => stream.error([error])],
    ['a result without data, as over SSE', (stream: Opened, error: typeof NO_SUCH) => stream.refuse(error)],
  ])('completes a subscription that the server refuses for good with %s, and gives the reason', (_how, refuse) => {
    const { streams, opened, waits } = setup()
    const received: string[] = []
    streams.subscribe(
      LOG,
      {},
      {
        next: ({ errors }) => received.push(errors?.[0]?.message ?? ''),
        complete: () => received.push('end'),
      },
    )
    refuse(opened[0]!, NO_SUCH)
    opened[0]?.complete()
    expect([received, waits]).toEqual([[NO_SUCH.message, 'end'], []])
  })

  it('delivers nothing after unsubscribing, even while it waits to retry', async () => {
    const { streams, opened, afterWait } = setup()
    let received = 0
    const stop = streams.subscribe(LOG, {}, { next: () => (received += 1) })
    opened[0]?.error(new Event('error'))
    stop()
    await afterWait()
    opened[0]?.next('c1')
    expect(received).toBe(0)
    expect(opened).toHaveLength(1)
  })
})

describe('whether a page is live', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is true only once every stream is confirmed', () => {
    const { streams, opened, delivery } = setup()
    streams.subscribe(LOG, {}, { next: () => {} })
    streams.subscribe(STATE, {}, { next: () => {} })
    opened[0]?.delivering(true)
    expect(delivery).toEqual([])
    opened[1]?.delivering(true)
    expect(delivery).toEqual([true])
  })

  it('is false as soon as one stream fails, and while that one waits to be opened again', async () => {
    const { streams, opened, delivery, afterWait } = setup()
    streams.subscribe(LOG, {}, { next: () => {} })
    streams.subscribe(STATE, {}, { next: () => {} })
    for (const one of opened) one.delivering(true)
    opened[0]?.error(new Event('error'))
    expect(delivery.at(-1)).toBe(false)
    await afterWait()
    opened[1]?.delivering(true)
    expect(delivery.at(-1)).toBe(false)
    opened[2]?.delivering(true)
    expect(delivery.at(-1)).toBe(true)
  })

  it('is false when the connection is lost, and when a stream hangs', () => {
    const { streams, opened, delivery } = setup()
    const stop = streams.subscribe(LOG, {}, { next: () => {} })
    opened[0]?.delivering(true)
    opened[0]?.delivering(false)
    expect(delivery).toEqual([true, false])
    opened[0]?.delivering(true)
    stop()
    streams.subscribe(STATE, {}, { next: () => {} })
    vi.advanceTimersByTime(1_999)
    expect(delivery.at(-1)).toBe(true)
    vi.advanceTimersByTime(1)
    expect(delivery.at(-1)).toBe(false)
  })

  it('does not change while the streams of the next page are being opened, nor while the tab is hidden', () => {
    const { streams, opened, delivery } = setup()
    const stop = streams.subscribe(LOG, {}, { next: () => {} })
    opened[0]?.delivering(true)
    stop()
    streams.subscribe(STATE, {}, { next: () => {} })
    opened[1]?.delivering(true)
    streams.pause('hidden')
    vi.advanceTimersByTime(60_000)
    streams.resume('hidden')
    opened[2]?.delivering(true)
    expect(delivery).not.toContain(false)
  })
})
