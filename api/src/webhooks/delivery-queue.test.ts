import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { completedJob, createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import type { ClaimedDelivery, DeliveryOutcome } from './delivery.ts'
import { DeliveryQueue, KEPT_MS } from './delivery-queue.ts'
import { MAX_ATTEMPTS, RETRY_AFTER_S } from './retries.ts'
import { WebhookLimitError, WebhookNotFoundError } from './webhook.errors.ts'
import { QUOTAS } from '../base/limits.ts'
import { ROTATION_MS } from './webhooks.ts'

const by = 'amira'
const OK: DeliveryOutcome = { statusCode: 204, failure: null }
const BROKEN: DeliveryOutcome = { statusCode: 500, failure: 'STATUS' }

describe.each(await testDatabaseKinds())('deliveries on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let queue: DeliveryQueue
  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  beforeEach(async () => {
    deps = await createTestDeps(database)
    queue = new DeliveryQueue({ prisma: database.prisma, clock: deps.clock, random: () => 0.5 })
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const create = async (...events: ('DEPLOYMENT_DEPLOYED' | 'DEPLOYMENT_PAUSED')[]) =>
    (await deps.services.webhooks.create({ name: 'hook', url: 'https://8.8.8.8/hooks', events }, by)).webhook
  const deploy = async () => deps.services.deployments.deploy(await completedJob(deps), { by, note: 'why' })
  const claimOne = async (): Promise<ClaimedDelivery> => {
    const [delivery, ...more] = await queue.claim(8)
    if (delivery === undefined || more.length > 0) throw new Error('Not one delivery')
    return delivery
  }
  const record = (delivery: ClaimedDelivery, outcome: DeliveryOutcome) =>
    queue.record(delivery, { at: new Date(deps.clock.now()).toISOString(), durationMs: 12, ...outcome })
  const stored = (id: string) => database.prisma.webhookDelivery.findUniqueOrThrow({ where: { id } })

  it('are created in the transaction of the event, for the webhooks subscribed to it', async () => {
    const wanting = await create('DEPLOYMENT_DEPLOYED')
    await create('DEPLOYMENT_PAUSED')
    const disabled = await create('DEPLOYMENT_DEPLOYED')
    await deps.services.webhooks.update(disabled.id, { enabled: false })
    const deployment = await deploy()
    await expect(deps.services.deployments.deploy(deployment.trainingJobId, { by })).rejects.toThrow(/already active/)
    const delivery = await claimOne()
    expect(delivery).toMatchObject({ webhookId: wanting.id, url: wanting.url, secrets: [wanting.secret], attempts: 0 })
    expect(await database.prisma.webhookDelivery.count()).toBe(1)
  })

  it('are created for the events of the chosen models only, from the change on', async () => {
    const events = ['DEPLOYMENT_DEPLOYED', 'TRAINING_JOB_COMPLETED'] as const
    const input = { name: 'hook', url: 'https://8.8.8.8/hooks', events }
    const { webhook } = await deps.services.webhooks.create({ ...input, models: ['chosen', 'another'] }, by)
    const deployOf = async (model: string) => deps.services.deployments.deploy(await completedJob(deps, model), { by })
    const types = async () => {
      const rows = await database.prisma.webhookDelivery.findMany({ orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] })
      return rows.map(({ type, body }) => [type, (JSON.parse(body) as { data: { model: string } }).data.model])
    }
    await deployOf('other')
    await deployOf('chosen')
    const ofChosen = [
      ['training_job.completed', 'chosen'],
      ['deployment.deployed', 'chosen'],
    ]
    expect(await types()).toEqual(ofChosen)
    await deps.services.webhooks.update(webhook.id, { models: [] })
    deps.time.pass(1000)
    await deployOf('other')
    expect(await types()).toEqual([...ofChosen, ['training_job.completed', 'other'], ['deployment.deployed', 'other']])
  })

  it('are leased one at a time per webhook, the oldest first, until the outcome is recorded', async () => {
    await create('DEPLOYMENT_DEPLOYED')
    await create('DEPLOYMENT_DEPLOYED')
    await deploy()
    await deploy()
    expect(await queue.claim(1)).toHaveLength(1)
    const [second] = await queue.claim(8)
    expect(second).toBeDefined()
    expect(await queue.claim(8)).toEqual([])
    if (second) await record(second, OK)
    expect(await claimOne()).toMatchObject({ webhookId: second?.webhookId })
  })

  it('are never leased to two servers', async () => {
    for (let n = 0; n < 6; n += 1) await create('DEPLOYMENT_DEPLOYED')
    await deploy()
    const claims = (await Promise.all(Array.from({ length: 6 }, () => queue.claim(4)))).flat()
    expect(new Set(claims.map(({ id }) => id)).size).toBe(claims.length)
    expect(claims).toHaveLength(6)
  })

  it('are retried after each failure with growing waits, and given up in the end', async () => {
    await create('DEPLOYMENT_DEPLOYED')
    await deploy()
    let delivery = await claimOne()
    for (const seconds of RETRY_AFTER_S) {
      await record(delivery, BROKEN)
      const next = await queue.nextDueAt()
      expect(next?.getTime()).toBe(deps.clock.now() + seconds * 1000)
      deps.time.pass(seconds * 1000 - 1)
      expect(await queue.claim(8)).toEqual([])
      deps.time.pass(1)
      delivery = await claimOne()
    }
    await record(delivery, { statusCode: null, failure: 'TIMED_OUT' })
    expect(await queue.nextDueAt()).toBeNull()
    const { status, attempts } = await stored(delivery.id)
    expect(status).toBe('FAILED')
    expect(attempts).toHaveLength(MAX_ATTEMPTS)
    expect(attempts).toContainEqual({ at: expect.any(String), durationMs: 12, ...BROKEN })
  })

  it('succeed once, and record the outcome', async () => {
    await create('DEPLOYMENT_DEPLOYED')
    await deploy()
    const delivery = await claimOne()
    await record(delivery, OK)
    expect(await stored(delivery.id)).toMatchObject({ status: 'SUCCEEDED', nextAttemptAt: null, attempts: [OK] })
    expect(await queue.claim(8)).toEqual([])
  })

  it('of a server that died are leased again when its lease expires; what it records after that is ignored', async () => {
    await create('DEPLOYMENT_DEPLOYED')
    await deploy()
    const first = await claimOne()
    expect(await queue.claim(8)).toEqual([])
    expect(await queue.nextDueAt()).toEqual(first.leasedUntil)
    deps.time.pass(20_000)
    const second = await claimOne()
    expect(second).toMatchObject({ id: first.id, attempts: 0 })
    await record(second, BROKEN)
    await record(first, OK)
    const { status, attempts } = await stored(first.id)
    expect(status).toBe('PENDING')
    expect(attempts).toHaveLength(1)
  })

  it('whose attempt was aborted are due as before', async () => {
    await create('DEPLOYMENT_DEPLOYED')
    await deploy()
    const delivery = await claimOne()
    await queue.giveBack(delivery)
    expect(await claimOne()).toMatchObject({ id: delivery.id, attempts: 0 })
  })

  it('end with 410: the webhook is disabled, and gets deliveries again once somebody enables it', async () => {
    const { id } = await create('DEPLOYMENT_DEPLOYED')
    await deploy()
    const delivery = await claimOne()
    await record(delivery, { statusCode: 410, failure: 'STATUS' })
    expect(await stored(delivery.id)).toMatchObject({ status: 'FAILED' })
    expect(await database.prisma.webhook.findUnique({ where: { id } })).toMatchObject({ enabled: false, isGone: true })
    await deploy()
    expect(await queue.claim(8)).toEqual([])
    expect(await deps.services.webhooks.update(id, { enabled: true })).toMatchObject({ enabled: true, isGone: false })
    await deploy()
    expect(await claimOne()).toMatchObject({ webhookId: id })
  })

  it('wait while their webhook is disabled, and are deleted with it', async () => {
    const { id } = await create('DEPLOYMENT_DEPLOYED')
    await deploy()
    await deps.services.webhooks.update(id, { enabled: false })
    expect(await queue.claim(8)).toEqual([])
    expect(await queue.nextDueAt()).toBeNull()
    await deps.services.webhooks.update(id, { enabled: true, url: 'https://1.1.1.1/' })
    const delivery = await claimOne()
    expect(delivery.url).toBe('https://1.1.1.1/')
    await deps.services.webhooks.delete(id)
    await record(delivery, OK)
    expect(await database.prisma.webhookDelivery.count()).toBe(0)
    await expect(deps.services.webhooks.delete(id)).rejects.toBeInstanceOf(WebhookNotFoundError)
  })

  it('of a webhook that is being deleted do not make the event fail', async () => {
    const { id } = await create('DEPLOYMENT_DEPLOYED')
    const jobId = await completedJob(deps)
    let deploying: Promise<unknown> = Promise.resolve()
    await database.prisma.$transaction(async (tx) => {
      await tx.webhook.delete({ where: { id } })
      deploying = deps.services.deployments.deploy(jobId, { by })
      if (kind === 'embedded') return
      // Outside of the transaction, in which the view would always answer the same.
      const waiting = () =>
        database.prisma.$queryRaw<unknown[]>`
          select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
      await expect.poll(waiting, { timeout: 10_000 }).not.toEqual([])
    })
    expect(await deploying).toMatchObject({ status: 'ACTIVE' })
    expect(await database.prisma.webhookDelivery.count()).toBe(0)
  })

  it('can be recorded while their webhooks are deleted', async () => {
    for (let n = 0; n < 8; n += 1) await create('DEPLOYMENT_DEPLOYED')
    for (let n = 0; n < 5; n += 1) await deploy()
    const claimed = await queue.claim(8)
    expect(claimed).toHaveLength(8)
    // On PostgreSQL, rows locked in different orders would deadlock, and one of the two would fail.
    await Promise.all(
      claimed.flatMap((delivery) => [
        record(delivery, BROKEN),
        deps.services.webhooks.delete(delivery.webhookId),
        queue.removeExcess(1),
      ]),
    )
    expect(await database.prisma.webhookDelivery.count()).toBe(0)
  })

  it('are signed with both secrets for a day after a rotation', async () => {
    const before = await create('DEPLOYMENT_DEPLOYED')
    const { secret } = await deps.services.webhooks.rotateSecret(before.id)
    await deploy()
    const delivery = await claimOne()
    expect(delivery.secrets).toEqual([secret, before.secret])
    await queue.giveBack(delivery)
    deps.time.pass(ROTATION_MS)
    expect((await claimOne()).secrets).toEqual([secret])
    expect(await queue.forgetSecrets(deps.clock.now())).toBe(1)
    const after = await database.prisma.webhook.findUnique({ where: { id: before.id } })
    expect(after).toMatchObject({ secret, previousSecret: null, previousSecretUntil: null })
    expect(await queue.forgetSecrets(deps.clock.now())).toBe(0)
  })

  it('made while the wall clock was two hours ahead are due at once when it is right again, and so are leases', async () => {
    await create('DEPLOYMENT_DEPLOYED')
    deps.time.wallMs += 2 * 3_600_000
    await deploy()
    const failed = await claimOne()
    await record(failed, BROKEN)
    await deploy()
    const leased = await claimOne()
    deps.time.wallMs -= 2 * 3_600_000
    expect(await queue.claim(8)).toEqual([])
    expect(await queue.bringBack()).toBe(3)
    expect(await queue.bringBack()).toBe(0)
    const first = await claimOne()
    await record(first, OK)
    const second = await claimOne()
    expect([first.id, second.id].toSorted()).toEqual([failed.id, leased.id].toSorted())
  })

  it('are kept for a week, and only a limited number of the newest per webhook', async () => {
    const { id } = await create('DEPLOYMENT_DEPLOYED')
    const other = await create('DEPLOYMENT_DEPLOYED')
    for (let n = 0; n < 4; n += 1) {
      await deploy()
      deps.time.pass(1000)
    }
    const newest = (await deps.services.webhooks.deliveries(id, { first: 3 })).edges.map(({ node }) => node.id)
    expect(await queue.removeExcess(3)).toBe(2)
    expect(await queue.removeExcess(3)).toBe(0)
    const left = (await deps.services.webhooks.deliveries(id, {})).edges.map(({ node }) => node.id)
    expect(left).toEqual(newest)
    expect((await deps.services.webhooks.deliveries(other.id, {})).edges).toHaveLength(3)
    expect(await queue.removeOld(deps.clock.now())).toBe(0)
    deps.time.pass(KEPT_MS)
    expect(await queue.removeOld(deps.clock.now())).toBe(6)
  })

  it('go to at most fifty webhooks, even when the last ones are created concurrently', async () => {
    for (let n = 0; n < QUOTAS.webhooks - 2; n += 1) await create('DEPLOYMENT_DEPLOYED')
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => create('DEPLOYMENT_DEPLOYED')))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(WebhookLimitError)
    }
  })
})
