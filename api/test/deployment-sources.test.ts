import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../src/graphql/ids.ts'
import { deploy, mutate, type MutationResult, pause, registerJob, resume, succeed, unknownId } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { GraphQLTestClient } from './graphql-client.ts'

const SOURCE = `source { kind intervalSeconds
  scrape { url timeoutSeconds labels { name value } authorization server families { figure family unit } }
  health { status since lastSuccessAt lastError durationMs series server } }`
const URL = 'http://vllm-0.internal:8000/metrics'
const BEARER = 'a-very-secret-bearer-token'
const PASSWORD = 'a very secret pässword'

interface Shown {
  id: string
  source: {
    kind: string
    intervalSeconds: number
    scrape: Record<string, unknown> | null
    health: { status: string; since: string }
  }
}

describe.each(await testDatabaseKinds())('the source of a deployment, through the API on %s', (kind) => {
  let app: TestApp
  let logged = ''
  beforeAll(async () => {
    const log = pino({ level: 'trace' }, { write: (line: string) => void (logged += line) })
    app = await createTestApp(kind, { sampleIntervalMs: 60_000, scrapeAllowedHosts: ['10.1.0.0/16', 'gpu7'] }, log)
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const act = <T = MutationResult>(mutation: string, input: Record<string, unknown>, fields?: string) =>
    mutate<T>(app.client, mutation, input, fields)
  const deployWith = async (source?: object, more: object = {}): Promise<Shown> => {
    const trainingJobId = await registerJob(app.client)
    const input = { trainingJobId, source, ...more }
    return (await succeed<{ deployment: Shown }>(app.client, 'deployTrainingJob', input, `deployment { id ${SOURCE} }`))
      .deployment
  }
  const update = async (deploymentId: string, source: object, more: object = {}): Promise<Shown> => {
    const input = { deploymentId, source, ...more }
    const fields = `deployment { id ${SOURCE} }`
    return (await succeed<{ deployment: Shown }>(app.client, 'updateDeploymentSource', input, fields)).deployment
  }
  const shown = async (id: string): Promise<Shown> =>
    (await app.client.data<{ deployment: Shown }>(`query ($id: ID!) { deployment(id: $id) { id ${SOURCE} } }`, { id }))
      .deployment
  const row = async (id: string) =>
    app.deps.services.prisma.deployment.findUniqueOrThrow({
      where: { id: Buffer.from(id, 'base64').toString().replace('Deployment:', '') },
      include: { sourceState: true },
    })
  const eventsOf = async (id: string) => {
    const query = `query ($id: ID!) { deployment(id: $id) { events(first: 20) { nodes { kind by note } } } }`
    const { deployment } = await app.client.data<{
      deployment: { events: { nodes: { kind: string; by: string; note: string | null }[] } }
    }>(query, { id })
    return deployment.events.nodes.map(({ kind: what, by, note }) => [what, by, note]).toReversed()
  }
  it('is the simulator unless something else is said, with the interval of the server or its own', async () => {
    const { id, source } = await deployWith()
    expect(source).toMatchObject({ kind: 'SIMULATED', intervalSeconds: 60, scrape: null })
    const { deployment } = await app.client.data<{ deployment: { createdAt: string } }>(
      'query ($id: ID!) { deployment(id: $id) { createdAt } }',
      { id },
    )
    expect(source.health).toEqual({
      status: 'UP',
      since: deployment.createdAt,
      lastSuccessAt: null,
      lastError: null,
      durationMs: null,
      series: null,
      server: null,
    })
    expect(await row(id)).toMatchObject({ sourceState: null, sourceSettings: null, sourceSecret: null })
    const own = await deployWith({ simulated: { intervalSeconds: 5 } })
    expect(own.source).toMatchObject({ kind: 'SIMULATED', intervalSeconds: 5 })
  })

  it('says as which server a target was recognized that nobody has named', async () => {
    const { id } = await deployWith({ scrape: { url: URL } })
    const { key } = await row(id)
    await app.deps.services.prisma.sourceState.update({ where: { deploymentKey: key }, data: { server: 'VLLM' } })
    expect((await shown(id)).source).toMatchObject({ scrape: { server: null }, health: { server: 'VLLM' } })
  })

  it('is scraped with the defaults of a target, or with all that can be said of one, and begins to wait', async () => {
    const plain = await deployWith({ scrape: { url: 'http://VLLM-0.internal:8000/metrics' } })
    const settings = { url: URL, timeoutSeconds: 5, labels: [], authorization: null, server: null, families: [] }
    expect(plain.source).toMatchObject({ kind: 'SCRAPED', intervalSeconds: 5, scrape: settings })
    expect(plain.source.health).toMatchObject({ status: 'WAITING', lastSuccessAt: null, lastError: null, series: null })
    const families = [
      { figure: 'LATENCY', family: 'http_request_duration_seconds', unit: 'SECONDS' },
      { figure: 'KV_CACHE_USAGE', family: 'cache', unit: 'PERCENT' },
    ]
    const labels = [
      { name: 'model_name', value: 'llama 3' },
      { name: 'gen_ai.system', value: 'x' },
    ]
    const scrape = { url: 'http://10.1.2.3:9000/m?a=b', intervalSeconds: 30, timeoutSeconds: 2.5, labels }
    const given = { ...scrape, authorization: { bearer: BEARER }, mapping: { families } }
    const { id, source } = await deployWith({ scrape: given })
    expect(source).toMatchObject({
      intervalSeconds: 30,
      scrape: {
        url: 'http://10.1.2.3:9000/m?a=b',
        timeoutSeconds: 2.5,
        labels: labels.toReversed(),
        authorization: 'BEARER',
        server: null,
        families,
      },
    })
    expect(await row(id)).toMatchObject({
      intervalMs: 30_000,
      sourceSecret: `Bearer ${BEARER}`,
      sourceSettings: { labels: { model_name: 'llama 3', 'gen_ai.system': 'x' } },
      sourceState: { status: 'WAITING', baseline: null },
    })
    const named = await deployWith({ scrape: { url: URL, intervalSeconds: 60, mapping: { server: 'VLLM' } } })
    expect(named.source.scrape).toMatchObject({ server: 'VLLM', timeoutSeconds: 10, families: [] })
    expect((await deployWith({ report: {} })).source).toMatchObject({ kind: 'REPORTED', intervalSeconds: 10 })
  })

  it('changes in one step: other settings, a state that begins anew, an event of who and why', async () => {
    const { id, source: first } = await deployWith({ simulated: {} })
    const reader = row(id)
    const { key } = await reader
    const { prisma } = app.deps.services
    const head = () => prisma.sampleHead.findUniqueOrThrow({ where: { deploymentKey: key } })
    const before = await head()
    const scraped = await update(id, { scrape: { url: URL } }, { note: 'a real server' })
    expect(scraped.source).toMatchObject({ kind: 'SCRAPED', health: { status: 'WAITING' } })
    const { since } = scraped.source.health
    expect(since > first.health.since).toBe(true)
    // A window that began under the source before is not stored any more; the log goes on.
    expect(await head()).toEqual({ ...before, recordingSince: new Date(since) })
    await prisma.sourceState.update({
      where: { deploymentKey: key },
      data: { baseline: { atMs: 1 }, status: 'UP', series: 9 },
    })
    await update(id, { scrape: { url: URL, labels: [{ name: 'a', value: 'b' }] } })
    expect((await row(id)).sourceState).toMatchObject({ status: 'WAITING', baseline: null, series: null })
    await update(id, { report: {} })
    expect((await row(id)).sourceState).toMatchObject({ status: 'WAITING' })
    // The same reports in windows of another length: what was counted of them still is.
    await prisma.sourceState.update({ where: { deploymentKey: key }, data: { baseline: { atMs: 1 }, status: 'UP' } })
    await update(id, { report: { intervalSeconds: 30 } })
    expect((await row(id)).sourceState).toMatchObject({ status: 'UP', baseline: { atMs: 1 } })
    expect((await update(id, { simulated: {} })).source).toMatchObject({ kind: 'SIMULATED', health: { status: 'UP' } })
    expect(await row(id)).toMatchObject({
      sourceState: null,
      sourceSettings: null,
      sourceSecret: null,
      intervalMs: null,
    })
    expect(await eventsOf(id)).toEqual([
      ['DEPLOYED', 'admin', null],
      ['SOURCE_CHANGED', 'admin', 'a real server'],
      ...Array.from({ length: 4 }, () => ['SOURCE_CHANGED', 'admin', null]),
    ])
  })

  it('does not change, and no event tells so, when the same source is given again', async () => {
    const scrape = { url: URL, labels: [{ name: 'a', value: 'b' }], authorization: { bearer: BEARER } }
    const { id, source } = await deployWith({ scrape })
    const again = await update(id, { scrape: { ...scrape, url: 'http://vllm-0.INTERNAL:8000/metrics' } })
    expect(again.source).toEqual(source)
    // Nor when the secret is left out.
    expect((await update(id, { scrape: { ...scrape, authorization: undefined } })).source).toEqual(source)
    expect(await eventsOf(id)).toEqual([['DEPLOYED', 'admin', null]])
  })

  it('may be another one while the deployment is paused, which then resumes with it', async () => {
    const { id } = await deployWith({ scrape: { url: URL } })
    await pause(app.client, id)
    await update(id, { report: {} })
    const { key } = await row(id)
    const { recordingSince } = await app.deps.services.prisma.sampleHead.findUniqueOrThrow({
      where: { deploymentKey: key },
    })
    expect(recordingSince).toBeNull()
    await resume(app.client, id)
    expect((await shown(id)).source).toMatchObject({ kind: 'REPORTED', health: { status: 'WAITING' } })
    expect((await eventsOf(id)).map(([what]) => what)).toEqual(['DEPLOYED', 'PAUSED', 'SOURCE_CHANGED', 'RESUMED'])
  })

  it('keeps a secret that is left out for the same server only, and drops it for null', async () => {
    const basic = { user: 'prometheus', password: PASSWORD }
    const { id } = await deployWith({ scrape: { url: URL, authorization: { basic } } })
    const secret = `Basic ${Buffer.from(`prometheus:${PASSWORD}`).toString('base64')}`
    expect((await row(id)).sourceSecret).toBe(secret)
    const moved = await update(id, { scrape: { url: `${URL}?more=1`, intervalSeconds: 10 } })
    expect(moved.source.scrape).toMatchObject({ authorization: 'BASIC' })
    expect((await row(id)).sourceSecret).toBe(secret)
    for (const url of [
      'http://evil.example/metrics',
      'http://vllm-0.internal:8001/metrics',
      URL.replace('http', 'https'),
    ]) {
      const { issues } = await act('updateDeploymentSource', { deploymentId: id, source: { scrape: { url } } })
      const message = `must be given again, or be null for none: the stored one is for http://vllm-0.internal:8000, and is not sent to ${new globalThis.URL(url).origin}.`
      expect(issues).toEqual([{ path: ['source', 'scrape', 'authorization'], message }])
    }
    expect((await row(id)).sourceSecret).toBe(secret)
    const none = await update(id, { scrape: { url: 'http://evil.example/metrics', authorization: null } })
    expect(none.source.scrape).toMatchObject({ authorization: null })
    expect((await row(id)).sourceSecret).toBeNull()
  })

  it('is not known for a deployment that does not exist', async () => {
    const input = { deploymentId: unknownId('Deployment'), source: { report: {} } }
    expect(await act('updateDeploymentSource', input)).toMatchObject({ __typename: 'DeploymentNotFoundError' })
    const wrong = { deploymentId: encodeId('Model', 'x'), source: { report: {} } }
    expect(await act('updateDeploymentSource', wrong)).toMatchObject({ __typename: 'InvalidInputError' })
  })

  it('is part of what makes two deploys with one idempotency key the same, with its secret', async () => {
    const trainingJobId = await registerJob(app.client)
    const deployAs = (bearer: string) =>
      act<MutationResult & { deployment?: { id: string } }>(
        'deployTrainingJob',
        { trainingJobId, idempotencyKey: 'k1', source: { scrape: { url: URL, authorization: { bearer } } } },
        '... on DeployTrainingJobSuccess { deployment { id } }',
      )
    const first = await deployAs(BEARER)
    expect(await deployAs(BEARER)).toEqual(first)
    expect(await deployAs(`${BEARER}2`)).toMatchObject({ __typename: 'IdempotencyConflictError' })
  })

  it('is what deployments are found by', async () => {
    const [simulated, scraped, reported] = [
      await deployWith(),
      await deployWith({ scrape: { url: URL } }),
      await deployWith({ report: {} }),
    ]
    const ids = [simulated.id, scraped.id, reported.id]
    const found = async (source: string[]) => {
      const query = `query ($ids: [ID!], $source: [MetricsSource!]) {
        deployments(first: 10, orderBy: { field: CREATED_AT, direction: ASC }, filter: { ids: $ids, source: $source }) {
          totalCount nodes { id } }
        deploymentCounts(filter: { ids: $ids, source: $source }) { total } }`
      const { deployments, deploymentCounts } = await app.client.data<{
        deployments: { totalCount: number; nodes: { id: string }[] }
        deploymentCounts: { total: number }
      }>(query, { ids, source })
      expect(deploymentCounts.total).toBe(deployments.totalCount)
      return deployments.nodes.map((node) => node.id)
    }
    expect(await found(['SCRAPED'])).toEqual([scraped.id])
    expect(await found(['REPORTED', 'SIMULATED'])).toEqual([simulated.id, reported.id])
    expect(await found([])).toEqual([])
  })

  it('is read and changed with the scopes for it only', async () => {
    const id = await deploy(app.client)
    const { secret } = await succeed<{ secret: string }>(
      app.client,
      'createApiToken',
      { name: 'reader', scopes: ['READ'] },
      'secret',
    )
    const reader = GraphQLTestClient.withToken(app.origin, secret)
    const query = `query ($id: ID!) { deployment(id: $id) { ${SOURCE} } }`
    expect(await reader.data(query, { id })).toMatchObject({ deployment: { source: { kind: 'SIMULATED' } } })
    for (const [mutation, input] of [
      ['updateDeploymentSource', { deploymentId: id, source: { report: {} } }],
      ['checkScrapeTarget', { scrape: { url: URL } }],
    ] as const) {
      await expect(mutate(reader, mutation, input)).rejects.toThrow(/DEPLOY/)
    }
    expect((await shown(id)).source.kind).toBe('SIMULATED')
  })

  it('never shows a secret: not in an answer, an event, a webhook or a log', async () => {
    const { prisma } = app.deps.services
    const [secrets] = [[BEARER, PASSWORD, Buffer.from(`prometheus:${PASSWORD}`).toString('base64')]]
    const withSecret = await prisma.deployment.count({ where: { sourceSecret: { not: null } } })
    expect(withSecret).toBeGreaterThan(0)
    const everything = await app.client.data(`{ deployments(first: 30) { nodes { id note externalId ${SOURCE}
      events(first: 5) { nodes { kind by note } } } } }`)
    const stored = [
      await prisma.deploymentEvent.findMany({ select: { note: true, by: true } }),
      await prisma.webhookDelivery.findMany({ select: { body: true } }),
      (await prisma.idempotencyKey.findMany()).map(({ requestHash }) => Buffer.from(requestHash).toString()),
    ]
    const text = JSON.stringify([everything, stored]) + logged
    expect(text).toContain('vllm-0.internal')
    for (const secret of secrets) expect(text).not.toContain(secret)
  })
})
