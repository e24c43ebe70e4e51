import { prepareTestDatabase } from '@gaugeline/prisma/testing'
import { expect } from 'vitest'
import { succeed } from '../acts.ts'
import { GraphQLTestClient } from '../graphql-client.ts'
import { liveClient, type Subscription, TRANSPORTS } from '../live-clients.ts'
import { TcpProxy } from '../tcp-proxy.ts'
import { change, FOLLOW_EVENTS, register, sequenceOf } from './documents.ts'
import { ADMIN_TOKEN, ServerProcess } from './server-process.ts'

const WINDOW_MS = 250
/** Of each kind, at once: more than the pool has connections. */
const CALLS = 6
const FOLLOW = 'subscription ($id: ID!) { inferenceMetrics(deploymentId: $id) { cursor skipped metrics { at } } }'
const FLEET = 'subscription { fleetMetrics { at reported } }'
const READ = '{ deployments(first: 1) { edges { node { id model { name } } } } }'
const WRITE = `mutation ($name: String!) {
  registerTrainingJob(input: { modelName: "outage/model", name: $name, status: COMPLETED }) { __typename }
}`

interface Update {
  inferenceMetrics: { cursor: string; skipped: number; metrics: { at: string } }
}

export interface Outage {
  /** Connections refused and reset, or taken and never answered. */
  fault: 'cut' | 'hang'
  /** At least so long; calls are made all the while. */
  ms: number
  /** By then every call must have failed with UNAVAILABLE. */
  answerMs: number
}

/** A PostgreSQL server is gone and comes back, while a server with subscribers runs on it. */
export async function surviveOutage({ fault, ms, answerMs }: Outage): Promise<void> {
  await using database = await prepareTestDatabase('postgres')
  const url = new URL(database.url ?? '')
  await using proxy = await TcpProxy.to(url)
  url.host = `127.0.0.1:${proxy.port}`
  const settings = { DATABASE_URL: url.href, SEED: 'none', SAMPLE_INTERVAL_MS: String(WINDOW_MS) }
  const { server, origin } = await ServerProcess.serving(settings)
  await using _server = server
  const api = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
  const id = await change(api, 'deploy', await register(api, 'outage/model', 'deployed'), 'before')

  // These clients do not reconnect: a subscription that ended fails.
  const { secret } = await succeed<{ secret: string }>(
    api,
    'createApiToken',
    { name: 'a bot', scopes: ['READ'] },
    'secret',
  )
  const clients = TRANSPORTS.map((transport) => liveClient(transport, origin, secret))
  await using _ws = clients[0]
  await using _sse = clients[1]
  const logs = clients.map((client) => client.subscribe<Update>(FOLLOW, { id }))
  const fleets = clients.map((client) => client.subscribe<{ fleetMetrics: { reported: number } }>(FLEET))
  const events = clients.map((client) => client.subscribe<Record<string, { event: { note: string } }>>(FOLLOW_EVENTS))
  const before = await Promise.all(logs.map((log) => log.take(4)))
  await Promise.all(fleets.map((fleet) => fleet.take(2)))

  const began = performance.now()
  if (fault === 'cut') await proxy.cut()
  else proxy.hang()
  do await expectUnavailable([api, GraphQLTestClient.withToken(origin, secret)], origin, answerMs)
  while (performance.now() - began < ms)
  await proxy.mend()

  const windows = Math.ceil((performance.now() - began) / WINDOW_MS)
  const after = await Promise.all(logs.map((log) => log.take(windows + 4)))
  for (const [n, updates] of after.entries()) expectUnbroken([...(before[n] ?? []), ...updates])
  await Promise.all(fleets.map((fleet) => fleet.until(({ fleetMetrics }) => fleetMetrics.reported === 1)))
  expect((await fetch(`${origin}/readyz`)).status).toBe(200)
  await Promise.all(Array.from({ length: CALLS }, () => api.data(READ)))
  await change(api, 'pause', id, 'after')
  await Promise.all(events.map((each) => expectNote(each, 'after')))

  expect(await server.end()).toMatchObject({ code: 0, signal: null })
  expect(server.stdout).toContain('"msg":"recording has resumed"')
  // Retried every two seconds, logged once.
  expect((server.stdout.match(/"msg":"watched samples could not be read"/g) ?? []).length).toBeLessThanOrEqual(1)
  expect(server.stdout).not.toContain('"level":60')
}

/** Reads, writes and transactions at once: each fails with UNAVAILABLE in time, and so does the readiness check. */
async function expectUnavailable(
  [admin, bot]: [admin: GraphQLTestClient, bot: GraphQLTestClient],
  origin: string,
  answerMs: number,
): Promise<void> {
  const call = async (client: GraphQLTestClient, query: string, variables = {}) => {
    const from = performance.now()
    const { errors } = await client.request(query, variables)
    expect(errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE' } }])
    expect(performance.now() - from).toBeLessThan(answerMs)
  }
  // A write first, so that it is given one of the connections that were idle when the fault began.
  const calls = Array.from({ length: CALLS }, () => [
    call(admin, WRITE, { name: 'never acknowledged' }),
    call(bot, READ),
  ])
  const ready = fetch(`${origin}/readyz`).then(async (response) => {
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ checks: { database: 'down' } })
  })
  await Promise.all([...calls.flat(), ready])
}

/** No hole, no double, and no window left out: it was away for less than a minute. */
function expectUnbroken(updates: Update[]): void {
  const sequences = updates.map(({ inferenceMetrics }) => sequenceOf(inferenceMetrics.cursor))
  expect(sequences).toEqual(updates.map((_update, n) => (sequences[0] ?? 0) + n))
  const starts = updates.map(({ inferenceMetrics }) => Date.parse(inferenceMetrics.metrics.at))
  expect(starts).toEqual(updates.map((_update, n) => (starts[0] ?? 0) + n * WINDOW_MS))
  expect(updates.filter(({ inferenceMetrics }) => inferenceMetrics.skipped !== 0)).toEqual([])
}

async function expectNote(events: Subscription<Record<string, { event: { note: string } }>>, note: string) {
  const { deploymentEvents } = await events.next()
  expect(deploymentEvents?.event.note).toBe(note)
}
