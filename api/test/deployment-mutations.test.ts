import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, mutate, type MutationResult, pause, registerJob, remove, unknownId } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { rowCounts } from './row-seeds.ts'

const DEPLOYMENT = 'deployment { id version status note createdBy model { name latestVersion } trainingJob { id } }'
const CAN = 'canPause canResume canDelete'
const JOB = 'activeDeployment { id } deployability { canDeploy }'

describe.each(await testDatabaseKinds())('the lifecycle of a deployment, through the API on %s', (kind) => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 60_000 })
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const act = <T = MutationResult>(mutation: string, input: Record<string, unknown>, fields?: string) =>
    mutate<T>(app.client, mutation, input, fields)
  /** What happened to it, oldest first. */
  const eventsOf = async (id: string) => {
    const query = `{ deploymentEvents(first: 100) { edges { node { kind by note deploymentId } } } }`
    const { deploymentEvents } = await app.client.data<{
      deploymentEvents: { edges: { node: { kind: string; by: string; note: string | null; deploymentId: string } }[] }
    }>(query)
    return deploymentEvents.edges
      .map(({ node }) => node)
      .filter(({ deploymentId }) => deploymentId === id)
      .map(({ kind: what, by, note }) => [what, by, note])
      .toReversed()
  }
  /** Runs what must fail, and fails itself if that changed anything. */
  async function unchanged<T>(work: () => Promise<T>): Promise<T> {
    const before = await rowCounts(app.deps.services.prisma)
    const result = await work()
    expect(await rowCounts(app.deps.services.prisma)).toEqual(before)
    return result
  }

  it('begins as active, with the first version of its model', async () => {
    const trainingJobId = await registerJob(app.client, { modelName: 'journey' })
    const fields = `... on DeployTrainingJobSuccess { deployment { id trainingJob { ${JOB} } } ${DEPLOYMENT} }`
    const result = await act<{ deployment: { id: string } }>(
      'deployTrainingJob',
      { trainingJobId, note: 'ship it' },
      fields,
    )
    expect(result).toMatchObject({
      __typename: 'DeployTrainingJobSuccess',
      deployment: {
        version: 'v1.0.0',
        status: 'ACTIVE',
        note: 'ship it',
        createdBy: 'admin',
        model: { name: 'journey', latestVersion: 'v1.0.0' },
        trainingJob: {
          id: trainingJobId,
          activeDeployment: { id: result.deployment.id },
          deployability: { canDeploy: false },
        },
      },
    })
  })

  it('goes through pause, resume and delete, and every step leaves an event that says who and why', async () => {
    const id = await deploy(app.client, { note: 'why not' })
    const fields = (success: string) => `... on ${success} { deployment { id status ${CAN} trainingJob { ${JOB} } } }`
    const pausedNow = {
      id,
      status: 'PAUSED',
      canPause: false,
      canResume: true,
      canDelete: true,
      trainingJob: { activeDeployment: null, deployability: { canDeploy: true } },
    }
    const activeNow = {
      id,
      status: 'ACTIVE',
      canPause: true,
      canResume: false,
      canDelete: false,
      trainingJob: { activeDeployment: { id }, deployability: { canDeploy: false } },
    }
    for (let twice = 0; twice < 2; twice += 1) {
      const paused = await act('pauseDeployment', { deploymentId: id, note: 'slow' }, fields('PauseDeploymentSuccess'))
      expect(paused).toMatchObject({ __typename: 'PauseDeploymentSuccess', deployment: pausedNow })
    }
    for (let twice = 0; twice < 2; twice += 1) {
      const resumed = await act('resumeDeployment', { deploymentId: id }, fields('ResumeDeploymentSuccess'))
      expect(resumed).toMatchObject({ __typename: 'ResumeDeploymentSuccess', deployment: activeNow })
    }
    await pause(app.client, id)
    const gone = await act('deleteDeployment', { deploymentId: id }, '... on DeleteDeploymentSuccess { deploymentId }')
    expect(gone).toEqual({ __typename: 'DeleteDeploymentSuccess', deploymentId: id })
    const query = 'query ($id: ID!) { deployment(id: $id) { id } }'
    expect(await app.client.data(query, { id })).toEqual({ deployment: null })
    expect(await eventsOf(id)).toEqual([
      ['DEPLOYED', 'admin', 'why not'],
      ['PAUSED', 'admin', 'slow'],
      ['RESUMED', 'admin', null],
      ['PAUSED', 'admin', null],
      ['DELETED', 'admin', null],
    ])
  })

  it('begins for completed jobs only', async () => {
    for (const status of ['QUEUED', 'RUNNING', 'FAILED', 'CANCELLED']) {
      const trainingJobId = await registerJob(app.client, { status })
      const fields = '... on TrainingJobNotCompletedError { status }'
      const result = await unchanged(() => act('deployTrainingJob', { trainingJobId }, fields))
      expect(result).toMatchObject({ __typename: 'TrainingJobNotCompletedError', status, message: expect.any(String) })
    }
  })

  it('is active once for a job, however many callers ask at once; the others learn which one it is', async () => {
    const trainingJobId = await registerJob(app.client, { modelName: 'raced' })
    const fields = `... on DeployTrainingJobSuccess { deployment { id } }
      ... on DuplicateActiveDeploymentError { activeDeployment {
        id version status model { name } ${CAN} trainingJob { ${JOB} } } }`
    const results = await Promise.all(
      Array.from({ length: 20 }, () =>
        act<{ __typename: string; deployment?: { id: string }; activeDeployment?: { id: string } }>(
          'deployTrainingJob',
          { trainingJobId },
          fields,
        ),
      ),
    )
    const done = results.filter(({ __typename }) => __typename === 'DeployTrainingJobSuccess')
    expect(done).toHaveLength(1)
    const active = {
      id: done[0]?.deployment?.id,
      version: 'v1.0.0',
      status: 'ACTIVE',
      canPause: true,
      model: { name: 'raced' },
    }
    for (const result of results) {
      if (result !== done[0]) {
        expect(result).toMatchObject({ __typename: 'DuplicateActiveDeploymentError', activeDeployment: active })
      }
    }
    expect(await eventsOf(active.id ?? '')).toHaveLength(1)
  })

  it('is answered as it is read afterwards, with its model, its job and what leads on from there', async () => {
    const fields = `id version status externalId labels { key value } createdAt source { kind }
      model { id name deployments(first: 2) { totalCount edges { node { version } } } }
      trainingJob { id name status labels { key value } hyperparameters createdAt finishedAt
        model { id name } deployments(first: 2) { edges { node { id trainingJob { name } } } } }`
    const trainingJobId = await registerJob(app.client, { labels: [{ key: 'team', value: 'search' }] })
    const input = { trainingJobId, externalId: 'as it is read', labels: [{ key: 'stage', value: 'canary' }] }
    const { deployment } = await act<{ deployment: { id: string } }>(
      'deployTrainingJob',
      input,
      `... on DeployTrainingJobSuccess { deployment { ${fields} } }`,
    )
    const read = await app.client.data(`query ($id: ID!) { deployment(id: $id) { ${fields} } }`, { id: deployment.id })
    expect({ deployment }).toEqual(read)
  })

  it('gives twenty deployments of one model twenty versions, when they race', async () => {
    const jobs = await Promise.all(Array.from({ length: 20 }, () => registerJob(app.client, { modelName: 'versions' })))
    const fields = '... on DeployTrainingJobSuccess { deployment { version } }'
    const results = await Promise.all(
      jobs.map((trainingJobId) =>
        act<{ deployment: { version: string } }>('deployTrainingJob', { trainingJobId }, fields),
      ),
    )
    const versions = results.map(({ deployment }) => deployment.version)
    expect(new Set(versions)).toEqual(new Set(Array.from({ length: 20 }, (_, n) => `v1.${n}.0`)))
  })

  it('is not resumed beside another of its job, and not deleted while it is active', async () => {
    const trainingJobId = await registerJob(app.client)
    const first = await deploy(app.client, { trainingJobId })
    await pause(app.client, first)
    const second = await deploy(app.client, { trainingJobId })
    const other = '... on DuplicateActiveDeploymentError { activeDeployment { id } }'
    const duplicate = await unchanged(() => act('resumeDeployment', { deploymentId: first }, other))
    expect(duplicate).toMatchObject({ __typename: 'DuplicateActiveDeploymentError', activeDeployment: { id: second } })
    const active = await unchanged(() =>
      act('deleteDeployment', { deploymentId: second }, '... on DeploymentActiveError { deployment { id status } }'),
    )
    expect(active).toMatchObject({ __typename: 'DeploymentActiveError', deployment: { id: second, status: 'ACTIVE' } })
  })

  it('is over for one that is unknown or gone', async () => {
    const gone = await deploy(app.client)
    await remove(app.client, gone)
    for (const deploymentId of [gone, unknownId('Deployment')]) {
      for (const mutation of ['pauseDeployment', 'resumeDeployment', 'deleteDeployment']) {
        expect(await unchanged(() => act(mutation, { deploymentId }))).toMatchObject({
          __typename: 'DeploymentNotFoundError',
        })
      }
    }
    const trainingJobId = unknownId('TrainingJob')
    expect(await unchanged(() => act('deployTrainingJob', { trainingJobId }))).toMatchObject({
      __typename: 'TrainingJobNotFoundError',
    })
  })

  it('does nothing for ids that are malformed or of another type: the issue names the field', async () => {
    const trainingJobId = await registerJob(app.client)
    const deploymentId = await deploy(app.client)
    const ask = (mutation: string, field: string, id: string) => unchanged(() => act(mutation, { [field]: id }))
    for (const id of ['', 'nonsense', deploymentId, unknownId('Model'), 'x'.repeat(10_000)]) {
      expect(await ask('deployTrainingJob', 'trainingJobId', id)).toMatchObject({
        __typename: 'InvalidInputError',
        issues: [{ path: ['trainingJobId'] }],
      })
    }
    for (const mutation of ['pauseDeployment', 'resumeDeployment', 'deleteDeployment']) {
      for (const id of ['', 'nonsense', trainingJobId, unknownId('DeploymentEvent')]) {
        expect(await ask(mutation, 'deploymentId', id)).toMatchObject({
          __typename: 'InvalidInputError',
          issues: [{ path: ['deploymentId'] }],
        })
      }
    }
  })

  it('accepts a note of five hundred characters, and refuses one that is longer or misleads its reader', async () => {
    const trainingJobId = await registerJob(app.client, { modelName: 'noted' })
    const deploymentId = await deploy(app.client)
    for (const note of ['x'.repeat(501), 'y'.repeat(10_000), 'bell \u0007', 'name \u202egnp.exe', '\u2066isolated']) {
      for (const [mutation, input] of [
        ['deployTrainingJob', { trainingJobId }],
        ['pauseDeployment', { deploymentId }],
        ['resumeDeployment', { deploymentId }],
      ] as const) {
        expect(await unchanged(() => act(mutation, { ...input, note }))).toMatchObject({
          __typename: 'InvalidInputError',
          issues: [{ path: ['note'] }],
        })
      }
    }
    const note = '𝒙'.repeat(499) + '\u200f'
    const fields = '... on DeployTrainingJobSuccess { deployment { note version } }'
    const result = await act('deployTrainingJob', { trainingJobId, note }, fields)
    expect(result).toMatchObject({ deployment: { note, version: 'v1.0.0' } })
  })
})
