import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import type { TrainingJobChange } from '../bus/bus.ts'
import { TrainingJobExternalIdTakenError, TrainingJobFinishedError } from './training.errors.ts'
import type { RegisteredTrainingJob } from './training-input.ts'
import type { TrainingJobs } from './training-jobs.ts'

const by = 'amira'
const TEAM = { key: 'team', value: 'search' }
const STAGE = { key: 'stage', value: 'canary=1' }

describe.each(await testDatabaseKinds())('reports of training jobs on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let jobs: TrainingJobs
  let published: TrainingJobChange[]
  let announced: number

  beforeAll(async () => {
    database = await createTestDatabase(kind)
    deps = await createTestDeps(database)
    jobs = deps.services.trainingJobs
    deps.bus.subscribe('trainingJob', (change) => published.push(change))
    deps.bus.subscribe('webhookOutbox', () => (announced += 1))
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(() => {
    published = []
    announced = 0
  })

  const register = (input: Partial<RegisteredTrainingJob> = {}) =>
    jobs.register({ modelName: 'm', name: 'j', status: 'RUNNING', ...input }, by)
  const now = (afterMs = 0) => new Date(deps.time.wallMs + afterMs)
  const namesOf = async (labels: { key: string; value: string }[]) => {
    const { edges } = await jobs.list({ labels }, { field: 'NAME', direction: 'ASC' }, {})
    return edges.map(({ node }) => node.name)
  }

  it.each([
    ['progress', { progress: 0.5 }],
    ['steps', { steps: [{ step: 0, loss: 1 }] }],
    ['a start', { startedAt: new Date(Date.UTC(2026, 10, 23, 11)) }],
  ])('with %s start a queued job', async (_what, update) => {
    const { id } = await register({ status: 'QUEUED' })
    const { status, startedAt } = await jobs.update(id, update)
    expect([status, startedAt]).toEqual(['RUNNING', 'startedAt' in update ? update.startedAt : now()])
  })

  it('keep the times of a run that is registered afterwards, and order it by its end', async () => {
    const [startedAt, finishedAt] = [now(-7_200_000), now(-3_600_000)]
    const past = await register({ modelName: 'past', name: 'past', status: 'COMPLETED', startedAt, finishedAt })
    expect(past).toMatchObject({ startedAt, finishedAt, createdAt: now(), progress: 1 })
    await register({ modelName: 'past', name: 'now', status: 'COMPLETED' })
    const { edges } = await jobs.list({ model: 'past' }, { field: 'FINISHED_AT', direction: 'ASC' }, {})
    expect(edges.map(({ node }) => node.name)).toEqual(['past', 'now'])
    expect(await register({ status: 'FAILED', finishedAt })).toMatchObject({ startedAt: finishedAt, finishedAt })
  })

  it('can end a job at a time of its own, which is never before its start', async () => {
    const { id } = await register()
    const [startedAt, finishedAt] = [now(-2000), now(-1000)]
    expect(await jobs.update(id, { status: 'COMPLETED', startedAt, finishedAt })).toMatchObject({
      startedAt,
      finishedAt,
    })
    const ahead = await register({ startedAt: now(30_000) })
    const ended = await jobs.update(ahead.id, { status: 'COMPLETED' })
    expect(ended.finishedAt).toEqual(ahead.startedAt)
  })

  it('of how a job ended succeed again, change nothing and are told to nobody', async () => {
    await deps.services.webhooks.create({ name: 'w', url: 'https://1.1.1.1', events: ['TRAINING_JOB_COMPLETED'] }, by)
    const { id } = await register()
    const steps = [
      { step: 1, loss: 9 },
      { step: 1, loss: 0.1, accuracy: 0.75 },
    ]
    const last = { status: 'COMPLETED', progress: 0.9, steps, finalLoss: 0.1, finalAccuracy: 1 / 3 } as const
    const ended = await jobs.update(id, last)
    expect([published.length, announced]).toEqual([2, 1])
    deps.time.pass(60_000)
    for (const repeated of [last, { status: 'COMPLETED' } as const]) {
      expect(await jobs.update(id, repeated)).toEqual(ended)
    }
    expect([published.length, announced]).toEqual([2, 1])
    expect(await database.prisma.webhookDelivery.count()).toBe(1)
    const others = [
      { status: 'FAILED' },
      { status: 'COMPLETED', finalLoss: 0.2 },
      { status: 'COMPLETED', finishedAt: now() },
      { status: 'COMPLETED', steps: [{ step: 1, loss: 0.1 }] },
      { status: 'COMPLETED', steps: [{ step: 2, loss: 0.1, accuracy: 0.75 }] },
      { progress: 1 },
    ] as const
    for (const other of others) await expect(jobs.update(id, other)).rejects.toBeInstanceOf(TrainingJobFinishedError)
  })

  it('find a job by the id of another system, which names one job only', async () => {
    const job = await register({ externalId: 'mlflow-1', name: 'first' })
    expect(await jobs.byExternalId('mlflow-1')).toMatchObject({ id: job.id })
    expect(await jobs.byExternalId('mlflow-2')).toBeNull()
    const other = await register()
    const attempts = [
      () => register({ externalId: 'mlflow-1', modelName: 'never/made' }),
      () => jobs.start({ modelName: 'm', externalId: 'mlflow-1' }, by),
      () => jobs.update(other.id, { externalId: 'mlflow-1', progress: 0.9 }),
    ]
    for (const attempt of attempts) {
      const refusal: unknown = await attempt().catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(TrainingJobExternalIdTakenError)
      expect(refusal).toMatchObject({ trainingJob: { id: job.id, name: 'first' } })
    }
    expect(await jobs.byId(other.id)).toEqual(other)
    expect(await database.prisma.model.count({ where: { name: 'never/made' } })).toBe(0)
    await jobs.update(job.id, { externalId: '' })
    expect(await jobs.update(other.id, { externalId: 'mlflow-1' })).toMatchObject({ externalId: 'mlflow-1' })
  })

  it('that race for an external id leave one job, and a repeated call with its idempotency key returns it', async () => {
    const call = (key: string) =>
      jobs.register({ modelName: 'm', name: 'j', status: 'QUEUED', externalId: 'raced' }, by, { caller: by, key })
    const results = await Promise.allSettled([call('a'), call('b'), call('c')])
    const winner = results.findIndex(({ status }) => status === 'fulfilled')
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(TrainingJobExternalIdTakenError)
    }
    expect((await call('abc'.charAt(winner))).externalId).toBe('raced')
  })

  it('are filtered by labels, all of which a job must have', async () => {
    await register({ name: 'both', labels: [TEAM, STAGE] })
    await register({ name: 'one', labels: [TEAM] })
    await register({ name: 'other value', labels: [{ key: 'team', value: 'ads' }] })
    expect(await namesOf([TEAM])).toEqual(['both', 'one'])
    expect(await namesOf([STAGE, TEAM])).toEqual(['both'])
    expect(await namesOf([{ key: 'team', value: 'sear' }])).toEqual([])
    expect(await namesOf([{ key: 'stage', value: 'canary' }])).toEqual([])
    await expect(namesOf([{ key: 'stage=canary', value: '1' }])).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
    await expect(namesOf(Array.from({ length: 17 }, () => TEAM))).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  it('can label every job at any time, finished and simulated ones too, and watchers are told', async () => {
    const finished = await register({ status: 'COMPLETED' })
    const simulated = await jobs.start({ modelName: 'm', labels: [TEAM] }, by)
    published = []
    for (const { id } of [finished, simulated]) {
      const labelled = await jobs.update(id, { labels: [STAGE, TEAM] })
      expect(labelled.labels).toEqual(['stage=canary=1', 'team=search'])
    }
    expect(published).toEqual([finished, simulated].map(({ id }) => ({ trainingJobId: id, newSteps: [] })))
    expect((await jobs.update(finished.id, { externalId: 'x' })).labels).toHaveLength(2)
    expect((await jobs.update(finished.id, { labels: [] })).labels).toEqual([])
    const { status, finishedAt } = finished
    expect(await jobs.byId(finished.id)).toMatchObject({ status, finishedAt, externalId: 'x' })
  })
})
