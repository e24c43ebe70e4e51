import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, pause, remove, resume, unknownId } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { liveClient, type LiveClient, TRANSPORTS } from './live-clients.ts'

interface Update {
  inferenceMetrics: { cursor: string; skipped: number; metrics: { at: string; requests: number; windowSeconds: number } }
}

const SAMPLES = /* GraphQL */ `
  subscription ($id: ID!, $after: SampleCursor) {
    inferenceMetrics(deploymentId: $id, after: $after) {
      cursor
      skipped
      metrics { at requests windowSeconds latency { p50Ms p99Ms quantile(q: 0.9) } }
    }
  }
`

const at = ({ inferenceMetrics }: Update) => inferenceMetrics.metrics.at
const cursorOf = (update: Update | undefined) => update?.inferenceMetrics.cursor

/** Starts of all windows that are stored, ascending. */
async function stored({ client }: TestApp, id: string): Promise<string[]> {
  const { deployment } = await client.data<{ deployment: { recentMetrics: { at: string }[] } }>(
    'query ($id: ID!) { deployment(id: $id) { recentMetrics { at } } }',
    { id },
  )
  return deployment.recentMetrics.map((sample) => sample.at)
}

/** The windows from the first to the last of these that are stored: what a follower must have been given. */
async function storedBetween(app: TestApp, id: string, given: string[]): Promise<string[]> {
  return (await stored(app, id)).filter((start) => start >= (given[0] ?? '') && start <= (given.at(-1) ?? ''))
}

describe.each(await testDatabaseKinds())('the server on %s', (kind) => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 50 })
  })
  afterAll(() => app[Symbol.asyncDispose]())

  describe.each(TRANSPORTS)('sends the samples of a deployment over %s', (transport) => {
    let live: LiveClient
    let id: string
    beforeAll(async () => {
      live = liveClient(transport, app.origin)
      id = await deploy(app.client)
    })
    afterAll(() => live[Symbol.asyncDispose]())

    it('from the newest on, each window once and in order', async () => {
      await using first = live.subscribe<Update>(SAMPLES, { id })
      await first.take(5)
      const before = await stored(app, id)
      await using second = live.subscribe<Update>(SAMPLES, { id })
      const updates = await second.take(10)
      const given = updates.map(at)
      expect(given[0]! >= before.at(-1)!).toBe(true)
      expect(given).toEqual(await storedBetween(app, id, given))
      expect(updates.every(({ inferenceMetrics }) => inferenceMetrics.skipped === 0)).toBe(true)
      expect(updates[0]?.inferenceMetrics.metrics.windowSeconds).toBe(0.05)
    })
  })
})
