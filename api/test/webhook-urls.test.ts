import { expect, it } from 'vitest'
import { deploy, succeed } from './acts.ts'
import { createTestApp } from './create-test-app.ts'
import { WebhookReceiver } from './webhook-receiver.ts'

it('webhooks show where they lead, however their URLs were written, also those of earlier versions', async () => {
  await using app = await createTestApp('embedded', { sampleIntervalMs: 60_000, webhookAllowedHosts: ['127.0.0.1'] })
  await using receiver = await WebhookReceiver.start()
  const { port } = new URL(receiver.url())
  const disguised = `http://127.0.0.①:${port}\\@127.0.0.9/`
  const shown = `http://127.0.0.1:${port}/@127.0.0.9/`
  const change = (mutation: string, input: Record<string, unknown>) =>
    succeed<{ webhook: { id: string; url: string } }>(app.client, mutation, input, 'webhook { id url }')

  const { webhook } = await change('createWebhook', { name: 'a hook', url: disguised, events: ['DEPLOYMENT_DEPLOYED'] })
  expect(webhook.url).toBe(shown)
  await deploy(app.client)
  expect((await receiver.next()).path).toBe('/@127.0.0.9/')
  const moved = await change('updateWebhook', { webhookId: webhook.id, url: ` HTTP://127.0.0.1:${port}/a b\n` })
  expect(moved.webhook.url).toBe(`http://127.0.0.1:${port}/a%20b`)

  await app.deps.services.prisma.webhook.updateMany({ data: { url: disguised } })
  expect(await app.client.data('{ webhooks { edges { node { url } } } }')).toEqual({
    webhooks: { edges: [{ node: { url: shown } }] },
  })
})
