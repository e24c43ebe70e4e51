import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { InvalidInputError } from '../base/errors.ts'
import type { TrainingJobChange } from '../bus/bus.ts'
import {
  TrainingJobFinishedError,
  TrainingJobHasDeploymentsError,
  TrainingJobNotFoundError,
  TrainingJobSimulatedError,
} from './training.errors.ts'
import type { NewTrainingJob } from './training-input.ts'
import type { TrainingJobs } from './training-jobs.ts'

const by = 'amira'
const NOBODY = '00000000-0000-4000-8000-000000000000'
const STATUSES = ['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const
const FINAL = ['COMPLETED', 'FAILED', 'CANCELLED'] as const

describe.each(await testDatabaseKinds())('training jobs on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let jobs: TrainingJobs
  let published: TrainingJobChange[]

  beforeAll(async () => {
    database = await createTestDatabase(kind)
    deps = await createTestDeps(database)
    jobs = deps.services.trainingJobs
    deps.bus.subscribe('trainingJob', (change) => published.push(change))
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(() => {
    published = []
  })

  const register = (status: (typeof STATUSES)[number], input: Partial<NewTrainingJob> & { name?: string } = {}) =>
    jobs.register({ modelName: 'm', name: 'j', ...input, status }, by)
  const steps = (...numbers: number[]) =>
    numbers.map((step) => ({ step, loss: 10 / (step + 1), accuracy: 1 / (step + 1) }))
  const curveOf = async (trainingJobId: string, maxPoints = 1000) =>
    (await jobs.lossCurves([{ trainingJobId, maxPoints }])).flat()
  const curve = async (id: string, maxPoints?: number) => (await curveOf(id, maxPoints)).map(({ step }) => step)
  const now = () => new Date(deps.time.wallMs)
  const issuesOf = async (refused: Promise<unknown>) => {
    const error: unknown = await refused.catch((reason: unknown) => reason)
    if (!(error instanceof InvalidInputError)) throw error
    return error.issues.map(({ path }) => path.join('.'))
  }

  it('are registered in any status, with the times that belong to it', async () => {
    for (const status of STATUSES) {
      const started = status === 'QUEUED' ? null : now()
      const finished = status === 'QUEUED' || status === 'RUNNING' ? null : now()
      expect(await register(status)).toMatchObject({
        status,
        simulated: false,
        progress: status === 'COMPLETED' ? 1 : 0,
        createdAt: now(),
        createdBy: by,
        startedAt: started,
        finishedAt: finished,
      })
    }
    expect(published).toHaveLength(STATUSES.length)
  })

  it('create the model with its first job, even when twenty race for it', async () => {
    const modelName = 'raced/to'
    const registered = await Promise.all(Array.from({ length: 20 }, () => register('COMPLETED', { modelName })))
    expect(new Set(registered.map(({ modelId }) => modelId)).size).toBe(1)
    expect(await database.prisma.model.count({ where: { name: modelName } })).toBe(1)
  })

  it('keep their names in a plain form', async () => {
    const names = { name: ' Ｌａｕｆ  ﬁne\u00a0𝓐 ', framework: 'Tensorﬂow', dataset: 'Mu\u0308ller' }
    const plain = { name: 'Lauf fine A', framework: 'Tensorflow', dataset: 'M\u00fcller' }
    expect(await register('COMPLETED', names)).toMatchObject(plain)
    expect(await jobs.start({ modelName: 'm', ...names }, by)).toMatchObject(plain)
  })

  it('keep the values they were registered with', async () => {
    const hyperparameters = { learningRate: 0.1, layers: [1, null, 'x'] }
    const input = { framework: 'torch', dataset: 'données 模型', hyperparameters }
    const { id } = await register('QUEUED', input)
    expect(await jobs.byId(id)).toMatchObject(input)
  })

  it('are started as queued simulated runs, with a generated name if none is given', async () => {
    expect(await jobs.start({ modelName: 'm', name: 'mine' }, by)).toMatchObject({
      name: 'mine',
      status: 'QUEUED',
      simulated: true,
      startedAt: null,
    })
    expect((await jobs.start({ modelName: 'm' }, by)).name).toMatch(/^run-/)
  })

  it('are refused with bad input, and leave nothing behind', async () => {
    const counts = async () => [await database.prisma.trainingJob.count(), await database.prisma.model.count()]
    const before = await counts()
    const bad = { modelName: 'never seen', name: 'a\u0000b' }
    expect(await issuesOf(jobs.register({ ...bad, status: 'QUEUED' }, by))).toEqual(['modelName', 'name'])
    expect(await issuesOf(jobs.start(bad, by))).toEqual(['modelName', 'name'])
    expect([await counts(), published]).toEqual([before, []])
  })

  it('are updated from QUEUED over RUNNING to a final status, with the time of each', async () => {
    const { id } = await register('QUEUED')
    deps.time.pass(1000)
    expect(await jobs.update(id, { progress: 0 })).toMatchObject({ status: 'QUEUED', progress: 0, startedAt: null })
    const started = now()
    const running = { status: 'RUNNING', startedAt: started, finishedAt: null }
    expect(await jobs.update(id, { status: 'RUNNING' })).toMatchObject({ ...running, progress: 0 })
    deps.time.pass(1000)
    expect(await jobs.update(id, { progress: 0.6, finalLoss: 0.3 })).toMatchObject({ ...running, progress: 0.6 })
    deps.time.pass(1000)
    expect(await jobs.update(id, { status: 'COMPLETED', finalAccuracy: 0.9 })).toMatchObject({
      progress: 1,
      finalLoss: 0.3,
      finalAccuracy: 0.9,
      startedAt: started,
      finishedAt: now(),
    })
  })

  it('may fail, with a reason', async () => {
    const { id } = await register('RUNNING')
    expect(await jobs.update(id, { status: 'FAILED', failureReason: 'out of memory' })).toMatchObject({
      status: 'FAILED',
      failureReason: 'out of memory',
      finishedAt: now(),
    })
  })

  it('never change again once they are finished', async () => {
    for (const status of FINAL) {
      const { id } = await register(status)
      const before = await jobs.byId(id)
      const changes = [
        () => jobs.update(id, { progress: 0.5, steps: steps(1) }),
        () => jobs.update(id, { status: 'RUNNING' }),
        () => jobs.cancel(id),
      ]
      for (const change of changes) {
        const refusal: unknown = await change().catch((error: unknown) => error)
        expect(refusal).toBeInstanceOf(TrainingJobFinishedError)
        expect(refusal).toMatchObject({ status })
      }
      expect([await jobs.byId(id), await curve(id)]).toEqual([before, []])
    }
  })

  it('stay as they are when an update is refused', async () => {
    const { id } = await register('RUNNING')
    const before = await jobs.byId(id)
    published = []
    expect(await issuesOf(jobs.update(id, { status: 'QUEUED', progress: 0.5, steps: steps(7) }))).toEqual(['status'])
    expect([await jobs.byId(id), await curve(id), published]).toEqual([before, [], []])
  })

  it('collect steps; a repeated step is replaced, so that a retry does no harm', async () => {
    const { id } = await register('RUNNING')
    published = []
    await jobs.update(id, { steps: steps(3, 1, 2) })
    await jobs.update(id, {
      steps: [
        { step: 2, loss: 99 },
        { step: 4, loss: 5 },
        { step: 4, loss: 6 },
      ],
    })
    const stored = await curveOf(id)
    expect(stored.map(({ step, loss, accuracy }) => [step, loss, accuracy])).toEqual([
      [1, 5, 0.5],
      [2, 99, null],
      [3, 2.5, 0.25],
      [4, 6, null],
    ])
    expect(published.map(({ newSteps }) => newSteps.map(({ step }) => step))).toEqual([
      [3, 1, 2],
      [2, 4, 4],
    ])
  })

  it('accept a thousand steps per call, including the highest step number', async () => {
    const { id } = await register('RUNNING')
    const numbers = [...Array.from({ length: 999 }, (_, step) => step), 2 ** 31 - 1]
    await jobs.update(id, { steps: steps(...numbers) })
    expect(await curve(id, 2000)).toEqual(numbers)
  })

  it('that are simulated are not updated, but can be cancelled', async () => {
    const { id } = await jobs.start({ modelName: 'm' }, by)
    await expect(jobs.update(id, { progress: 0.5 })).rejects.toBeInstanceOf(TrainingJobSimulatedError)
    expect(await jobs.cancel(id)).toMatchObject({ status: 'CANCELLED', startedAt: null, finishedAt: now() })
    await expect(jobs.cancel(id)).rejects.toBeInstanceOf(TrainingJobFinishedError)
  })

  it('finish once when several calls race to finish them', async () => {
    const { id } = await register('RUNNING')
    const results = await Promise.allSettled([
      jobs.cancel(id),
      jobs.update(id, { status: 'COMPLETED', steps: steps(1) }),
      jobs.update(id, { status: 'FAILED', steps: steps(2) }),
    ])
    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    expect(refusals).toHaveLength(2)
    for (const refusal of refusals) expect(refusal).toBeInstanceOf(TrainingJobFinishedError)
    const outcome = { status: (await jobs.byId(id))?.status, steps: await curve(id) }
    expect([
      { status: 'CANCELLED', steps: [] },
      { status: 'COMPLETED', steps: [1] },
      { status: 'FAILED', steps: [2] },
    ]).toContainEqual(outcome)
  })

  it('are deleted with their curve, and are unknown from then on', async () => {
    const { id } = await register('RUNNING')
    await jobs.update(id, { steps: steps(1) })
    published = []
    await jobs.delete(id)
    const deleted: unknown = expect.objectContaining({ id, model: expect.objectContaining({ name: 'm' }) as unknown })
    expect(published).toEqual([{ trainingJobId: id, newSteps: [], deleted }])
    expect(await jobs.byId(id)).toBeNull()
    expect(await database.prisma.trainingStep.count({ where: { trainingJobId: id } })).toBe(0)
    for (const unknown of [id, NOBODY]) {
      await expect(jobs.delete(unknown)).rejects.toBeInstanceOf(TrainingJobNotFoundError)
      await expect(jobs.cancel(unknown)).rejects.toBeInstanceOf(TrainingJobNotFoundError)
      await expect(jobs.update(unknown, { progress: 0.5 })).rejects.toBeInstanceOf(TrainingJobNotFoundError)
    }
  })

  it('are not deleted while they have deployments, and the error lists those', async () => {
    const { id } = await register('COMPLETED')
    const { deployments } = deps.services
    const first = await deployments.deploy(id, { by })
    await deployments.pause(first.id, { by })
    const second = await deployments.deploy(id, { by })
    published = []
    const refusal: unknown = await jobs.delete(id).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(TrainingJobHasDeploymentsError)
    if (!(refusal instanceof TrainingJobHasDeploymentsError)) throw refusal
    expect(refusal.deployments.map((deployment) => deployment.id).toSorted()).toEqual([first.id, second.id].toSorted())
    expect([await jobs.byId(id), published]).toEqual([expect.objectContaining({ id }), []])
  })

  it('are searched by characters, not by a pattern, ignoring case, in their own and their model’s name', async () => {
    for (const name of ['100%', 'a_b', 'axb']) await register('QUEUED', { modelName: 'search/x', name })
    await register('QUEUED', { modelName: 'search/a_b', name: 'Ärger' })
    const found = async (search: string) => {
      const { edges } = await jobs.list({ search }, { field: 'NAME', direction: 'ASC' }, {})
      return edges.map(({ node }) => node.name).toSorted()
    }
    expect(await found('%')).toEqual(['100%'])
    expect(await found('A_B')).toEqual(['a_b', 'Ärger'])
    expect(await found('\\')).toEqual([])
    expect(await found('ärger')).toEqual(['Ärger'])
    expect(await found('SEARCH/X')).toEqual(['100%', 'a_b', 'axb'])
  })
})
