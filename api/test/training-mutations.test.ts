import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, mutate, type MutationResult, pause, registerJob, succeed, unknownId } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { rowCounts } from './row-seeds.ts'

const JOB = `trainingJob { id name status progress simulated framework dataset hyperparameters finalLoss finalAccuracy
  failureReason createdBy startedAt finishedAt model { name } lossCurve { step loss accuracy }
  activeDeployment { id } deployability { reason } }`

interface Job {
  id: string
  name: string
  status: string
  startedAt: string | null
  finishedAt: string | null
}

describe.each(await testDatabaseKinds())('training jobs, through the API on %s', (kind) => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 60_000 })
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const act = <T = MutationResult>(mutation: string, input: Record<string, unknown>, fields?: string) =>
    mutate<T>(app.client, mutation, input, fields)
  const update = async (input: Record<string, unknown>) =>
    (await succeed<{ trainingJob: Job }>(app.client, 'updateTrainingJob', input, JOB)).trainingJob
  async function unchanged<T>(work: () => Promise<T>): Promise<T> {
    const before = await rowCounts(app.deps.services.prisma)
    const result = await work()
    expect(await rowCounts(app.deps.services.prisma)).toEqual(before)
    return result
  }

  it('are registered in any status, and create the model that they name', async () => {
    const input = {
      modelName: 'Team-1/model_a.b',
      name: 'run 1 — שלום \u200f',
      framework: 'torch',
      dataset: 'c4',
      hyperparameters: { learningRate: 0.001, layers: [1, 2], nested: { on: true, off: null } },
    }
    const { trainingJob } = await succeed<{ trainingJob: Job }>(app.client, 'registerTrainingJob', input, JOB)
    expect(trainingJob).toMatchObject({
      name: input.name,
      status: 'QUEUED',
      progress: 0,
      simulated: false,
      framework: 'torch',
      dataset: 'c4',
      hyperparameters: input.hyperparameters,
      createdBy: 'admin',
      startedAt: null,
      finishedAt: null,
      model: { name: input.modelName },
      lossCurve: [],
      activeDeployment: null,
      deployability: { reason: 'NOT_COMPLETED' },
    })
    for (const [status, isStarted, isFinished] of [
      ['RUNNING', true, false],
      ['COMPLETED', true, true],
      ['FAILED', true, true],
      ['CANCELLED', true, true],
    ] as const) {
      const more = { modelName: input.modelName, name: status, status }
      const { trainingJob: job } = await succeed<{ trainingJob: Job }>(app.client, 'registerTrainingJob', more, JOB)
      expect([job.status, job.startedAt !== null, job.finishedAt !== null]).toEqual([status, isStarted, isFinished])
    }
    const models = await app.client.data('{ models(search: "team-1") { edges { node { name } } } }')
    expect(models).toEqual({ models: { edges: [{ node: { name: input.modelName } }] } })
  })

  it('registered at the same time for a new model create it once', async () => {
    const names = Array.from({ length: 10 }, (_, n) => `job ${n}`)
    await Promise.all(names.map((name) => registerJob(app.client, { modelName: 'at-once', name })))
    expect(await app.deps.services.prisma.model.count({ where: { name: 'at-once' } })).toBe(1)
  })

  it('report progress, steps and their end; a step sent again replaces the first', async () => {
    const trainingJobId = await registerJob(app.client, { status: 'QUEUED' })
    const step = (number: number, loss: number) => ({ step: number, loss, accuracy: null })
    const running = await update({ trainingJobId, status: 'RUNNING', progress: 0.25, steps: [step(1, 4), step(2, 3)] })
    expect(running).toMatchObject({ status: 'RUNNING', progress: 0.25, finishedAt: null })
    expect(running).toMatchObject({ lossCurve: [step(1, 4), step(2, 3)] })
    expect(running.startedAt).not.toBeNull()
    const retried = await update({ trainingJobId, steps: [step(2, 2.5), step(3, 2), step(3, 1.5)], progress: 0.5 })
    expect(retried).toMatchObject({ progress: 0.5, lossCurve: [step(1, 4), step(2, 2.5), step(3, 1.5)] })
    expect(await update({ trainingJobId })).toMatchObject({ status: 'RUNNING', progress: 0.5 })
    const done = await update({ trainingJobId, status: 'COMPLETED', finalLoss: 1.5, finalAccuracy: 0.75 })
    expect(done).toMatchObject({ status: 'COMPLETED', progress: 1, finalLoss: 1.5, finalAccuracy: 0.75 })
    expect(done.startedAt).toBe(running.startedAt)
    expect(done.finishedAt).not.toBeNull()
  })

  it('say why they failed', async () => {
    const trainingJobId = await registerJob(app.client, { status: 'RUNNING' })
    const failed = await update({ trainingJobId, status: 'FAILED', failureReason: 'out of memory' })
    expect(failed).toMatchObject({ status: 'FAILED', failureReason: 'out of memory', progress: 0 })
  })

  it('refuse every change once their status is final', async () => {
    for (const status of ['COMPLETED', 'FAILED', 'CANCELLED']) {
      const trainingJobId = await registerJob(app.client, { status })
      for (const [mutation, input] of [
        ['updateTrainingJob', { trainingJobId, progress: 0.5, steps: [{ step: 1, loss: 1 }] }],
        ['updateTrainingJob', { trainingJobId, status: 'RUNNING' }],
        ['cancelTrainingJob', { trainingJobId }],
      ] as const) {
        const result = await unchanged(() => act(mutation, input, '... on TrainingJobFinishedError { status }'))
        expect(result).toMatchObject({ __typename: 'TrainingJobFinishedError', status })
      }
    }
  })

  it('that are simulated run without a client: they start as queued, refuse updates, and can be cancelled', async () => {
    const input = { modelName: 'simulated', hyperparameters: { learningRate: 0.01 } }
    const { trainingJob } = await succeed<{ trainingJob: Job }>(app.client, 'startTrainingJob', input, JOB)
    expect(trainingJob).toMatchObject({ status: 'QUEUED', simulated: true, createdBy: 'admin' })
    expect(trainingJob).toMatchObject({ model: { name: 'simulated' } })
    expect(trainingJob.name).toMatch(/^run-\d{4}-/)
    const trainingJobId = trainingJob.id
    expect(await unchanged(() => act('updateTrainingJob', { trainingJobId, status: 'COMPLETED' }))).toMatchObject({
      __typename: 'TrainingJobSimulatedError',
    })
    const cancelled = await act('cancelTrainingJob', { trainingJobId }, `... on CancelTrainingJobSuccess { ${JOB} }`)
    expect(cancelled).toMatchObject({ __typename: 'CancelTrainingJobSuccess', trainingJob: { status: 'CANCELLED' } })
    await app.deps.trainingRuns.advance()
    const query = 'query ($id: ID!) { trainingJob(id: $id) { status } }'
    expect(await app.client.data(query, { id: trainingJobId })).toEqual({ trainingJob: { status: 'CANCELLED' } })
  })

  it('are deleted with their curve, unless deployments were made from them, which the error names, newest first', async () => {
    const trainingJobId = await registerJob(app.client)
    const made: string[] = []
    for (let n = 0; n < 22; n += 1) {
      const id = await deploy(app.client, { trainingJobId })
      await pause(app.client, id)
      made.unshift(id)
    }
    const fields = '... on TrainingJobHasDeploymentsError { deployments { id version canResume model { name } } }'
    const held = await unchanged(() =>
      act<{ deployments: { id: string }[] }>('deleteTrainingJob', { trainingJobId }, fields),
    )
    expect(held).toMatchObject({ __typename: 'TrainingJobHasDeploymentsError', message: expect.any(String) })
    expect(held.deployments[0]).toMatchObject({ version: 'v1.21.0', canResume: true, model: { name: 'test/model' } })
    expect(held.deployments.map(({ id }) => id)).toEqual(made.slice(0, 20))

    const free = await registerJob(app.client, { status: 'RUNNING' })
    await update({ trainingJobId: free, steps: [{ step: 1, loss: 1 }] })
    const success = '... on DeleteTrainingJobSuccess { trainingJobId }'
    const gone = await act('deleteTrainingJob', { trainingJobId: free }, success)
    expect(gone).toEqual({ __typename: 'DeleteTrainingJobSuccess', trainingJobId: free })
    expect(await app.deps.services.prisma.trainingStep.count({ where: { loss: 1, step: 1 } })).toBe(0)
  })

  it('that are unknown or gone are not found; ids that are malformed or of another type name their field', async () => {
    const gone = await registerJob(app.client)
    await succeed(app.client, 'deleteTrainingJob', { trainingJobId: gone }, 'trainingJobId')
    for (const mutation of ['updateTrainingJob', 'cancelTrainingJob', 'deleteTrainingJob']) {
      for (const trainingJobId of [gone, unknownId('TrainingJob')]) {
        expect(await act(mutation, { trainingJobId })).toMatchObject({ __typename: 'TrainingJobNotFoundError' })
      }
      for (const trainingJobId of ['', 'nonsense', unknownId('Deployment'), '\u202e']) {
        expect(await unchanged(() => act(mutation, { trainingJobId }))).toMatchObject({
          __typename: 'InvalidInputError',
          issues: [{ path: ['trainingJobId'] }],
        })
      }
    }
  })

  it('refuse impossible updates, each with its field, and apply nothing of them', async () => {
    const trainingJobId = await registerJob(app.client, { status: 'RUNNING' })
    const steps = (count: number) => Array.from({ length: count }, (_, n) => ({ step: n, loss: 1 }))
    const cases: [input: Record<string, unknown>, path: string[]][] = [
      [{ progress: -0.1 }, ['progress']],
      [{ progress: 1.1 }, ['progress']],
      [{ finalAccuracy: 2 }, ['finalAccuracy']],
      [{ status: 'QUEUED' }, ['status']],
      [{ failureReason: 'but it runs' }, ['failureReason']],
      [{ status: 'FAILED', failureReason: 'x'.repeat(10_000) }, ['failureReason']],
      [
        {
          steps: [
            { step: 1, loss: 1 },
            { step: -1, loss: 1 },
          ],
        },
        ['steps', '1', 'step'],
      ],
      [{ steps: [{ step: 1, loss: 1, accuracy: 1.5 }] }, ['steps', '0', 'accuracy']],
      [{ steps: steps(1001) }, ['steps']],
    ]
    for (const [input, path] of cases) {
      const result = await unchanged(() => act('updateTrainingJob', { trainingJobId, progress: 0.5, ...input }))
      expect(result).toMatchObject({ __typename: 'InvalidInputError', issues: [{ path }] })
    }
    const all = await act('updateTrainingJob', { trainingJobId, progress: 2, finalAccuracy: -1 })
    expect(all.issues?.map(({ path }) => path)).toEqual([['progress'], ['finalAccuracy']])
    expect(await update({ trainingJobId, steps: steps(1000) })).toMatchObject({ progress: 0 })
  })
})
