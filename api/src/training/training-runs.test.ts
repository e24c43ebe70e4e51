import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type Mock, vi } from 'vitest'
import { createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import { Queue } from '../../test/queue.ts'
import type { TrainingJobChange } from '../bus/bus.ts'
import { STEPS } from './simulate-run.ts'
import { TrainingRuns } from './training-runs.ts'

const by = 'amira'

describe.each(await testDatabaseKinds())('simulated training runs on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let runs: TrainingRuns
  let published: TrainingJobChange[]
  let errors: Queue<unknown>

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  beforeEach(async () => {
    deps = await createTestDeps(database)
    errors = new Queue()
    runs = restarted()
    published = []
    deps.bus.subscribe('trainingJob', (change) => published.push(change))
  })
  afterEach(async () => {
    vi.useRealTimers()
    vi.restoreAllMocks()
    await runs.stop()
  })

  /** As after a restart: without any earlier state. */
  const restarted = () =>
    new TrainingRuns({
      prisma: database.prisma,
      bus: deps.bus,
      outbox: deps.outbox,
      clock: deps.clock,
      onError: (error) => errors.push(error),
    })
  const start = (hyperparameters: { learningRate: number } | null = null) =>
    deps.services.trainingJobs.start({ modelName: 'm', hyperparameters }, by)
  const pass = async (ms: number) => {
    deps.time.pass(ms)
    await runs.advance()
  }
  const read = async (id: string) => {
    const job = await database.prisma.trainingJob.findUniqueOrThrow({ where: { id }, include: { steps: true } })
    return { ...job, steps: job.steps.map(({ step }) => step).toSorted((a, b) => a - b) }
  }
  const oneTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)
  const newSteps = () => published.flatMap((change) => change.newSteps.map(({ step }) => step))

  it('go from QUEUED over RUNNING to COMPLETED, and publish each change with its new steps', async () => {
    const { id } = await start()
    const begin = deps.time.wallMs
    await pass(1999)
    expect(await read(id)).toMatchObject({ status: 'QUEUED', startedAt: null, steps: [] })
    expect(published).toHaveLength(1)
    await pass(1)
    const startedAt = new Date(begin + 2000)
    expect(await read(id)).toMatchObject({ status: 'RUNNING', progress: 0, startedAt, steps: [] })
    await pass(30_000)
    expect(await read(id)).toMatchObject({ status: 'RUNNING', progress: 0.5, finishedAt: null, steps: oneTo(60) })
    await pass(30_000)
    const complete = await read(id)
    expect(complete).toMatchObject({
      status: 'COMPLETED',
      progress: 1,
      startedAt,
      finishedAt: new Date(begin + 62_000),
      failureReason: null,
      steps: oneTo(STEPS),
    })
    const last = await database.prisma.trainingStep.findFirst({ where: { trainingJobId: id, step: STEPS } })
    expect([complete.finalLoss, complete.finalAccuracy]).toEqual([last?.loss, last?.accuracy])
    expect(published.map((change) => [change.trainingJobId, change.newSteps.length])).toEqual([
      [id, 0],
      [id, 0],
      [id, 60],
      [id, 60],
    ])
    expect(newSteps()).toEqual(oneTo(STEPS))
  })

  it('publish nothing and write nothing when nothing changed', async () => {
    await start()
    await pass(10_000)
    published = []
    const transaction = vi.spyOn(database.prisma, '$transaction')
    await runs.advance()
    await pass(100)
    expect([published, transaction.mock.calls.length]).toEqual([[], 0])
  })

  it('fail when the learning rate makes them diverge, without final metrics', async () => {
    const { id } = await start({ learningRate: 0.5 })
    await pass(100_000)
    const failed = await read(id)
    expect(failed).toMatchObject({ status: 'FAILED', progress: 0.5, finalLoss: null, finalAccuracy: null })
    expect([failed.failureReason, failed.steps]).toEqual([expect.stringContaining('diverged'), oneTo(STEPS / 2)])
  })

  it('stay cancelled, with the steps they had', async () => {
    const { id } = await start()
    await pass(12_000)
    await deps.services.trainingJobs.cancel(id)
    await pass(60_000)
    expect(await read(id)).toMatchObject({ status: 'CANCELLED', steps: oneTo(20) })
  })

  it('stay cancelled even when that happens while they are being advanced', async () => {
    const [one, other] = [await start(), await start()]
    await pass(12_000)
    published = []
    const transaction = database.prisma.$transaction.bind(database.prisma)
    vi.spyOn(database.prisma, '$transaction').mockImplementationOnce((async (work: () => Promise<unknown>) => {
      await deps.services.trainingJobs.cancel(one.id)
      await deps.services.trainingJobs.cancel(other.id)
      await deps.services.trainingJobs.delete(other.id)
      return await transaction(work)
    }) as typeof database.prisma.$transaction)
    await pass(10_000)
    expect(await read(one.id)).toMatchObject({ status: 'CANCELLED', steps: oneTo(20) })
    expect(newSteps()).toEqual([])
    expect(await database.prisma.trainingStep.count({ where: { trainingJobId: other.id } })).toBe(0)
  })

  it('continue after a restart where they should be by then, with each step once', async () => {
    const { id } = await start()
    await pass(22_000)
    const stepsOf = { where: { trainingJobId: id }, orderBy: { step: 'asc' } } as const
    const before = await database.prisma.trainingStep.findMany(stepsOf)
    deps.time.pass(10_000)
    runs = restarted()
    await runs.advance()
    expect(await read(id)).toMatchObject({ status: 'RUNNING', progress: 0.5, steps: oneTo(60) })
    const after = await database.prisma.trainingStep.findMany(stepsOf)
    expect(after.slice(0, before.length)).toEqual(before)
    deps.time.pass(3_600_000)
    runs = restarted()
    await runs.advance()
    const complete = await read(id)
    const finishedAt = new Date(complete.createdAt.getTime() + 62_000)
    expect(complete).toMatchObject({ status: 'COMPLETED', finishedAt, steps: oneTo(STEPS) })
    expect(newSteps()).toEqual(oneTo(STEPS))
  })

  it('are not queued again by a clock that was set back over a restart', async () => {
    const { id } = await start()
    await pass(12_000)
    const setBack = { now: () => deps.time.wallMs - 3_600_000 }
    const { prisma } = database
    await new TrainingRuns({
      prisma,
      bus: deps.bus,
      outbox: deps.outbox,
      clock: setBack,
      onError: () => undefined,
    }).advance()
    expect(await read(id)).toMatchObject({ status: 'RUNNING', steps: oneTo(20) })
  })

  it('never change jobs that third parties registered', async () => {
    const { trainingJobs } = deps.services
    const ids: string[] = []
    for (const status of ['QUEUED', 'RUNNING'] as const) {
      ids.push((await trainingJobs.register({ modelName: 'm', name: status, status }, by)).id)
    }
    const before = await Promise.all(ids.map(read))
    await start()
    await pass(100_000)
    expect(await Promise.all(ids.map(read))).toEqual(before)
  })

  it('run side by side', async () => {
    const ids = [(await start()).id]
    await pass(10_000)
    ids.push((await start({ learningRate: 1 })).id, (await start()).id)
    await pass(20_000)
    expect((await Promise.all(ids.map(read))).map(({ steps }) => steps.length)).toEqual([56, 36, 36])
    await pass(60_000)
    expect((await Promise.all(ids.map(read))).map(({ status }) => status)).toEqual(['COMPLETED', 'FAILED', 'COMPLETED'])
  })

  describe('by themselves', () => {
    let advance: Mock<TrainingRuns['advance']>
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
      advance = vi.spyOn(runs, 'advance')
      runs.start()
    })
    const tick = async () => {
      const before = advance.mock.results.length
      vi.advanceTimersByTime(500)
      await Promise.allSettled(advance.mock.results.map((result): unknown => result.value))
      await new Promise((resolve) => setImmediate(resolve))
      return advance.mock.results.length - before
    }

    it('are advanced twice a second while any is running, and cost nothing when none is', async () => {
      expect([await tick(), await tick(), await tick()]).toEqual([1, 0, 0])
      const { id } = await start()
      deps.time.pass(12_000)
      expect([await tick(), await tick()]).toEqual([1, 1])
      expect(await read(id)).toMatchObject({ status: 'RUNNING' })
      deps.time.pass(60_000)
      await tick()
      expect(await read(id)).toMatchObject({ status: 'COMPLETED' })
      await tick()
      await tick()
      expect(await tick()).toBe(0)
    })

    it('are advanced again after a failure, which is reported', async () => {
      const { id } = await start()
      deps.time.pass(5000)
      vi.spyOn(database.prisma.trainingJob, 'findMany').mockRejectedValueOnce(new Error('gone'))
      expect(await tick()).toBe(1)
      expect(await errors.next()).toEqual(new Error('gone'))
      expect(await read(id)).toMatchObject({ status: 'QUEUED' })
      expect(await tick()).toBe(1)
      expect(await read(id)).toMatchObject({ status: 'RUNNING' })
    })

    it('are not advanced after the stop', async () => {
      await start()
      await runs.stop()
      expect(await tick()).toBe(0)
    })
  })
})
