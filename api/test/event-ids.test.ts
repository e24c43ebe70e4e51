import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { EventSource } from 'eventsource'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, pause, registerJob, remove, succeed } from './acts.ts'
import { ADMIN_TOKEN, createTestApp, type TestApp } from './create-test-app.ts'
import { Queue } from './queue.ts'
import { openRawHttp, rawHttp } from './raw-http.ts'

const authorization = `Bearer ${ADMIN_TOKEN}`
const SAMPLES = `subscription ($id: ID!, $after: SampleCursor) {
  inferenceMetrics(deploymentId: $id, after: $after) { cursor metrics { at } } }`
const TIMES = 'subscription ($id: ID!) { inferenceMetrics(deploymentId: $id) { metrics { at } } }'
const EVENTS = 'subscription ($id: ID) { deploymentEvents(deploymentId: $id) { cursor event { kind } } }'
const PROGRESS = 'subscription ($id: ID!) { trainingJobProgress(trainingJobId: $id) { trainingJob { status } } }'

interface Block {
  id: string | undefined
  event: string | undefined
  data: string | undefined
}

/** The one update in a `next`. */
function updateOf({ event, data }: Block) {
  if (event !== 'next') throw new Error(`Not a result: ${event} ${data}`)
  const { data: fields } = JSON.parse(data ?? '') as {
    data: Record<string, { cursor: string; metrics?: { at: string }; event?: { kind: string } }>
  }
  return Object.values(fields)[0]!
}

/** A block of the stream; a comment has none of the fields. */
function blockOf(text: string): Block {
  const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(text)?.[1]
  return { id: field('id'), event: field('event'), data: field('data') }
}

const [kind] = await testDatabaseKinds()

describe('an event stream', () => {
  let app: TestApp
  let port: number
  let id: string
  beforeAll(async () => {
    app = await createTestApp(kind!, { sampleIntervalMs: 25 })
    port = Number(new URL(app.origin).port)
    id = await deploy(app.client)
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const pathOf = (query: string, variables: Record<string, unknown>) =>
    `/graphql?${new URLSearchParams({ query, variables: JSON.stringify(variables) })}`
  const headersOf = (lastEventId?: string) => ({
    authorization,
    accept: 'text/event-stream',
    ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
  })
  /** Every block of an event stream as it arrives. */
  async function open(query: string, variables: Record<string, unknown>, lastEventId?: string) {
    const answer = await openRawHttp(port, { path: pathOf(query, variables), headers: headersOf(lastEventId) })
    expect(answer.statusCode).toBe(200)
    const blocks = new Queue<Block>()
    let text = ''
    answer.setEncoding('utf8').on('data', (chunk: string) => {
      const whole = (text + chunk).split('\n\n')
      text = whole.pop() ?? ''
      for (const block of whole) blocks.push(blockOf(block))
    })
    answer.on('error', () => undefined)
    return { blocks, [Symbol.dispose]: () => void answer.destroy() }
  }
  const statusOf = async (query: string, variables: Record<string, unknown>, lastEventId?: string) =>
    (await rawHttp(port, { path: pathOf(query, variables), headers: headersOf(lastEventId) })).status

  it('of a log gives each event its cursor as the id, whether or not the cursor is selected', async () => {
    using selected = await open(SAMPLES, { id })
    const [, ...given] = await selected.blocks.take(4)
    expect(given.map((block) => block.id)).toEqual(given.map((block) => updateOf(block).cursor))
    using unselected = await open(TIMES, { id }, given[0]?.id)
    const [, ...again] = await unselected.blocks.take(3)
    expect(again.map((block) => block.id)).toEqual(given.slice(1).map((block) => block.id))
    expect(again.map((block) => updateOf(block).metrics)).toEqual(
      given.slice(1).map((block) => updateOf(block).metrics),
    )
  })

  it('resumes after the Last-Event-ID, which comes before the cursor in a variable or in the document', async () => {
    using first = await open(SAMPLES, { id })
    const [, one, two, three] = await first.blocks.take(4)
    const literal = `subscription { inferenceMetrics(deploymentId: "${id}", after: "${one?.id}") { cursor } }`
    for (const [query, variables] of [
      [SAMPLES, { id }],
      [SAMPLES, { id, after: one?.id }],
      [SAMPLES, { id, after: null }],
      [literal, {}],
    ] as const) {
      using resumed = await open(query, variables, two?.id)
      const [, next] = await resumed.blocks.take(2)
      expect(updateOf(next!).cursor).toBe(three?.id)
    }
  })

  it('that resumes shares its messages with those that do not', async () => {
    const query = TIMES.replace('metrics', 'skipped metrics')
    using one = await open(query, { id })
    const [, given] = await one.blocks.take(2)
    const groups = async () =>
      /^gaugeline_shared_subscription_groups (\d+)$/m.exec(
        (await rawHttp(port, { path: '/metrics', headers: { authorization } })).body,
      )?.[1]
    const before = await groups()
    using other = await open(query, { id }, given?.id)
    await other.blocks.take(2)
    expect(before).toBeDefined()
    expect(await groups()).toBe(before)
  })

  it('refuses an id that is no cursor of its log', async () => {
    using foreign = await open(EVENTS, {})
    const { id: ofEvents } = await foreign.blocks.next()
    for (const wrong of ['nonsense', ofEvents]) {
      using stream = await open(SAMPLES, { id }, wrong)
      const [, refusal, end] = await stream.blocks.take(3)
      expect(JSON.parse(refusal?.data ?? '')).toMatchObject({ errors: [{ extensions: { code: 'CURSOR_INVALID' } }] })
      expect(end?.event).toBe('complete')
    }
  })

  it('that is cut before its first event is resumed without a hole by the id it began with', async () => {
    const watched = await deploy(app.client)
    using cut = await open(EVENTS, { id: watched })
    const { id: start, event } = await cut.blocks.next()
    expect(event).toBeUndefined()
    cut[Symbol.dispose]()
    await pause(app.client, watched)
    using resumed = await open(EVENTS, { id: watched }, start)
    const [, next] = await resumed.blocks.take(2)
    expect(updateOf(next!).event?.kind).toBe('PAUSED')
  })

  it('of a state has no ids, and a resume begins with the current state', async () => {
    const jobId = await registerJob(app.client)
    for (const [query, variables] of [
      ['subscription { fleetMetrics { at } }', {}],
      [PROGRESS, { id: jobId }],
    ] as const) {
      using stream = await open(query, variables, 'anything')
      expect((await stream.blocks.take(2)).map((block) => block.id)).toEqual([undefined, undefined])
    }
  })

  it('that is over answers a resume with 204, by the id of its end or by a cursor of what was deleted', async () => {
    const doomed = await deploy(app.client)
    using samples = await open(TIMES, { id: doomed })
    const [, given] = await samples.blocks.take(2)
    await remove(app.client, doomed)
    const jobId = await registerJob(app.client)
    using progress = await open(PROGRESS, { id: jobId })
    await progress.blocks.take(2)
    await succeed(app.client, 'deleteTrainingJob', { trainingJobId: jobId }, '__typename')
    for (const { blocks } of [samples, progress]) {
      let block = await blocks.next()
      while (block.event !== 'complete') block = await blocks.next()
      expect(block).toEqual({ id: 'complete', event: 'complete', data: '' })
    }
    expect(await statusOf(TIMES, { id: doomed }, 'complete')).toBe(204)
    expect(await statusOf(PROGRESS, { id: jobId }, 'complete')).toBe(204)
    expect(await statusOf(TIMES, { id: doomed }, given?.id)).toBe(204)
    // Without an id, the caller is told what is wrong.
    using unknown = await open(TIMES, { id: doomed })
    const [, refusal] = await unknown.blocks.take(2)
    expect(refusal?.data).toContain('NOT_FOUND')
  })

  it('that is over does not make an EventSource come back for ever', async () => {
    const doomed = await deploy(app.client)
    const got = new Queue<string>()
    let requests = 0
    const source = new EventSource(app.origin + pathOf(TIMES, { id: doomed }), {
      // Comes back at once, where it would wait for three seconds.
      fetch: async (url, init) => {
        requests += 1
        const { body, status, headers } = await fetch(url, { ...init, headers: { ...init.headers, authorization } })
        return new Response(body?.pipeThrough(withRetry()) ?? null, { status, headers })
      },
    })
    source.addEventListener('next', () => got.push('next'))
    source.addEventListener('complete', () => got.push('complete'))
    source.addEventListener('error', () => source.readyState === source.CLOSED && got.push('closed'))
    await got.next()
    await remove(app.client, doomed)
    let last = await got.next()
    while (last === 'next') last = await got.next()
    expect([last, await got.next(), requests]).toEqual(['complete', 'closed', 2])
  })
})

/** Puts a reconnection time before a body. */
function withRetry(): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('retry: 10\n')) })
}
