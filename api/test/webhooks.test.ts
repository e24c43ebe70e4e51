import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { deploy, mutate, type MutationResult, pause, registerJob, remove, resume, succeed, unknownId } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { type ReceivedWebhook, WebhookReceiver } from './webhook-receiver.ts'

interface Created {
  webhook: { id: string }
  secret: string | null
}
interface Delivery {
  id: string
  messageId: string
  type: string
  body: string
  status: string
  nextAttemptAt: string | null
  attempts: { at: string; durationMs: number; statusCode: number | null; failure: string | null }[]
}

const ALL = `DEPLOYMENT_DEPLOYED DEPLOYMENT_PAUSED DEPLOYMENT_RESUMED DEPLOYMENT_DELETED TRAINING_JOB_COMPLETED
  TRAINING_JOB_FAILED`.split(/\s+/)
const DELIVERY = 'id messageId type body status nextAttemptAt attempts { at durationMs statusCode failure }'

describe.each(await testDatabaseKinds())('webhooks, through the API on %s', (kind) => {
  let app: TestApp
  let receiver: WebhookReceiver
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 60_000, webhookAllowedHosts: ['127.0.0.1'] })
  })
  afterAll(() => app[Symbol.asyncDispose]())
  beforeEach(async () => {
    receiver = await WebhookReceiver.start()
  })
  afterEach(async () => {
    await app.deps.services.prisma.webhook.deleteMany()
    await receiver[Symbol.asyncDispose]()
  })

  const act = <T = MutationResult>(mutation: string, input: Record<string, unknown>, fields?: string) =>
    mutate<T>(app.client, mutation, input, fields)
  async function create(input: Record<string, unknown> = {}) {
    const { webhook, secret } = await succeed<Created>(
      app.client,
      'createWebhook',
      { name: 'a hook', url: receiver.url(), events: ['DEPLOYMENT_DEPLOYED'], ...input },
      'webhook { id } secret',
    )
    return { webhookId: webhook.id, secret: secret ?? '' }
  }
  const verified = (secret: string, { text, headers }: ReceivedWebhook) =>
    new Webhook(secret).verify(text, headers as Record<string, string>)
  async function deliveries(webhookId: string): Promise<Delivery[]> {
    const query = `query ($id: ID!) { node(id: $id) { ... on Webhook { deliveries { edges { node { ${DELIVERY} } } } } } }`
    const { node } = await app.client.data<{ node: { deliveries: { edges: { node: Delivery }[] } } }>(query, {
      id: webhookId,
    })
    return node.deliveries.edges.map((edge) => edge.node)
  }
  /** Of the newest delivery, once what came of its first attempt is written. */
  const attempted = (webhookId: string) =>
    vi.waitUntil(async () => {
      const [newest] = await deliveries(webhookId)
      return newest?.attempts.length === 1 ? newest : undefined
    }, 20_000)

  it('receive every event that they subscribe to, signed, with ids that the API knows', async () => {
    const { secret } = await create({ events: ALL })
    const trainingJobId = await registerJob(app.client, { modelName: 'hooked', name: 'the job' })
    const completed = await receiver.next()
    expect(verified(secret, completed)).toEqual({
      type: 'training_job.completed',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: {
        trainingJobId,
        model: 'hooked',
        name: 'the job',
        by: 'admin',
        finalLoss: null,
        finalAccuracy: null,
        failureReason: null,
      },
    })

    const deploymentId = await deploy(app.client, { trainingJobId, note: 'ship it' })
    const deployed = await receiver.next()
    expect(deployed.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'Gaugeline' })
    expect(verified(secret, deployed)).toMatchObject({
      type: 'deployment.deployed',
      data: { deploymentId, model: 'hooked', version: 'v1.0.0', by: 'admin', note: 'ship it' },
    })
    const { eventId, cursor } = deployed.body.data
    const node = await app.client.data(
      'query ($id: ID!) { node(id: $id) { ... on DeploymentEvent { kind cursor at } } }',
      {
        id: eventId,
      },
    )
    expect(node).toEqual({ node: { kind: 'DEPLOYED', cursor, at: deployed.body.timestamp } })

    await pause(app.client, deploymentId)
    await resume(app.client, deploymentId)
    await remove(app.client, deploymentId)
    const rest = await receiver.received.take(4)
    expect(rest.map(({ body }) => body.type)).toEqual(
      ['paused', 'resumed', 'paused', 'deleted'].map((what) => `deployment.${what}`),
    )
    for (const one of rest) expect(verified(secret, one)).toMatchObject({ data: { deploymentId, note: null } })
    expect(new Set(rest.map(({ headers }) => headers['webhook-id'])).size).toBe(4)

    const failingId = await registerJob(app.client, { status: 'RUNNING' })
    const failed = { trainingJobId: failingId, status: 'FAILED', failureReason: 'out of memory' }
    await succeed(app.client, 'updateTrainingJob', failed, 'trainingJob { id }')
    expect(await receiver.next()).toMatchObject({
      body: { type: 'training_job.failed', data: { trainingJobId: failingId, failureReason: 'out of memory' } },
    })
  })

  it('are logged with their outcome, and sent again on demand under the same id', async () => {
    const { webhookId, secret } = await create()
    receiver.answer = (response) => void response.writeHead(503).end('a secret of the receiver')
    await deploy(app.client)
    const first = await receiver.next()
    const failed = await attempted(webhookId)
    expect(failed).toMatchObject({
      type: 'deployment.deployed',
      body: first.text,
      messageId: first.headers['webhook-id'],
      status: 'PENDING',
      attempts: [{ statusCode: 503, failure: 'STATUS' }],
    })
    const wait = Date.parse(failed.nextAttemptAt ?? '') - Date.parse(failed.attempts[0]?.at ?? '')
    expect(wait).toBeGreaterThan(3900)
    expect(wait).toBeLessThan(8000)
    expect(JSON.stringify(await app.deps.services.prisma.webhookDelivery.findMany())).not.toContain('a secret of')

    receiver.answer = (response) => void response.writeHead(200).end()
    const { delivery } = await succeed<{ delivery: Delivery }>(
      app.client,
      'redeliverWebhook',
      { deliveryId: failed.id },
      `delivery { ${DELIVERY} }`,
    )
    expect(delivery).toMatchObject({ status: 'PENDING', messageId: failed.messageId, attempts: [] })
    const second = await receiver.next()
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id'])
    expect(verified(secret, second)).toEqual(first.body)
    expect(await attempted(webhookId)).toMatchObject({ id: delivery.id, status: 'SUCCEEDED', nextAttemptAt: null })
  })

  it('are tested with a message without content', async () => {
    const { webhookId, secret } = await create()
    await succeed(app.client, 'sendTestWebhook', { webhookId }, 'delivery { id }')
    const test = await receiver.next()
    expect(verified(secret, test)).toMatchObject({
      type: 'webhook.test',
      data: { webhookId, name: 'a hook', by: 'admin' },
    })
    await succeed(app.client, 'updateWebhook', { webhookId, enabled: false }, 'webhook { enabled }')
    expect(await act('sendTestWebhook', { webhookId })).toMatchObject({ __typename: 'WebhookDisabledError' })
  })

  it('rotate their secret without a gap: for a day both secrets sign', async () => {
    const { webhookId, secret } = await create()
    const { secret: next } = await succeed<Created>(
      app.client,
      'rotateWebhookSecret',
      { webhookId },
      'secret webhook { previousSecretUntil }',
    )
    expect(next).not.toBe(secret)
    await succeed(app.client, 'sendTestWebhook', { webhookId }, 'delivery { id }')
    const test = await receiver.next()
    expect(verified(secret, test)).toEqual(verified(next ?? '', test))
  })

  it('follow no redirect, stop at 410 Gone, and do not wait for one another', async () => {
    const gone = await create({ url: receiver.url('/gone') })
    const moved = await create({ url: receiver.url('/moved') })
    receiver.answer = (response, { path }) =>
      void response.writeHead(path === '/gone' ? 410 : 302, { location: receiver.url('/elsewhere') }).end()
    await deploy(app.client)
    expect((await receiver.received.take(2)).map(({ path }) => path).toSorted()).toEqual(['/gone', '/moved'])
    expect(await attempted(moved.webhookId)).toMatchObject({
      status: 'PENDING',
      attempts: [{ statusCode: 302, failure: 'STATUS' }],
    })
    expect(await attempted(gone.webhookId)).toMatchObject({ status: 'FAILED', attempts: [{ statusCode: 410 }] })
    const query = 'query ($id: ID!) { node(id: $id) { ... on Webhook { enabled isGone } } }'
    expect(await app.client.data(query, { id: gone.webhookId })).toEqual({ node: { enabled: false, isGone: true } })
    expect(receiver.received.size).toBe(0)
  })

  it('get one message at a time each, and at most eight are in flight in total', async () => {
    const hooks = await Promise.all(Array.from({ length: 12 }, (_, n) => create({ url: receiver.url(`/${n}`) })))
    const held: (() => void)[] = []
    receiver.answer = (response) => void held.push(() => void response.writeHead(204).end())
    const [a, b] = [await deploy(app.client), await deploy(app.client)]
    const first = await receiver.received.take(8)
    expect(new Set(first.map(({ path }) => path)).size).toBe(8)
    expect(receiver.open).toBe(8)
    receiver.answer = (response) => void response.writeHead(204).end()
    for (const release of held) release()
    const all = [...first, ...(await receiver.received.take(hooks.length * 2 - 8))]
    expect(receiver.mostOpen).toBe(8)
    for (const { path } of first) {
      const ids = all.filter((one) => one.path === path).map(({ body }) => body.data['deploymentId'])
      expect(ids).toEqual([a, b])
    }
  })

  it('are refused for private addresses, in the same words whether a host is unknown or internal', async () => {
    const input = { name: 'a hook', events: ['DEPLOYMENT_PAUSED'] }
    const inside = `http://127.0.0.2/ http://10.0.0.1/ http://169.254.169.254/latest/meta-data http://[::1]/
      http://[::ffff:7f00:1]/ http://2130706434/ http://0/ http://no-such-host.invalid/`
    const messages = new Set<unknown>()
    for (const url of inside.split(/\s+/)) {
      const result = await act('createWebhook', { ...input, url })
      expect({ url, ...result }).toMatchObject({ url, __typename: 'InvalidInputError', issues: [{ path: ['url'] }] })
      messages.add(result.issues?.[0]?.message)
    }
    expect(messages.size).toBe(1)
    const malformed = [
      '',
      'x',
      'ftp://1.1.1.1/',
      'https://a:b@1.1.1.1/',
      'https://1.1.1.1/#',
      `https://1.1.1.1/${'x'.repeat(2000)}`,
    ]
    for (const url of malformed) {
      expect({ url, ...(await act('createWebhook', { ...input, url })) }).toMatchObject({
        url,
        __typename: 'InvalidInputError',
        issues: [{ path: ['url'] }],
      })
    }
    expect(await act('createWebhook', { url: receiver.url(), name: ' ', events: [] })).toMatchObject({
      issues: [{ path: ['name'] }, { path: ['events'] }],
    })
    const { webhookId } = await create()
    expect(await act('updateWebhook', { webhookId, url: 'http://127.0.0.2/' })).toMatchObject({
      __typename: 'InvalidInputError',
    })
    expect(await app.deps.services.prisma.webhook.count()).toBe(1)
  })

  it('are checked again at every delivery: a name that now resolves to a private address is not called', async () => {
    const { webhookId } = await create()
    // As if it had led elsewhere when it was checked.
    const url = receiver.url('/inside', '127.0.0.2')
    await app.deps.services.prisma.webhook.updateMany({ data: { url } })
    await succeed(app.client, 'sendTestWebhook', { webhookId }, 'delivery { id }')
    expect(await attempted(webhookId)).toMatchObject({
      status: 'PENDING',
      attempts: [{ statusCode: null, failure: 'ADDRESS_REFUSED' }],
    })
    expect(receiver.received.size).toBe(0)
  })

  it('show their secret once: neither a retry with an idempotency key nor any query shows it', async () => {
    const input = { name: 'once', url: receiver.url(), events: ALL, idempotencyKey: `hook-${kind}` }
    const fields = '... on CreateWebhookSuccess { webhook { id } secret }'
    const first = await act<Created>('createWebhook', input, fields)
    expect(first.secret).toMatch(/^whsec_/)
    const again = await act<Created>('createWebhook', { ...input, events: ALL.toReversed() }, fields)
    expect(again).toEqual({ ...first, secret: null })
    expect(await act('createWebhook', { ...input, name: 'twice' })).toMatchObject({
      __typename: 'IdempotencyConflictError',
    })
    const query = '{ webhooks { edges { node { id name url events enabled createdAt createdBy isGone } } } }'
    const { webhooks } = await app.client.data<{ webhooks: { edges: object[] } }>(query)
    expect(webhooks.edges).toHaveLength(1)
    const { idempotencyKey, ...kept } = input
    expect(webhooks.edges[0]).toMatchObject({ node: { ...kept, enabled: true, createdBy: 'admin' } })
    expect(idempotencyKey).toBeDefined()
  })

  it('are unknown once they are deleted', async () => {
    const { webhookId } = await create()
    await succeed(app.client, 'sendTestWebhook', { webhookId }, 'delivery { id }')
    await receiver.next()
    const { id: deliveryId } = await attempted(webhookId)
    await succeed(app.client, 'deleteWebhook', { webhookId }, 'webhookId')
    for (const mutation of ['updateWebhook', 'deleteWebhook', 'rotateWebhookSecret', 'sendTestWebhook']) {
      expect(await act(mutation, { webhookId })).toMatchObject({ __typename: 'WebhookNotFoundError' })
      expect(await act(mutation, { webhookId: unknownId('Model') })).toMatchObject({ __typename: 'InvalidInputError' })
    }
    expect(await act('redeliverWebhook', { deliveryId })).toMatchObject({ __typename: 'WebhookDeliveryNotFoundError' })
    const query = 'query ($id: ID!) { node(id: $id) { id } }'
    expect(await app.client.data(query, { id: deliveryId })).toEqual({ node: null })
  })
})
