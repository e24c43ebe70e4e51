import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { MAX_RUNNING_COST } from '../src/base/limits.ts'
import { ADMIN_TOKEN, createTestApp } from './create-test-app.ts'
import { Queue } from './queue.ts'
import { WsTestClient } from './ws-client.ts'

/** Reads a day of samples whenever anything happens. */
const heavy = (one: number) => `subscription { deploymentEvents { event { deployment {
  metricsHistory(from: "2020-01-01T00:00:00Z", maxPoints: 1, to: "2026-01-01T00:00:00.${String(one).padStart(3, '0')}Z") { resolutionSeconds } } } } }`

/** Of one: a point for every 30 s of a day, and its fields. */
const COST = 2895
/** More than a caller can afford. */
const ASKED = 60

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
