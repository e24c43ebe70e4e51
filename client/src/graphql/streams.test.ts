import { describe, expect, it } from 'vitest'
import { createStreams, type StreamClient, type StreamRequest } from './streams.ts'

const LOG = 'subscription Log($after: SampleCursor) { log(after: $after) { cursor } }'
const STATE = 'subscription State { state { cursor } }'

interface Opened {
  request: StreamRequest
  /** As the transport would send it now. */
  variables(): unknown
  next(cursor: string): void
  answer(result: object): void
  error(error: unknown): void
  complete(): void
  closed: boolean
}

interface Sink {
  next(value: object): void
  error(error: unknown): void
  complete(): void
}

/** A transport whose streams the test drives. */
function fakeClient() {
  const opened: Opened[] = []
  const client: StreamClient = {
    subscribe(request: StreamRequest, sink: Sink) {
      const one: Opened = {
        request,
        variables: () => (JSON.parse(JSON.stringify(request)) as StreamRequest).variables,
        next: (cursor) => sink.next({ data: { log: { cursor } } }),
        answer: (result) => sink.next(result),
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
  const streams = createStreams({
    client,
    onUnauthenticated: () => (refusals += 1),
    wait: (ms) => new Promise((resolve) => waits.push({ ms, over: resolve })),
  })
  const afterWait = async () => {
    waits.shift()?.over()
    await Promise.resolve()
  }
  return { streams, opened, waits, afterWait, refusals: () => refusals }
}

describe('streams', () => {
  it('gives the transport the newest cursor of a log at every subscription, without being asked', () => {
    const { streams, opened } = setup()
    streams.subscribe(LOG, { id: '1' }, { next: () => {} })
    expect(opened[0]?.variables()).toEqual({ id: '1' })
    opened[0]?.next('c7')
    // The same request object: what the published clients send again after a reconnect.
    expect(opened[0]?.variables()).toEqual({ id: '1', after: 'c7' })
  })

  it('resumes nothing that is no log', () => {
    const { streams, opened } = setup()
    streams.subscribe(STATE, {}, { next: () => {} })
    opened[0]?.next('c7')
    expect(opened[0]?.variables()).toEqual({})
  })

  it('goes on from the cursor after a pause, and misses nothing', () => {
    const { streams, opened } = setup()
    streams.subscribe(LOG, {}, { next: () => {} })
    opened[0]?.next('c1')
    streams.pause()
    expect(opened[0]?.closed).toBe(true)
    expect(opened).toHaveLength(1)
    streams.resume()
    expect(opened[1]?.variables()).toEqual({ after: 'c1' })
  })

  it('opens what was asked for during a pause once it is over', () => {
    const { streams, opened } = setup()
    streams.pause()
    streams.subscribe(LOG, {}, { next: () => {} })
    expect(opened).toHaveLength(0)
    streams.resume()
    expect(opened).toHaveLength(1)
  })

  it('moves every stream to another transport, from its cursor', () => {
    const { streams, opened } = setup()
    streams.subscribe(LOG, {}, { next: () => {} })
    opened[0]?.next('c3')
    const other = fakeClient()
    streams.switchTo(other.client)
    expect(opened[0]?.closed).toBe(true)
    expect(other.opened[0]?.variables()).toEqual({ after: 'c3' })
  })

  it('starts over without a cursor that the server no longer takes, and says that the past is another', async () => {
    const { streams, opened, afterWait } = setup()
    let restarted = 0
    streams.subscribe(LOG, {}, { next: () => {}, restarted: () => (restarted += 1) })
    opened[0]?.next('c3')
    opened[0]?.error([{ message: 'Unknown cursor.', extensions: { code: 'CURSOR_INVALID' } }])
    expect(restarted).toBe(1)
    await afterWait()
    expect(opened[1]?.variables()).toEqual({})
  })

  it('tries again after errors and after ends, waiting longer each time', async () => {
    const { streams, opened, waits, afterWait } = setup()
    streams.subscribe(LOG, {}, { next: () => {} })
    opened[0]?.error(new Event('error'))
    await afterWait()
    opened[1]?.complete()
    expect(opened).toHaveLength(2)
    await afterWait()
    opened[2]?.error({ code: 4500, reason: 'Internal server error' })
    expect(waits[0]?.ms).toBeGreaterThanOrEqual(600)
    await afterWait()
    expect(opened).toHaveLength(4)
  })

  it('waits briefly again once something came', async () => {
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
  ])('stops for good at %s', (_what, error) => {
    const { streams, opened, waits, refusals } = setup()
    streams.subscribe(LOG, {}, { next: () => {} })
    opened[0]?.error(error)
    expect(refusals()).toBe(1)
    expect(waits).toHaveLength(0)
  })

  it('ends, with its reason, what the server will never give', () => {
    const { streams, opened, waits } = setup()
    const heard: string[] = []
    streams.subscribe(
      LOG,
      {},
      {
        next: ({ errors }) => heard.push(errors?.[0]?.message ?? ''),
        complete: () => heard.push('end'),
      },
    )
    opened[0]?.error([{ message: 'There is no such deployment.', extensions: { code: 'NOT_FOUND' } }])
    expect(heard).toEqual(['There is no such deployment.', 'end'])
    expect(waits).toHaveLength(0)
  })

  it('says nothing more once it was ended, even while it waits to try again', async () => {
    const { streams, opened, afterWait } = setup()
    let heard = 0
    const stop = streams.subscribe(LOG, {}, { next: () => (heard += 1) })
    opened[0]?.error(new Event('error'))
    stop()
    await afterWait()
    opened[0]?.next('c1')
    expect(heard).toBe(0)
    expect(opened).toHaveLength(1)
  })
})
