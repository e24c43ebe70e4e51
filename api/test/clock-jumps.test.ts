import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { describe, expect, it } from 'vitest'
import type { TimeSources } from '../src/base/clock.ts'
import { openSession } from './access.ts'
import { deploy, succeed } from './acts.ts'
import { createTestApp } from './create-test-app.ts'
import { GraphQLTestClient } from './graphql-client.ts'
import { liveClient } from './live-clients.ts'
import { sequenceOf } from './process/documents.ts'
import { WebhookReceiver } from './webhook-receiver.ts'

const WINDOW_MS = 100
const HOUR_MS = 3_600_000
const SAMPLES = `subscription ($id: ID!, $after: SampleCursor) {
  inferenceMetrics(deploymentId: $id, after: $after) { cursor skipped metrics { at } }
}`

interface Update {
  inferenceMetrics: { cursor: string; skipped: number; metrics: { at: string } }
}

const sequences = (updates: Update[]) => updates.map(({ inferenceMetrics }) => sequenceOf(inferenceMetrics.cursor))
/** From the start of each window to that of the next one. */
const steps = (updates: Update[]) => {
  const starts = updates.map(({ inferenceMetrics }) => Date.parse(inferenceMetrics.metrics.at))
  return starts.slice(1).map((start, n) => start - (starts[n] ?? 0))
}

/** Somebody sets the clock of the machine, or suspends it. */
class SettableTime implements TimeSources {
  setBy = 0
  suspendedMs = 0
  wall = (): number => Date.now() + this.suspendedMs + this.setBy
  monotonic = (): number => performance.now() + this.suspendedMs
}

describe.each(await testDatabaseKinds())('the clock of a server on %s', (kind) => {
  it('may be set back and forward: sequences grow by one, window starts grow, and nobody is cut off', async () => {
    const time = new SettableTime()
    await using app = await createTestApp(kind, { sampleIntervalMs: WINDOW_MS }, undefined, time)
    const id = await deploy(app.client)
    const given: Update[] = []
    await using live = liveClient('websocket', app.origin)
    await using log = live.subscribe<Update>(SAMPLES, { id })
    const take = async (count: number) => given.push(...(await log.take(count)))

    await take(5)
    time.setBy -= HOUR_MS
    await take(10)
    expect(new Set(steps(given))).toEqual(new Set([WINDOW_MS]))

    // By less than a minute: caught up. By more: a gap of what lies further back.
    time.setBy += HOUR_MS + 30_000
    await take(300 + 5)
    expect(new Set(steps(given))).toEqual(new Set([WINDOW_MS]))
    time.suspendedMs += HOUR_MS
    await take(600 + 5)
    const gaps = steps(given).filter((step) => step !== WINDOW_MS)
    expect(gaps).toHaveLength(1)
    expect(gaps[0]).toBeGreaterThan(HOUR_MS - 2 * 60_000)

    // Back again while it was down: its samples must not begin again in what is now the past.
    time.setBy -= 2 * HOUR_MS
    await using again = await app.restart()
    await using liveAgain = liveClient('websocket', again.origin)
    await using rest = liveAgain.subscribe<Update>(SAMPLES, { id, after: given.at(-1)?.inferenceMetrics.cursor })
    given.push(...(await rest.take(5)))

    const [first = 0] = sequences(given)
    expect(sequences(given)).toEqual(given.map((_update, n) => first + n))
    expect(given.filter(({ inferenceMetrics }) => inferenceMetrics.skipped !== 0)).toEqual([])
    expect(steps(given).filter((step) => step < WINDOW_MS)).toEqual([])
  }, 120_000)

  it('may be two hours ahead for a moment: then nothing is, also after a restart', async () => {
    const time = new SettableTime()
    const settings = { sampleIntervalMs: WINDOW_MS, webhookAllowedHosts: ['127.0.0.1'] }
    await using app = await createTestApp(kind, settings, undefined, time)
    await using receiver = await WebhookReceiver.start()
    const id = await deploy(app.client)
    const given: Update[] = []
    await using live = liveClient('websocket', app.origin)
    await using log = live.subscribe<Update>(SAMPLES, { id })
    given.push(...(await log.take(3)))

    const link = new URL(app.newSignInUrl())

    time.setBy = 2 * HOUR_MS
    await openSession(app.origin, { secret: link.hash.slice(1) })
    given.push(...(await log.take(5)))
    const later = await deploy(app.client)
    await using logOfLater = live.subscribe<Update>(SAMPLES, { id: later })
    await logOfLater.take(1)
    time.setBy = 0
    given.push(...(await log.take(3)))

    await using again = await app.restart()
    await using liveAgain = liveClient('websocket', again.origin)
    await using rest = liveAgain.subscribe<Update>(SAMPLES, { id, after: given.at(-1)?.inferenceMetrics.cursor })
    given.push(...(await rest.take(5)))
    expect(new Set(steps(given))).toEqual(new Set([WINDOW_MS]))
    const lastAt = Date.parse(given.at(-1)?.inferenceMetrics.metrics.at ?? '')
    expect(Math.abs(lastAt - Date.now())).toBeLessThan(60_000)

    const expiresAt = new Date(Date.now() + HOUR_MS).toISOString()
    const { secret } = await succeed<{ secret: string }>(
      again.client,
      'createApiToken',
      { name: 'for an hour', scopes: ['READ'], expiresAt },
      'secret',
    )
    const reader = GraphQLTestClient.withToken(again.origin, secret)
    expect(await reader.data('{ viewer { name } }')).toEqual({ viewer: { name: 'for an hour' } })
    await succeed(
      again.client,
      'createWebhook',
      { name: 'h', url: receiver.url(), events: ['DEPLOYMENT_DEPLOYED'] },
      'secret',
    )
    await deploy(again.client)
    const { headers } = await receiver.next()
    expect(Math.abs(Number(headers['webhook-timestamp']) * 1000 - Date.now())).toBeLessThan(60_000)
  })
})
