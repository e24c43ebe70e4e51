import { type Client, gql } from 'urql'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createGraphqlClient } from './client.ts'
import { connection, type ConnectionName, disconnected } from './connection.ts'
import { Refresher } from './refresh.ts'

const CURSOR = gql<{ eventCursor: string }>('query Cursor { eventCursor }')
const COUNT = gql<{ deploymentCounts: { total: number } }>('query Count { deploymentCounts { total } }')

const JOB = gql('query Job { trainingJob(id: "j1") { id progress } }')
const PROGRESS = gql('subscription Progress { trainingJob { id progress } }')
const job = (progress: number) => ({ trainingJob: { __typename: 'TrainingJob', id: 'j1', progress } })

/** Streams that a test gives a message to. */
const streams = {
  tell: (_result: { data: Record<string, unknown> }) => {},
  subscribe(_query: string, _variables: Record<string, unknown>, sink: { next: (result: never) => void }) {
    streams.tell = (result) => sink.next(result as never)
    return () => undefined
  },
}

let refresher: Refresher
let client: Client
let stops: (() => void)[]
/** The names of the queries that the server was asked. */
let asked: string[]
let answer: (name: string) => Response | Promise<Response>
let refusals: number

const be = (name: ConnectionName) => connection.set({ name, since: Date.now(), via: 'websocket' })
const unavailable = () => Response.json({ errors: [{ message: 'no', extensions: { code: 'UNAVAILABLE' } }] })

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('navigator', { onLine: true })
  be('live')
  asked = []
  stops = []
  refusals = 0
  let number = 0
  answer = (name) => {
    number += 1
    const data =
      name === 'Cursor'
        ? { eventCursor: `c${number}` }
        : { deploymentCounts: { __typename: 'DeploymentCounts', total: number } }
    return Response.json({ data: { __typename: 'Query', ...data } })
  }
  vi.stubGlobal('fetch', async (_url: string, { body }: { body: string }) => {
    const { operationName } = JSON.parse(body) as { operationName: string }
    asked.push(operationName)
    return await answer(operationName)
  })
  refresher = new Refresher()
  client = createGraphqlClient(streams, refresher, () => (refusals += 1))
})

afterEach(() => {
  for (const stop of stops) stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** What a page that asks this query shows, from first to last. */
async function show(document = CURSOR): Promise<(string | undefined)[]> {
  const shown: (string | undefined)[] = []
  const { unsubscribe } = client.query(document, {}).subscribe(({ data, error, stale }) => {
    if (!stale) shown.push(error?.message ?? data?.eventCursor)
  })
  stops.push(unsubscribe)
  await vi.advanceTimersByTimeAsync(0)
  return shown
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('whoever comes back', () => {
  it.each<ConnectionName>(['paused', 'reconnecting', 'offline'])(
    'from being %s asks again for what the page shows',
    async (away) => {
      const shown = await show()
      be(away)
      await pass(60_000)
      expect(asked).toEqual(['Cursor'])
      be('live')
      await pass(200)
      expect(asked).toEqual(['Cursor', 'Cursor'])
      expect(shown).toEqual(['c1', 'c2'])
      await pass(60_000)
      expect(asked).toHaveLength(2)
    },
  )

  it('asks again when the streams travel another way, which opens them anew', async () => {
    await show()
    connection.set({ ...connection.get(), via: 'sse' })
    await pass(200)
    expect(asked).toHaveLength(2)
  })

  it('asks for each thing once, however often the connection comes and goes meanwhile', async () => {
    await show()
    await show()
    stops.push(client.query(COUNT, {}).subscribe(() => undefined).unsubscribe)
    await pass(0)
    asked = []
    for (let times = 0; times < 3; times += 1) {
      disconnected()
      be('live')
    }
    await pass(200)
    expect(asked.toSorted()).toEqual(['Count', 'Cursor'])
  })

  it('does not ask for pages that are no longer shown', async () => {
    await show()
    stops.pop()?.()
    be('paused')
    be('live')
    await pass(200)
    expect(asked).toEqual(['Cursor'])
  })

  it('keeps seeing what was there while the server cannot answer, and the answer once it can', async () => {
    const shown = await show()
    const working = answer
    answer = unavailable
    be('reconnecting')
    be('live')
    await pass(200)
    expect([asked.length, new Set(shown)]).toEqual([2, new Set(['c1'])])
    answer = () => Promise.reject(new TypeError('Failed to fetch'))
    await pass(1_000)
    expect([asked.length > 2, new Set(shown)]).toEqual([true, new Set(['c1'])])
    answer = working
    await pass(10_000)
    expect(shown.at(-1)).toBe('c2')
    const { length } = asked
    await pass(60_000)
    expect(asked).toHaveLength(length)
  })

  it('asks again at every return, whatever a stream has told while the answer was on its way', async () => {
    answer = () => Response.json({ data: { __typename: 'Query', ...job(0) } })
    stops.push(client.subscription(PROGRESS, {}).subscribe(() => undefined).unsubscribe)
    stops.push(client.query(JOB, {}).subscribe(() => undefined).unsubscribe)
    await pass(0)
    const working = answer
    for (let times = 1; times <= 3; times += 1) {
      let send = () => {}
      answer = (name) => new Promise((resolve) => (send = () => resolve(working(name))))
      be('paused')
      be('live')
      await pass(200)
      streams.tell({ data: job(times / 10) })
      await pass(0)
      send()
      await pass(0)
      expect(asked).toHaveLength(1 + times)
    }
  })

  it('learns that the session has ended', async () => {
    await show()
    answer = () => Response.json({ errors: [{ message: 'no', extensions: { code: 'UNAUTHENTICATED' } }] })
    be('paused')
    be('live')
    await pass(200)
    expect(refusals).toBe(1)
    await pass(60_000)
    expect(asked).toHaveLength(2)
  })

  it('asks again for what was asked over a connection that has died', async () => {
    await show()
    const working = answer
    answer = () => new Promise(() => undefined)
    be('paused')
    be('live')
    await pass(200)
    answer = working
    be('paused')
    await pass(10_000)
    be('live')
    await pass(200)
    expect(asked).toHaveLength(3)
  })
})

describe('refreshing', () => {
  it('does not ask twice for what has not been answered yet, and tells what is not in the cache', async () => {
    let told = 0
    refresher.subscribe(() => (told += 1))
    await show()
    answer = () => new Promise(() => undefined)
    refresher.refresh()
    refresher.refresh()
    await pass(0)
    expect([asked.length, told]).toEqual([2, 2])
  })

  it('is not needed by a page that has just loaded, and is by one that waited long for its connection', async () => {
    await show()
    be('connecting')
    await pass(500)
    be('live')
    await pass(1_000)
    expect(asked).toHaveLength(1)
    be('connecting')
    await pass(5_000)
    be('live')
    await pass(1_000)
    expect(asked).toHaveLength(2)
  })
})
