import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, mutate, pause, registerJob, remove, succeed, unknownId } from './acts.ts'
import * as limits from '../src/base/limits.ts'
import { MAX_PAGE } from '../src/base/page.ts'
import { decodeId } from '../src/graphql/ids.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'

interface Names {
  edges: { node: { id: string; name: string } }[]
}

const STATUSES = ['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED']

describe.each(await testDatabaseKinds())('lists and objects on %s', (kind) => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 60_000 })
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const jobs = async (filter: Record<string, unknown>) => {
    const query = `query ($filter: TrainingJobFilter) {
      trainingJobs(filter: $filter, orderBy: { field: NAME, direction: ASC }) { edges { node { id name } } } }`
    const { trainingJobs } = await app.client.data<{ trainingJobs: Names }>(query, { filter })
    return trainingJobs.edges.map(({ node }) => node.name)
  }
  const deployments = async (filter: Record<string, unknown>) => {
    const query = `query ($filter: DeploymentFilter) {
      deployments(filter: $filter, orderBy: { field: CREATED_AT, direction: ASC }) { edges { node { id } } } }`
    const data = await app.client.data<{ deployments: Names }>(query, { filter })
    return data.deployments.edges.map(({ node }) => node.id)
  }
  const counts = async (filter?: Record<string, unknown>) => {
    const query = 'query ($filter: DeploymentFilter) { deploymentCounts(filter: $filter) { active paused total } }'
    const { deploymentCounts } = await app.client.data<{ deploymentCounts: Record<string, number> }>(query, { filter })
    return [deploymentCounts['active'], deploymentCounts['paused'], deploymentCounts['total']]
  }

  const jobCounts = async (filter: Record<string, unknown>) => {
    const query = `query ($filter: TrainingJobFilter) {
      trainingJobCounts(filter: $filter) { queued running completed failed cancelled total } }`
    return (await app.client.data<{ trainingJobCounts: unknown }>(query, { filter })).trainingJobCounts
  }

  it('of training jobs hold those that meet every condition, and are counted by status', async () => {
    for (const status of STATUSES) {
      await registerJob(app.client, { modelName: 'jobs/one', name: `one ${status}`, status })
    }
    await registerJob(app.client, { modelName: 'jobs/two', name: 'two' })
    expect(await jobs({ model: 'jobs/one' })).toHaveLength(5)
    expect(await jobs({ model: 'jobs' })).toEqual([])
    expect(await jobs({ model: 'jobs/one', status: ['FAILED', 'QUEUED'] })).toEqual(['one FAILED', 'one QUEUED'])
    expect(await jobs({ search: 'ONE f' })).toEqual(['one FAILED'])
    expect(await jobs({ search: 'BS/TW' })).toEqual(['two'])
    expect(await jobs({ model: 'jobs/one', search: 'two' })).toEqual([])
    expect(await jobs({ status: [] })).toEqual([])
    expect(await jobs({ model: 'jobs/two', status: null, search: null })).toEqual(['two'])
    const one = { queued: 1, running: 1, completed: 1, failed: 1, cancelled: 1, total: 5 }
    expect(await jobCounts({ model: 'jobs/one' })).toEqual(one)
    const none = { queued: 0, running: 0, completed: 0, failed: 0, cancelled: 0, total: 0 }
    expect(await jobCounts({ search: 'ONE f' })).toEqual({ ...none, failed: 1, total: 1 })
    expect(await jobCounts({ status: [] })).toEqual(none)
    const refused = await app.client.request(
      `{ trainingJobCounts(filter: { search: "${'x'.repeat(201)}" }) { total } }`,
    )
    expect(refused.errors?.[0]?.extensions?.['code']).toBe('BAD_USER_INPUT')
  })

  it('are searched literally: %, _ and \\ mean themselves', async () => {
    const names = ['100% done', '100 done', 'a_b', 'a-b', 'back\\slash', 'backslash', "o'hara", 'שלום']
    for (const name of names) await registerJob(app.client, { modelName: 'search', name })
    const found = (search: string) => jobs({ model: 'search', search })
    expect(await found('%')).toEqual(['100% done'])
    expect(await found('0% D')).toEqual(['100% done'])
    expect(await found('_')).toEqual(['a_b'])
    expect(await found('A_B')).toEqual(['a_b'])
    expect(await found('\\')).toEqual(['back\\slash'])
    expect(await found('\\s')).toEqual(['back\\slash'])
    expect(await found("'")).toEqual(["o'hara"])
    expect(await found('לו')).toEqual(['שלום'])
    expect(await found('%%')).toEqual([])
    expect(await found('x'.repeat(200))).toEqual([])
    await expect(found('x'.repeat(201))).rejects.toThrow('at most 200 characters, not 201')
  })

  it('of models are searched the same way', async () => {
    for (const modelName of ['m_odel', 'model', 'M.odel']) await registerJob(app.client, { modelName })
    const query = 'query ($search: String) { models(search: $search) { edges { node { id name } } } }'
    const found = async (search: string) =>
      (await app.client.data<{ models: Names }>(query, { search })).models.edges.map(({ node }) => node.name)
    expect(await found('M_O')).toEqual(['m_odel'])
    expect(await found('m.o')).toEqual(['M.odel'])
    expect(await found('%')).toEqual([])
  })

  it('of deployments hold those that meet every condition, and are counted by status', async () => {
    const before = await counts()
    expect(before).toEqual([0, 0, 0])
    const job = await registerJob(app.client, { modelName: 'deployed/a_1', name: 'an a job' })
    const first = await deploy(app.client, { trainingJobId: job })
    await pause(app.client, first)
    const second = await deploy(app.client, { trainingJobId: job })
    const other = await deploy(app.client, { modelName: 'deployed/b' })
    const cases: [filter: Record<string, unknown>, expected: string[], counted: number[]][] = [
      [{}, [first, second, other], [2, 1, 3]],
      [{ status: ['PAUSED'] }, [first], [0, 1, 1]],
      [{ status: ['ACTIVE'], model: 'deployed/a_1' }, [second], [1, 0, 1]],
      [{ model: 'deployed' }, [], [0, 0, 0]],
      [{ search: 'AN A' }, [first, second], [1, 1, 2]],
      [{ search: '_' }, [first, second], [1, 1, 2]],
      [{ search: '%' }, [], [0, 0, 0]],
      [{ ids: [other, first, unknownId('Deployment')] }, [first, other], [1, 1, 2]],
      [{ ids: [other], model: 'deployed/a_1' }, [], [0, 0, 0]],
      [{ ids: [] }, [], [0, 0, 0]],
    ]
    for (const [filter, expected, counted] of cases) {
      expect([filter, await deployments(filter)]).toEqual([filter, expected])
      expect([filter, await counts(filter)]).toEqual([filter, counted])
    }
    for (const wrong of ['nonsense', job]) {
      const { errors } = await app.client.request(
        'query ($id: ID!) { deploymentCounts(filter: { ids: [$id] }) { total } }',
        { id: wrong },
      )
      expect(errors?.[0]?.extensions?.['code']).toBe('BAD_USER_INPUT')
    }
  })

  it('say whether a training job can be deployed; when not, why', async () => {
    const query = `query ($id: ID!) { trainingJob(id: $id) {
      activeDeployment { id version } deployability { canDeploy reason message } } }`
    const ask = async (id: string) => {
      const { trainingJob } = await app.client.data<{
        trainingJob: { activeDeployment: unknown; deployability: { message: string | null } }
      }>(query, { id })
      return trainingJob
    }
    for (const status of STATUSES.filter((status) => status !== 'COMPLETED')) {
      const { deployability } = await ask(await registerJob(app.client, { status }))
      expect(deployability).toMatchObject({ canDeploy: false, reason: 'NOT_COMPLETED' })
      expect(deployability.message).toContain(status.toLowerCase())
    }
    const job = await registerJob(app.client, { modelName: 'deployable' })
    const ready = { activeDeployment: null, deployability: { canDeploy: true, reason: null, message: null } }
    expect(await ask(job)).toEqual(ready)
    const id = await deploy(app.client, { trainingJobId: job })
    expect(await ask(job)).toMatchObject({
      activeDeployment: { id, version: 'v1.0.0' },
      deployability: { canDeploy: false, reason: 'ALREADY_ACTIVE' },
    })
    await pause(app.client, id)
    expect(await ask(job)).toEqual(ready)
  })

  it('say what can be done with a deployment', async () => {
    const job = await registerJob(app.client, { modelName: 'can' })
    const can = async (id: string) => {
      const query = 'query ($id: ID!) { deployment(id: $id) { canPause canResume canDelete } }'
      return (await app.client.data<{ deployment: unknown }>(query, { id })).deployment
    }
    const first = await deploy(app.client, { trainingJobId: job })
    expect(await can(first)).toEqual({ canPause: true, canResume: false, canDelete: false })
    await pause(app.client, first)
    expect(await can(first)).toEqual({ canPause: false, canResume: true, canDelete: true })
    await deploy(app.client, { trainingJobId: job })
    expect(await can(first)).toEqual({ canPause: false, canResume: false, canDelete: true })
  })

  it("keep a model's newest version after it was deleted, and its events after that", async () => {
    const modelName = 'versions'
    const id = await deploy(app.client, { modelName, note: 'first try' })
    const ask = () =>
      app.client.data<{ model: unknown; deploymentEvents: { edges: { node: unknown }[] } }>(`{
        model(name: "versions") { latestVersion deployments { edges { node { id } } } }
        deploymentEvents(first: 3) { edges { node {
          kind by note modelName version deploymentId deployment { id } } } } }`)
    expect((await ask()).model).toEqual({ latestVersion: 'v1.0.0', deployments: { edges: [{ node: { id } }] } })
    await remove(app.client, id)
    const { model, deploymentEvents } = await ask()
    expect(model).toEqual({ latestVersion: 'v1.0.0', deployments: { edges: [] } })
    const event = { by: 'admin', modelName, version: 'v1.0.0', deploymentId: id, deployment: null, note: null }
    expect(deploymentEvents.edges.map(({ node }) => node)).toEqual([
      { ...event, kind: 'DELETED' },
      { ...event, kind: 'PAUSED' },
      { ...event, kind: 'DEPLOYED', note: 'first try' },
    ])
    const none = await app.client.data(`{ model(name: "search") { latestVersion } }`)
    expect(none).toEqual({ model: { latestVersion: null } })
  })

  it('thin a loss curve evenly, and always give its last step', async () => {
    const id = await registerJob(app.client, { status: 'RUNNING' })
    const steps = Array.from({ length: 250 }, (_, n) => ({ step: n, loss: 10 / (n + 1), accuracy: n / 250 }))
    await succeed(app.client, 'updateTrainingJob', { trainingJobId: id, steps }, 'trainingJob { id }')
    const curve = async (maxPoints?: number) => {
      const query = `query ($id: ID!, $maxPoints: Int) { trainingJob(id: $id) {
        lossCurve(maxPoints: $maxPoints) { step loss accuracy } } }`
      const variables = maxPoints === undefined ? { id } : { id, maxPoints }
      const { trainingJob } = await app.client.data<{ trainingJob: { lossCurve: typeof steps } }>(query, variables)
      return trainingJob.lossCurve
    }
    expect(await curve(250)).toEqual(steps)
    expect(await curve(2000)).toEqual(steps)
    for (const points of [1, 2, 7, 100, 200, 249]) {
      const given = (await curve(points)).map(({ step }) => step)
      expect(given.at(-1)).toBe(249)
      expect(given.length).toBeLessThanOrEqual(points)
      expect(given.length).toBeGreaterThan(points / 2)
      const gaps = new Set(given.slice(1).map((step, index) => step - given[index]!))
      expect([points, gaps.size <= 1]).toEqual([points, true])
    }
    expect((await curve()).length).toBe((await curve(200)).length)
    for (const maxPoints of [0, -1, 2001]) {
      const { errors } = await app.client.request(
        'query ($id: ID!, $n: Int) { trainingJob(id: $id) { lossCurve(maxPoints: $n) { step } } }',
        { id, n: maxPoints },
      )
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' }, path: ['trainingJob', 'lossCurve'] }])
    }
    const empty = await mutate<{ trainingJob: unknown }>(
      app.client,
      'registerTrainingJob',
      { modelName: 'empty', name: 'empty' },
      '... on RegisterTrainingJobSuccess { trainingJob { lossCurve { step } } }',
    )
    expect(empty.trainingJob).toEqual({ lossCurve: [] })
  })

  it('are of a server that says its version, time, interval, retention and limits', async () => {
    const { clock } = app.deps
    const before = clock.now()
    const { serverInfo } = await app.client.data<{ serverInfo: { time: string } }>(`{ serverInfo {
      version time sampleIntervalSeconds retention { resolutionSeconds keptSeconds }
      limits { maxPageSize maxCost maxSubscriptionsPerSocket maxBodyBytes } } }`)
    expect(serverInfo).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      time: expect.any(String),
      sampleIntervalSeconds: 60,
      // The embedded database keeps samples for six hours; windows of ten seconds are finer than these samples.
      retention: [
        { resolutionSeconds: 60, keptSeconds: 6 * 3600 },
        { resolutionSeconds: 300, keptSeconds: 30 * 86_400 },
        { resolutionSeconds: 600, keptSeconds: 180 * 86_400 },
        { resolutionSeconds: 3600, keptSeconds: 730 * 86_400 },
        { resolutionSeconds: 86_400, keptSeconds: 1825 * 86_400 },
      ],
      limits: {
        maxPageSize: MAX_PAGE,
        maxCost: limits.MAX_COST,
        maxSubscriptionsPerSocket: limits.MAX_SUBSCRIPTIONS_PER_SOCKET,
        maxBodyBytes: limits.MAX_GRAPHQL_BODY_BYTES,
      },
    })
    const time = new Date(serverInfo.time).getTime()
    expect(Math.floor(before) <= time && time <= clock.now()).toBe(true)
  })

  it('hold what was created by a caller, at a time or later, and before another', async () => {
    const { prisma } = app.deps.services
    for (const [index, createdBy] of ['amira', 'amira', 'boris'].entries()) {
      const id = await registerJob(app.client, { modelName: 'created', name: `job ${index}` })
      const deployment = await deploy(app.client, { trainingJobId: id })
      const data = { createdBy, createdAt: new Date(`2026-11-23T${14 + index}:02:00Z`) }
      await prisma.trainingJob.update({ where: { id: decodeId(id).id }, data })
      await prisma.deployment.update({ where: { id: decodeId(deployment).id }, data })
    }
    const found = async (filter: Record<string, unknown>) => {
      const names = await jobs({ model: 'created', ...filter })
      expect(await deployments({ model: 'created', ...filter })).toHaveLength(names.length)
      expect(await counts({ model: 'created', ...filter })).toEqual([names.length, 0, names.length])
      expect(await jobCounts({ model: 'created', ...filter })).toMatchObject({
        completed: names.length,
        total: names.length,
      })
      return names.map((name) => Number(name.slice(-1)))
    }
    expect(await found({ createdBy: 'amira' })).toEqual([0, 1])
    expect(await found({ createdAfter: '2026-11-23T15:02:00.000Z' })).toEqual([1, 2])
    expect(await found({ createdBefore: '2026-11-23T17:02:00.000+02:00' })).toEqual([0])
    const range = { createdAfter: '0000-01-01T00:00:00Z', createdBefore: '9999-12-31T23:59:59Z' }
    expect(await found({ ...range, createdBy: 'boris' })).toEqual([2])
  })
})
