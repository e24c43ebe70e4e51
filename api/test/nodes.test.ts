import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, registerJob, remove, unknownId } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'

const NODE = 'query ($id: ID!) { node(id: $id) { __typename id } }'
const NODES = 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }'

describe.each(await testDatabaseKinds())('objects by their ids, on %s', (kind) => {
  let app: TestApp
  let ids: Record<'model' | 'job' | 'deployment' | 'event', string>

  beforeAll(async () => {
    app = await createTestApp(kind)
    const job = await registerJob(app.client, { modelName: 'nodes' })
    const deployment = await deploy(app.client, { trainingJobId: job })
    const { deploymentEvents, model } = await app.client.data<{
      deploymentEvents: { edges: { node: { id: string } }[] }
      model: { id: string }
    }>('{ deploymentEvents { edges { node { id } } } model(name: "nodes") { id } }')
    ids = { model: model.id, job, deployment, event: deploymentEvents.edges[0]?.node.id ?? '' }
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const nodes = async (wanted: string[]) => (await app.client.data<{ nodes: unknown[] }>(NODES, { ids: wanted })).nodes
  const refusal = async (query: string, variables: Record<string, unknown>) => {
    const { errors } = await app.client.request(query, variables)
    return errors?.[0]?.extensions?.['code']
  }

  it('are found under the same id everywhere, as what they are', async () => {
    const typed = { model: 'Model', job: 'TrainingJob', deployment: 'Deployment', event: 'DeploymentEvent' } as const
    for (const key of ['model', 'job', 'deployment', 'event'] as const) {
      expect(await app.client.data(NODE, { id: ids[key] })).toEqual({ node: { __typename: typed[key], id: ids[key] } })
    }
  })

  it('come in the requested order, as often as requested, and are null where there is none', async () => {
    const { model, job, deployment, event } = ids
    expect(await nodes([event, job, unknownId('Deployment'), deployment, model, job, unknownId('Model')])).toEqual([
      { __typename: 'DeploymentEvent', id: event },
      { __typename: 'TrainingJob', id: job },
      null,
      { __typename: 'Deployment', id: deployment },
      { __typename: 'Model', id: model },
      { __typename: 'TrainingJob', id: job },
      null,
    ])
    expect(await nodes([])).toEqual([])
  })

  it('come a hundred at a time at most', async () => {
    expect(await nodes(Array.from({ length: 100 }, () => ids.job))).toHaveLength(100)
    expect(await refusal(NODES, { ids: Array.from({ length: 101 }, () => ids.job) })).toBe('BAD_USER_INPUT')
  })

  it('are null when they are unknown or gone', async () => {
    const gone = await deploy(app.client)
    await remove(app.client, gone)
    for (const type of ['Model', 'TrainingJob', 'Deployment', 'DeploymentEvent'] as const) {
      expect(await app.client.data(NODE, { id: unknownId(type) })).toEqual({ node: null })
    }
    expect(await app.client.data(NODE, { id: gone })).toEqual({ node: null })
    const one =
      'query ($job: ID!, $deployment: ID!) { trainingJob(id: $job) { id } deployment(id: $deployment) { id } }'
    expect(await app.client.data(one, { job: unknownId('TrainingJob'), deployment: gone })).toEqual({
      trainingJob: null,
      deployment: null,
    })
    expect(await app.client.data('{ model(name: "nobody") { id } }')).toEqual({ model: null })
  })

  it('are refused with a code when the id is malformed, of no type with ids, or of another type', async () => {
    const encode = (text: string) => Buffer.from(text).toString('base64')
    const uuid = '00000000-0000-4000-8000-000000000000'
    const malformed = [
      '',
      '1',
      'not an id',
      uuid,
      encode('Model:1'),
      encode(`Sample:${uuid}`),
      encode(`Model:${uuid}x`),
      encode(`Model:${uuid.toUpperCase().replace('8', 'G')}`),
      `${ids.model} `,
      `${ids.model}=`,
      `-${ids.model}`,
      'x'.repeat(10_000),
      '\u202e',
    ]
    for (const id of malformed) {
      expect([id, await refusal(NODE, { id })]).toEqual([id, 'BAD_USER_INPUT'])
      expect([id, await refusal(NODES, { ids: [ids.job, id] })]).toEqual([id, 'BAD_USER_INPUT'])
    }
    const trainingJob = 'query ($id: ID!) { trainingJob(id: $id) { id } }'
    for (const id of [ids.model, ids.deployment, ids.event, ...malformed]) {
      expect([id, await refusal(trainingJob, { id })]).toEqual([id, 'BAD_USER_INPUT'])
    }
    expect(await refusal('query ($id: ID!) { deployment(id: $id) { id } }', { id: ids.job })).toBe('BAD_USER_INPUT')
  })

  it('are found beside ids that are malformed, each of which is null and has an error of its own', async () => {
    const wanted = ['nonsense', ids.job, unknownId('Model'), 'x'.repeat(10_000), ids.model, 'nonsense']
    const { data, errors } = await app.client.request(`${NODES.slice(0, -1)} viewer { name } }`, { ids: wanted })
    expect(data).toEqual({
      nodes: [
        null,
        { __typename: 'TrainingJob', id: ids.job },
        null,
        null,
        { __typename: 'Model', id: ids.model },
        null,
      ],
      viewer: { name: 'admin' },
    })
    const refused = (index: number) => ({ path: ['nodes', index], extensions: { code: 'BAD_USER_INPUT' } })
    expect(errors).toMatchObject([refused(0), refused(3), refused(5)])
    expect(errors?.[0]?.message).toBe('"nonsense" is not an id of Gaugeline.')
  })

  it('are returned when another field fails: one malformed id refuses its field only', async () => {
    const { data, errors } = await app.client.request('{ node(id: "nonsense") { id } viewer { name } }')
    expect(data).toEqual({ node: null, viewer: { name: 'admin' } })
    expect(errors).toMatchObject([{ path: ['node'], extensions: { code: 'BAD_USER_INPUT' } }])
  })
})
