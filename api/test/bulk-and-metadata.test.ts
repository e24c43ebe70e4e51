import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operationCost } from '../src/engine/operation-cost.ts'
import { schema } from '../src/schema/schema.ts'
import { deploy, mutate, type MutationResult, pause, registerJob, succeed, unknownId } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { liveClient } from './live-clients.ts'

const TEAM = { key: 'team', value: 'search' }
const STAGE = { key: 'stage', value: 'canary' }

interface Bulk {
  results: { deploymentId: string; result: MutationResult & { deployment?: { id: string; status: string } } }[]
}

describe.each(await testDatabaseKinds())('finding and changing many things through the API on %s', (kind) => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 60_000 })
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const data = <T>(query: string, variables: Record<string, unknown> = {}) => app.client.data<T>(query, variables)
  const act = <T = MutationResult>(mutation: string, input: Record<string, unknown>, fields?: string) =>
    mutate<T>(app.client, mutation, input, fields)
  const bulk = (mutation: 'pauseDeployments' | 'resumeDeployments', input: Record<string, unknown>) => {
    const one = mutation === 'pauseDeployments' ? 'PauseDeploymentSuccess' : 'ResumeDeploymentSuccess'
    const fields = `results { deploymentId result { __typename ... on Error { message }
      ... on ${one} { deployment { id status } } } }`
    return succeed<Bulk>(app.client, mutation, input, fields)
  }
  const eventCount = async () => app.deps.services.prisma.deploymentEvent.count()

  it('an external id and labels are set when something is made, changed later, and found again', async () => {
    const fields = 'id externalId labels { key value }'
    const trainingJobId = await registerJob(app.client, { externalId: 'ci/4711', labels: [TEAM, STAGE] })
    const found = await data<{ job: object }>(`{ job: trainingJobByExternalId(externalId: "ci/4711") { ${fields} } }`)
    expect(found.job).toEqual({ id: trainingJobId, externalId: 'ci/4711', labels: [STAGE, TEAM] })
    const { deployment } = await succeed<{ deployment: { id: string } }>(
      app.client,
      'deployTrainingJob',
      { trainingJobId, externalId: 'release-1' },
      `deployment { ${fields} }`,
    )
    expect(deployment).toMatchObject({ externalId: 'release-1', labels: [] })
    const before = await eventCount()
    await succeed(app.client, 'updateDeployment', { deploymentId: deployment.id, labels: [TEAM] }, 'deployment { id }')
    const query = `query ($labels: [LabelInput!]) {
      one: deploymentByExternalId(externalId: "release-1") { ${fields} } none: deploymentByExternalId(externalId: "x") { id }
      list: deployments(filter: { labels: $labels }) { edges { node { id } } }
      counts: deploymentCounts(filter: { labels: $labels }) { active } }`
    expect(await data(query, { labels: [TEAM] })).toEqual({
      one: { id: deployment.id, externalId: 'release-1', labels: [TEAM] },
      none: null,
      list: { edges: [{ node: { id: deployment.id } }] },
      counts: { active: 1 },
    })
    expect(await data(query, { labels: [TEAM, STAGE] })).toMatchObject({ list: { edges: [] }, counts: { active: 0 } })
    expect(await eventCount()).toBe(before)
  })

  it('an external id that is taken is refused with the one who has it', async () => {
    const holder = await registerJob(app.client, { externalId: 'taken' })
    const deploymentId = await deploy(app.client, { trainingJobId: holder })
    await succeed(app.client, 'updateDeployment', { deploymentId, externalId: 'taken' }, 'deployment { id }')
    const job = { modelName: 'm', name: 'n', externalId: 'taken' }
    const jobError = '... on TrainingJobExternalIdTakenError { trainingJob { id } }'
    for (const mutation of ['registerTrainingJob', 'startTrainingJob']) {
      expect(await act(mutation, job, jobError)).toMatchObject({
        __typename: 'TrainingJobExternalIdTakenError',
        trainingJob: { id: holder },
      })
    }
    const other = await registerJob(app.client)
    const error = '... on DeploymentExternalIdTakenError { deployment { id } }'
    const taken = { __typename: 'DeploymentExternalIdTakenError', deployment: { id: deploymentId } }
    expect(await act('deployTrainingJob', { trainingJobId: other, externalId: 'taken' }, error)).toMatchObject(taken)
    const another = await deploy(app.client, { trainingJobId: other })
    expect(await act('updateDeployment', { deploymentId: another, externalId: 'taken' }, error)).toMatchObject(taken)
    const missing = { deploymentId: unknownId('Deployment'), labels: [] }
    expect(await act('updateDeployment', missing)).toMatchObject({ __typename: 'DeploymentNotFoundError' })
    const malformed = { deploymentId, externalId: ' ', labels: [{ key: '', value: '' }] }
    expect((await act('updateDeployment', malformed)).issues?.map(({ path }) => path.join('.'))).toEqual([
      'externalId',
      'labels.0.key',
    ])
  })

  it('a filter with a malformed label is refused, for lists, counts and the live fleet', async () => {
    const filter = '(filter: { labels: [{ key: "a=b", value: "c" }] })'
    for (const query of [
      `{ deployments${filter} { edges { node { id } } } }`,
      `{ trainingJobs${filter} { edges { node { id } } } }`,
      `{ deploymentCounts${filter} { total } }`,
    ]) {
      const { errors } = await app.client.request(query)
      expect(errors?.[0]).toMatchObject({
        message: expect.stringContaining('The key of a label must have 1 to 63 characters'),
        extensions: { code: 'BAD_USER_INPUT' },
      })
    }
    await using live = liveClient('websocket', app.origin)
    await using fleet = live.subscribe(`subscription { fleetMetrics${filter} { at } }`)
    await expect(fleet.next()).rejects.toThrow(/The key of a label/)
  })

  it('a fleet that is filtered by labels follows their changes', async () => {
    const deploymentId = await deploy(app.client)
    const { activeDeployments } = app.deps.services
    const labelled = () => activeDeployments.active({ labels: ['fleet=blue'] }).length
    const changed = () => new Promise<void>((resolve) => void activeDeployments.onChange(resolve))
    const until = async (count: number) => {
      while (labelled() !== count) await changed()
    }
    expect(labelled()).toBe(0)
    for (const labels of [[{ key: 'fleet', value: 'blue' }], []]) {
      await succeed(app.client, 'updateDeployment', { deploymentId, labels }, 'deployment { id }')
      await until(labels.length)
    }
  })

  it('deployments are paused and resumed together, each with its own result, in the order of the ids', async () => {
    const [one, two] = [await deploy(app.client), await deploy(app.client)]
    await pause(app.client, two)
    const missing = unknownId('Deployment')
    const before = await eventCount()
    const ids = [one, missing, two]
    const { results } = await bulk('pauseDeployments', { deploymentIds: ids, note: 'maintenance' })
    const ok = (id: string, status: string, word: string) => ({
      deploymentId: id,
      result: { __typename: `${word}DeploymentSuccess`, deployment: { id, status } },
    })
    const notFound = {
      deploymentId: missing,
      result: { __typename: 'DeploymentNotFoundError', message: 'There is no deployment with this id.' },
    }
    expect(results).toEqual([ok(one, 'PAUSED', 'Pause'), notFound, ok(two, 'PAUSED', 'Pause')])
    // The second one was paused already.
    expect(await eventCount()).toBe(before + 1)
    const event = await app.deps.services.prisma.deploymentEvent.findFirst({ orderBy: { sequence: 'desc' } })
    expect(event).toMatchObject({ kind: 'PAUSED', note: 'maintenance', by: 'admin' })
    const resumed = await bulk('resumeDeployments', { deploymentIds: ids })
    expect(resumed.results).toEqual([ok(one, 'ACTIVE', 'Resume'), notFound, ok(two, 'ACTIVE', 'Resume')])
  })

  it('one deployment of a job is resumed when several are asked for, and the other is refused by name', async () => {
    const trainingJobId = await registerJob(app.client)
    const first = await deploy(app.client, { trainingJobId })
    await pause(app.client, first)
    const second = await deploy(app.client, { trainingJobId })
    await pause(app.client, second)
    const { results } = await bulk('resumeDeployments', { deploymentIds: [first, second] })
    expect(results.map(({ result }) => result.__typename)).toEqual([
      'ResumeDeploymentSuccess',
      'DuplicateActiveDeploymentError',
    ])
  })

  it('a bulk change with bad input changes nothing at all', async () => {
    const deploymentId = await deploy(app.client)
    const before = await eventCount()
    const paths = async (input: Record<string, unknown>) =>
      (await act('pauseDeployments', input)).issues?.map(({ path }) => path.join('.'))
    expect(await paths({ deploymentIds: [] })).toEqual(['deploymentIds'])
    expect(await paths({ deploymentIds: Array.from({ length: 101 }, () => deploymentId) })).toEqual(['deploymentIds'])
    expect(await paths({ deploymentIds: [deploymentId, 'x', 'y'] })).toEqual(['deploymentIds.1', 'deploymentIds.2'])
    expect(await paths({ deploymentIds: [deploymentId], note: 'x'.repeat(501) })).toEqual(['note'])
    expect(await eventCount()).toBe(before)
  })

  it('a bulk change costs a transaction and an answer for each id, also when the ids are variables', () => {
    const document = parse(`mutation ($ids: [ID!]!) { pauseDeployments(input: { deploymentIds: $ids }) {
      ... on PauseDeploymentsSuccess { results { deploymentId } } } }`)
    const cost = (count: number) =>
      operationCost(
        { schema, document, variableValues: { ids: Array.from({ length: count }, String) } },
        { nowMs: 0, activeDeployments: 0 },
      )
    expect([cost(1), cost(3), cost(2)]).toEqual([13, 37, 25])
  })

  it('the models of a webhook are shown and changed', async () => {
    const input = { name: 'w', url: 'https://1.1.1.1', events: ['DEPLOYMENT_PAUSED'] }
    const create = (models?: string[]) =>
      succeed<{ webhook: { id: string; models: string[] } }>(
        app.client,
        'createWebhook',
        { ...input, models },
        'webhook { id models }',
      )
    expect((await create()).webhook.models).toEqual([])
    const { webhook } = await create(['b/new', 'a', 'a'])
    expect(webhook.models).toEqual(['a', 'b/new'])
    const update = { webhookId: webhook.id, models: [] as string[] }
    expect(await succeed(app.client, 'updateWebhook', update, 'webhook { models }')).toMatchObject({
      webhook: { models: [] },
    })
    const bad = { ...input, models: ['a', 'no good'] }
    expect(await act('createWebhook', bad)).toMatchObject({ issues: [{ path: ['models', '1'] }] })
  })
})
