import { openDatabase } from '@gaugeline/prisma'
import { prepareTestDatabase, type TestDatabaseLocation, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { deploy, succeed } from '../acts.ts'
import { GraphQLTestClient } from '../graphql-client.ts'
import { WebhookReceiver } from '../webhook-receiver.ts'
import { ADMIN_TOKEN, ServerProcess, settingsOf } from './server-process.ts'

/** Brings the time of every retry, and the end of every lease, to now: the schedule itself has tests of its own. */
async function makeDue({ url, dataDir }: TestDatabaseLocation): Promise<void> {
  const database = await openDatabase({ url, dataDir: dataDir ?? '' })
  try {
    await database.pool.query('update webhooks set leased_until = now() where leased_until is not null')
    await database.pool.query('update webhook_deliveries set next_attempt_at = now() where next_attempt_at is not null')
  } finally {
    await database.close()
  }
}

describe.each(await testDatabaseKinds())('a webhook on %s', (kind) => {
  it('is delivered after the server was killed, between two attempts and during an attempt', async () => {
    await using receiver = await WebhookReceiver.start()
    await using database = await prepareTestDatabase(kind)
    const settings = { ...settingsOf(database), WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' }

    receiver.answer = (response) => void response.writeHead(500).end()
    const first = await ServerProcess.serving(settings)
    await using _first = first.server
    const client = GraphQLTestClient.withToken(first.origin, ADMIN_TOKEN)
    const { secret } = await succeed<{ secret: string }>(
      client,
      'createWebhook',
      { name: 'a hook', url: receiver.url(), events: ['DEPLOYMENT_DEPLOYED'] },
      'secret',
    )
    const deploymentId = await deploy(client)
    const failed = await receiver.next()
    await first.server.kill()
    await makeDue(database)

    // Not answered: the server dies while it waits.
    receiver.answer = () => undefined
    const second = await ServerProcess.serving(settings)
    await using _second = second.server
    const cut = await receiver.next()
    await second.server.kill()
    await makeDue(database)

    receiver.answer = (response) => void response.writeHead(204).end()
    const third = await ServerProcess.serving(settings)
    await using _third = third.server
    const told = await receiver.next()
    expect(new Webhook(secret).verify(told.text, told.headers as Record<string, string>)).toMatchObject({
      type: 'deployment.deployed',
      data: { deploymentId },
    })
    for (const earlier of [failed, cut]) {
      expect([earlier.text, earlier.headers['webhook-id']]).toEqual([told.text, told.headers['webhook-id']])
    }
  }, 120_000)

  it('that does not answer delays the shutdown by a few seconds at most, and is called again after the restart', async () => {
    await using receiver = await WebhookReceiver.start()
    await using database = await prepareTestDatabase(kind)
    const settings = { ...settingsOf(database), WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' }
    receiver.answer = () => undefined
    const first = await ServerProcess.serving(settings)
    await using _first = first.server
    const client = GraphQLTestClient.withToken(first.origin, ADMIN_TOKEN)
    const hook = { name: 'a hook', url: receiver.url(), events: ['DEPLOYMENT_DEPLOYED'] }
    await succeed(client, 'createWebhook', hook, 'secret')
    await deploy(client)
    const cut = await receiver.next()
    const { code, ms } = await first.server.end()
    expect(code).toBe(0)
    expect(ms).toBeLessThan(8000)

    receiver.answer = (response) => void response.writeHead(204).end()
    const second = await ServerProcess.serving(settings)
    await using _second = second.server
    expect((await receiver.next()).headers['webhook-id']).toBe(cut.headers['webhook-id'])
  }, 120_000)
})
