import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeId } from '../src/graphql/ids.ts'
import { EventRecords } from '../src/deployments/event-records.ts'
import { SourceChanges } from '../src/deployments/source-changes.ts'
import type { SourceTransition } from '../src/recording/sources/source-health.ts'
import { pause, registerJob, remove, succeed } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { liveClient } from './live-clients.ts'
import { Queue } from './queue.ts'
import { CountingServer } from './scraping/counting-server.ts'
import { WebhookReceiver } from './webhook-receiver.ts'

const ERROR = 'Connecting to gpu7:8000 was refused. Start the server, or correct the URL.'

describe.each(await testDatabaseKinds())('the health of a source, on %s', (kind) => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp(kind, {
      sampleIntervalMs: 1000,
      webhookAllowedHosts: ['127.0.0.1'],
      scrapeAllowedHosts: ['127.0.0.1'],
    })
  })
  afterAll(() => app[Symbol.asyncDispose]())

  async function deployScraped(): Promise<{ id: string; key: number; since: Date; became: Became }> {
    const source = { scrape: { url: 'http://gpu7.invalid:8000/metrics', intervalSeconds: 60 } }
    const { deployment } = await succeed<{ deployment: { id: string } }>(
      app.client,
      'deployTrainingJob',
      { trainingJobId: await registerJob(app.client), source },
      'deployment { id }',
    )
    const { id: deploymentId } = decodeId(deployment.id)
    const { key, createdAt } = await app.deps.services.prisma.deployment.findUniqueOrThrow({
      where: { id: deploymentId },
    })
    const became: Became = (status, seconds, error = null) => ({
      deploymentKey: key,
      deploymentId,
      status,
      error,
      atMs: createdAt.getTime() + seconds * 1000,
    })
    return { id: deployment.id, key, since: createdAt, became }
  }
  type Became = (status: SourceTransition['status'], seconds: number, error?: string | null) => SourceTransition

  const HEALTH = 'health { status since lastError }'
  const healthOf = async (id: string) => {
    const query = `query ($id: ID!) { deployment(id: $id) { source { ${HEALTH} }
      events(first: 20, orderBy: { field: AT, direction: ASC }) { nodes { kind by note at } } } }`
    const { deployment } = await app.client.data<{
      deployment: { source: { health: object }; events: { nodes: { kind: string; note: string | null }[] } }
    }>(query, { id })
    return { health: deployment.source.health, events: deployment.events.nodes.slice(1) }
  }
  /** Tells the server of what a source became, and waits until it is written. */
  async function tell(...transitions: SourceTransition[]): Promise<void> {
    for (const transition of transitions) app.deps.sourceChanges.onTransition(transition)
    await app.deps.sourceChanges.idle()
  }

  it('changes with an event, a webhook and a message to those who follow it, in one order', async () => {
    await using receiver = await WebhookReceiver.start()
    const events = ['SOURCE_UP', 'SOURCE_DEGRADED', 'SOURCE_DOWN'].map((event) => `DEPLOYMENT_${event}`)
    await succeed(app.client, 'createWebhook', { name: 'hook', url: receiver.url(), events }, 'webhook { id }')
    const { id, since, became } = await deployScraped()
    await using live = liveClient('websocket', app.origin)
    await using feed = live.subscribe<{
      deploymentEvents: { event: { kind: string; by: string; note: string | null; deployment: object } }
    }>(`subscription { deploymentEvents { event { kind by note deployment { source { ${HEALTH} } } } } }`)
    const at = (seconds: number) => new Date(since.getTime() + seconds * 1000).toISOString()
    const steps = [
      ['UP', 5, null],
      ['DEGRADED', 15, ERROR],
      ['DOWN', 20, ERROR],
      ['UP', 40, null],
    ] as const
    for (const [status, seconds, error] of steps) {
      await tell(became(status, seconds, error))
      const health = { status, since: at(seconds), lastError: error }
      expect((await healthOf(id)).health).toEqual(health)
      const { event } = (await feed.next()).deploymentEvents
      expect(event).toEqual({
        kind: `SOURCE_${status}`,
        by: 'Gaugeline',
        note: error,
        deployment: { source: { health } },
      })
      const { body } = await receiver.next()
      expect(body).toMatchObject({
        type: `deployment.source_${status.toLowerCase()}`,
        timestamp: at(seconds),
        data: { deploymentId: id, by: 'Gaugeline', note: error },
      })
    }
    expect((await healthOf(id)).events.map((event) => event.kind)).toEqual(steps.map(([status]) => `SOURCE_${status}`))
    await app.deps.services.prisma.webhook.deleteMany()
  })

  it('tells nothing that is known already, but the newest reason', async () => {
    const { id, became } = await deployScraped()
    await tell(became('DOWN', 15, ERROR), became('DOWN', 20, 'The answer was 401.'))
    expect(await healthOf(id)).toMatchObject({
      health: { status: 'DOWN', lastError: 'The answer was 401.' },
      events: [{ kind: 'SOURCE_DOWN', note: ERROR }],
    })
  })

  it('is told in one line of text, whatever a target calls its models', async () => {
    const { id, became } = await deployScraped()
    await tell(became('DOWN', 15, 'Several models match: a\u0000b or\nc.'))
    const told = 'Several models match: a b or c.'
    expect(await healthOf(id)).toMatchObject({ health: { status: 'DOWN', lastError: told }, events: [{ note: told }] })
  })

  it('is not touched by what a source became before it was replaced, paused or deleted', async () => {
    const { id, became, key } = await deployScraped()
    await tell(became('DOWN', -1, ERROR))
    expect(await healthOf(id)).toMatchObject({ health: { status: 'WAITING', lastError: null }, events: [] })
    await pause(app.client, id)
    await tell(became('DOWN', 30, ERROR))
    expect((await healthOf(id)).health).toMatchObject({ status: 'WAITING' })
    await succeed(
      app.client,
      'updateDeploymentSource',
      { deploymentId: id, source: { simulated: {} } },
      'deployment { id }',
    )
    await tell(became('UP', 31))
    expect((await healthOf(id)).events.map((event) => event.kind)).toEqual(['PAUSED', 'SOURCE_CHANGED'])
    const other = await deployScraped()
    await remove(app.client, other.id)
    const { prisma } = app.deps.services
    const before = await prisma.deploymentEvent.count()
    await tell(other.became('UP', 5))
    expect(await prisma.deploymentEvent.count()).toBe(before)
    expect(await prisma.sourceState.count({ where: { deploymentKey: { in: [key, other.key] } } })).toBe(0)
  })

  it('is told in the end, however long the database fails meanwhile, and only what it is by then', async () => {
    const { id, became } = await deployScraped()
    const { prisma, reader, cursors } = app.deps.services
    const { bus, outbox } = app.deps
    const events = new EventRecords({ prisma, reader, outbox, cursors, bus })
    const pauses = new Queue<() => void>()
    const errors: unknown[] = []
    let isFailing = true
    const failing = new Proxy(prisma, {
      get: (target, name) =>
        name === '$transaction' && isFailing
          ? () => Promise.reject(new Error('the database is gone'))
          : (Reflect.get(target, name) as unknown),
    })
    const changes = new SourceChanges({
      prisma: failing,
      events,
      onError: (error) => void errors.push(error),
      sleep: () => new Promise<void>((resolve) => pauses.push(resolve)),
    })
    changes.onTransition(became('UP', 5))
    const first = await pauses.next()
    changes.onTransition(became('DEGRADED', 15, ERROR))
    changes.onTransition(became('DOWN', 20, ERROR))
    first()
    const second = await pauses.next()
    isFailing = false
    second()
    await changes.idle()
    expect(errors).toHaveLength(2)
    expect(await healthOf(id)).toMatchObject({ health: { status: 'DOWN' }, events: [{ kind: 'SOURCE_DOWN' }] })
    await changes.stop()
    changes.onTransition(became('UP', 60))
    await changes.idle()
    expect((await healthOf(id)).health).toMatchObject({ status: 'DOWN' })
  })

  it('is that of a real server: up with its first answer, and down when it fails', async () => {
    await using server = await CountingServer.start()
    await using live = liveClient('websocket', app.origin)
    await using feed = live.subscribe<{ deploymentEvents: { event: { kind: string; note: string | null } } }>(
      'subscription { deploymentEvents { event { kind note } } }',
    )
    const source = { scrape: { url: server.url, intervalSeconds: 1 } }
    const { deployment } = await succeed<{ deployment: { id: string } }>(
      app.client,
      'deployTrainingJob',
      { trainingJobId: await registerJob(app.client), source },
      'deployment { id }',
    )
    const next = async (kind: string) => {
      for (;;) {
        const { event } = (await feed.next()).deploymentEvents
        if (event.kind === kind) return event
      }
    }
    expect(await next('SOURCE_UP')).toEqual({ kind: 'SOURCE_UP', note: null })
    const query = `query ($id: ID!) { deployment(id: $id) { source {
      health { status since lastSuccessAt lastError durationMs series } } } }`
    const health = async () =>
      (await app.client.data<{ deployment: { source: { health: Record<string, unknown> } } }>(query, deployment))
        .deployment.source.health
    await expect.poll(health).toMatchObject({
      status: 'UP',
      lastSuccessAt: expect.any(String),
      lastError: null,
      durationMs: expect.any(Number),
      series: 2,
    })
    server.manner = 'fails'
    const { note } = await next('SOURCE_DOWN')
    expect(note).toMatch(/^[A-Z1].*\.$/)
    expect(await health()).toMatchObject({ status: 'DOWN', lastError: note, series: 2 })
    await pause(app.client, deployment.id)
  })

  it('ends to wait when the server stops, whatever the database does', async () => {
    const { became } = await deployScraped()
    const prisma = new Proxy(app.deps.services.prisma, {
      get: () => () => Promise.reject(new Error('the database is gone')),
    })
    const failed = new Queue<unknown>()
    const changes = new SourceChanges({ prisma, events: {} as never, onError: (error) => failed.push(error) })
    changes.onTransition(became('UP', 5))
    expect(await failed.next()).toMatchObject({ message: 'the database is gone' })
    await changes.stop()
    expect(failed.size).toBe(0)
  })
})
