import { prepareTestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { Client, fetchExchange, subscriptionExchange } from '@urql/core'
import { EventSource } from 'eventsource'
import { createClient, type RequestParams, type Sink } from 'graphql-sse'
import { expect, it } from 'vitest'
import { GraphQLTestClient } from '../graphql-client.ts'
import { restartablePort } from '../tcp-proxy.ts'
import { change, register, sequenceOf } from './documents.ts'
import { ADMIN_TOKEN, ServerProcess, settingsOf } from './server-process.ts'

const RETRY_MS = 20
const authorization = `Bearer ${ADMIN_TOKEN}`
const FOLLOW = `subscription ($id: ID!, $after: SampleCursor) {
  inferenceMetrics(deploymentId: $id, after: $after) { cursor skipped }
}`

interface Followed {
  inferenceMetrics: { cursor: string; skipped: number }
}

/** What one client was given, and what should not have happened to it. */
class Log {
  readonly sequences: number[] = []
  readonly faults: string[] = []
  #wake: () => void = () => undefined

  take(cursor: string): void {
    const sequence = sequenceOf(cursor)
    const last = this.sequences.at(-1)
    if (last !== undefined && sequence !== last + 1) this.faults.push(`${sequence} after ${last}`)
    this.sequences.push(sequence)
    this.#wake()
  }

  fault(what: string): void {
    this.faults.push(what)
    this.#wake()
  }

  /** Resolves once that many were taken, or something went wrong. */
  async reaches(count: number): Promise<void> {
    while (this.sequences.length < count && this.faults.length === 0) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

/** A published graphql-sse client that retries quickly. Its `variables` are read again at each attempt. */
function sseClient(origin: string) {
  const client = createClient({
    url: `${origin}/graphql`,
    headers: { authorization },
    retryAttempts: Infinity,
    retry: () => new Promise((resolve) => setTimeout(resolve, RETRY_MS)),
  })
  return {
    dispose: () => client.dispose(),
    subscribe({ variables, ...request }: RequestParams, sink: Sink<{ data?: Followed | null }>) {
      const resumed: Record<string, unknown> = { ...variables }
      return client.subscribe<Followed>(
        { ...request, variables: resumed },
        {
          ...sink,
          next: (result) => {
            resumed['after'] = result.data?.inferenceMetrics.cursor ?? resumed['after']
            sink.next(result)
          },
        },
      )
    },
  }
}

function followWithGraphQLSse(origin: string, id: string): [Log, () => void] {
  const log = new Log()
  const client = sseClient(origin)
  client.subscribe(
    { query: FOLLOW, variables: { id } },
    {
      next: ({ data }) => (data ? log.take(data.inferenceMetrics.cursor) : log.fault('no data')),
      error: (error) => log.fault(`failed: ${String(error)}`),
      complete: () => log.fault('completed'),
    },
  )
  return [log, () => client.dispose()]
}

function followWithUrql(origin: string, id: string): [Log, () => void] {
  const log = new Log()
  const sse = sseClient(origin)
  const client = new Client({
    url: `${origin}/graphql`,
    preferGetMethod: false,
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: sse.subscribe({ query, variables: variables as Record<string, unknown> }, sink),
          }),
        }),
      }),
    ],
  })
  const { unsubscribe } = client
    .subscription<Followed>(FOLLOW, { id })
    .subscribe(({ data, error }) =>
      data && !error ? log.take(data.inferenceMetrics.cursor) : log.fault(`failed: ${String(error)}`),
    )
  return [log, unsubscribe]
}

/** The bare browser API: it does not know the cursor, and its document does not select it. */
function followWithEventSource(origin: string, id: string): [Log, () => void] {
  const log = new Log()
  const query = `subscription { inferenceMetrics(deploymentId: "${id}") { skipped } }`
  const source = new EventSource(`${origin}/graphql?${new URLSearchParams({ query })}`, {
    // With credentials, as a browser sends its cookie, and without the three seconds that it waits to reconnect.
    fetch: async (url, init) => {
      const { body, status, headers } = await fetch(url, { ...init, headers: { ...init.headers, authorization } })
      const start = new TextEncoder().encode(`retry: ${RETRY_MS}\n`)
      const retry = new TransformStream<Uint8Array, Uint8Array>({ start: (stream) => stream.enqueue(start) })
      return new Response(body?.pipeThrough(retry) ?? null, { status, headers })
    },
  })
  source.addEventListener('next', ({ lastEventId }) => log.take(lastEventId))
  source.addEventListener('complete', () => log.fault('completed'))
  source.addEventListener('error', ({ code }) => source.readyState === source.CLOSED && log.fault(`closed at ${code}`))
  return [log, () => source.close()]
}

const kind = (await testDatabaseKinds()).at(-1)!

it('a graceful restart ends no client of event streams, and none of them misses a sample or gets one twice', async () => {
  await using database = await prepareTestDatabase(kind)
  const settings = { ...settingsOf(database), PORT: String(await restartablePort()), SAMPLE_INTERVAL_MS: '50' }
  const { server, origin } = await ServerProcess.serving(settings)
  await using _ = server
  const api = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
  const id = await change(api, 'deploy', await register(api, 'streams/model', 'a job'), 'to be followed')
  const clients = [followWithGraphQLSse, followWithUrql, followWithEventSource].map((follow) => follow(origin, id))
  const logs = clients.map(([log]) => log)
  await Promise.all(logs.map((log) => log.reaches(5)))

  expect(await server.end()).toMatchObject({ code: 0 })
  const counts = logs.map(({ sequences }) => sequences.length)
  const restarted = await ServerProcess.serving(settings)
  await using _restarted = restarted.server
  await Promise.all(logs.map((log, at) => log.reaches(counts[at]! + 5)))

  expect(logs.map(({ faults }) => faults)).toEqual([[], [], []])
  for (const [, stop] of clients) stop()
}, 120_000)
