import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { MAX_RUNNING_COST } from '../src/base/limits.ts'
import { ADMIN_TOKEN, createTestApp } from './create-test-app.ts'
import { Queue } from './queue.ts'
import { WsTestClient } from './ws-client.ts'

const MIDNIGHT_MS = Math.floor(Date.now() / 86_400_000 - 30) * 86_400_000
const daysAgo = (days: number, ms = 0) => new Date(MIDNIGHT_MS - days * 86_400_000 + ms).toISOString()

/** Reads months of history whenever anything happens. */
const heavy = (one: number) => `subscription { deploymentEvents { event { deployment {
  metricsHistory(from: "${daysAgo(334)}", maxPoints: 2000, to: "${daysAgo(0, one)}") { resolutionSeconds } } } } }`

/** Of one: the windows of a history, its points and its fields. */
const COST = 1017
/** More than a caller can afford. */
const ASKED = 120

it('A caller whose running subscriptions cost too much is refused another one, but its queries are still answered', async () => {
  const [kind = 'embedded'] = await testDatabaseKinds()
  await using app = await createTestApp(kind, { sampleIntervalMs: 60_000 })
  const refusals = new Queue<unknown>()
  const clients: WsTestClient[] = []
  for (let one = 0; one < ASKED; one += 1) {
    if (one % 25 === 0) clients.push(await followed(app.origin, refusals))
    clients.at(-1)?.subscribe(heavy(one))
  }
  const affordable = Math.floor(MAX_RUNNING_COST / COST)
  for (let refused = affordable; refused < ASKED; refused += 1) {
    expect(await refusals.next()).toMatchObject({
      extensions: { code: 'LIMIT_EXCEEDED', limit: 'running', max: MAX_RUNNING_COST, asked: expect.any(Number) },
    })
  }
  expect(refusals.size).toBe(0)
  expect(await app.client.data('{ viewer { name } }')).toEqual({ viewer: { name: 'admin' } })
  for (const client of clients) await client.close()
})

/** A client whose results, which are refusals, go to a queue. */
async function followed(origin: string, refusals: Queue<unknown>): Promise<WsTestClient> {
  const client = await WsTestClient.connect(origin, ADMIN_TOKEN)
  client.socket.on('message', (data: Buffer) => {
    const { type, payload } = JSON.parse(data.toString()) as { type: string; payload?: { errors?: unknown[] } }
    if (type === 'next') refusals.push(payload?.errors?.[0])
  })
  return client
}
