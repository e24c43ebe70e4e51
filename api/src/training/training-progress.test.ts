import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestDeps, type TestDeps } from '../../test/create-test-deps.ts'
import type { TrainingProgressUpdate } from './training-progress.ts'

const by = 'amira'
const END = { done: true, value: undefined }
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe.each(await testDatabaseKinds())('watching training jobs on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  beforeEach(async () => {
    deps = await createTestDeps(database)
    deps.services.trainingProgress.start()
  })
  afterEach(() => {
    vi.restoreAllMocks()
    deps.services.trainingProgress.stop()
  })

  const register = async (status: 'QUEUED' | 'RUNNING' | 'COMPLETED' = 'RUNNING') =>
    (await deps.services.trainingJobs.register({ modelName: 'm', name: 'j', status }, by)).id
  const watch = (id: string | null) => deps.services.trainingProgress.watch(id)
  const addSteps = (id: string, ...steps: number[]) =>
    deps.services.trainingJobs.update(id, { steps: steps.map((step) => ({ step, loss: 1 })) })
  const next = async (watcher: AsyncIterableIterator<TrainingProgressUpdate>) => {
    const { value, done } = await watcher.next()
    return done ? 'end' : [value.trainingJobId, ...value.newSteps.map(({ step }) => step)]
  }
  const publish = (id: string, ...steps: number[]) =>
    deps.bus.publish('trainingJob', {
      trainingJobId: id,
      newSteps: steps.map((step) => ({ step, loss: 1, accuracy: null, at: new Date(0) })),
    })

  it('gives the current state of one job at once, whatever its status, then each change with its new steps', async () => {
    for (const status of ['QUEUED', 'RUNNING', 'COMPLETED'] as const) {
      expect(await next(await watch(await register(status)))).toHaveLength(1)
    }
    const id = await register()
    await addSteps(id, 1, 2)
    const watcher = await watch(id)
    expect(await next(watcher)).toEqual([id])
    const change = next(watcher)
    await addSteps(id, 3, 4)
    expect(await change).toEqual([id, 3, 4])
    const last = next(watcher)
    await deps.services.trainingJobs.cancel(id)
    expect(await last).toEqual([id])
  })

  it('gives all unfinished jobs, oldest first, then new jobs and every change', async () => {
    const ids = [await register()]
    await register('COMPLETED')
    deps.time.pass(1000)
    ids.push(await register('QUEUED'))
    const watcher = await watch(null)
    expect([await next(watcher), await next(watcher)]).toEqual(ids.map((id) => [id]))
    const change = next(watcher)
    const fresh = await register()
    expect(await change).toEqual([fresh])
    await addSteps(ids[0]!, 5)
    expect(await next(watcher)).toEqual([ids[0], 5])
  })

  it('gives a slow watcher each changed job once, with all steps since its last update', async () => {
    const [one, other] = [await register(), await register()]
    const watcher = await watch(null)
    await watcher.next()
    await watcher.next()
    publish(one, 1)
    publish(other, 1)
    publish(one, 2, 3)
    publish(one)
    expect([await next(watcher), await next(watcher)]).toEqual([
      [one, 1, 2, 3],
      [other, 1],
    ])
    const waiting = next(watcher)
    await settled()
    publish(other, 2)
    expect(await waiting).toEqual([other, 2])
  })

  it('keeps a bounded number of steps and jobs for a slow watcher: the newest', async () => {
    const id = await register()
    const watcher = await watch(null)
    await watcher.next()
    for (let step = 1; step <= 3000; step += 1) publish(id, step)
    const steps = await next(watcher)
    expect([steps.length, steps[1], steps.at(-1)]).toEqual([1001, 2001, 3000])
    for (let number = 1; number <= 2500; number += 1) publish(`job ${number}`)
    expect(await next(watcher)).toEqual(['job 1501'])
    let given = 1
    const rest = (async () => {
      for await (const update of watcher) if (update) given += 1
    })()
    await settled()
    await watcher.return?.()
    await rest
    expect(given).toBe(1000)
  })

  it('misses no change that happens while a watch begins', async () => {
    const id = await register()
    const { trainingJobs } = deps.services
    const currentIds = trainingJobs.currentIds.bind(trainingJobs)
    vi.spyOn(trainingJobs, 'currentIds').mockImplementationOnce(async (...asked) => {
      const ids = await currentIds(...asked)
      await addSteps(id, 7)
      return ids
    })
    expect(await next(await watch(id))).toEqual([id, 7])
  })

  it('gives a watcher of one job nothing of other jobs', async () => {
    const [id, other] = [await register(), await register()]
    const watcher = await watch(id)
    await watcher.next()
    const waiting = next(watcher)
    await addSteps(other, 1)
    await register()
    await addSteps(id, 2)
    expect(await waiting).toEqual([id, 2])
  })

  it('tells watchers of all jobs of a deletion, with the job as it was, also those that are slow', async () => {
    const id = await register()
    const [all, slow] = [await watch(null), await watch(null)]
    await all.next()
    await addSteps(id, 1)
    expect(await next(all)).toEqual([id, 1])
    const finished = await register('COMPLETED')
    await deps.services.trainingJobs.cancel(id)
    await deps.services.trainingJobs.delete(id)
    await deps.services.trainingJobs.delete(finished)
    for (const watcher of [all, slow]) {
      const told = [(await watcher.next()).value, (await watcher.next()).value] as TrainingProgressUpdate[]
      const kept = Object.fromEntries(told.map(({ trainingJobId, deleted }) => [trainingJobId, deleted]))
      expect(kept[id]).toMatchObject({ id, name: 'j', status: 'CANCELLED', model: { name: 'm' } })
      expect(kept[finished]).toMatchObject({ status: 'COMPLETED' })
      expect(watcher.poll()).toBeUndefined()
    }
  })

  it('gives the message of a deletion the same version for every watcher of all jobs', async () => {
    const id = await register()
    const [one, other] = [await watch(null), await watch(null)]
    one.poll()
    await deps.services.trainingJobs.delete(id)
    const fed = one.feed.after(one.feed.version - 1)
    expect(fed?.payload?.deleted).toMatchObject({ id })
    expect([one.poll(), other.poll()].map((update) => update?.version)).toEqual([fed?.version, fed?.version])
  })

  it('ends the watchers of a job that is deleted, also while they wait; a watcher of all jobs continues', async () => {
    const [id, other] = [await register(), await register()]
    const [one, pending, all] = [await watch(id), await watch(id), await watch(null)]
    await one.next()
    const waiting = one.next()
    await deps.services.trainingJobs.delete(id)
    expect([await waiting, await pending.next()]).toEqual([END, END])
    expect([await next(all), await next(all)]).toEqual([[id], [other]])
    expect(deps.services.trainingProgress.watchers).toBe(1)
  })

  it('refuses a job that does not exist, and keeps no watcher then', async () => {
    await expect(watch('00000000-0000-4000-8000-000000000000')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    vi.spyOn(deps.services.trainingJobs, 'currentIds').mockRejectedValueOnce(new Error('gone'))
    await expect(watch(null)).rejects.toThrow('gone')
    expect(deps.services.trainingProgress.watchers).toBe(0)
  })

  it('ends a watcher at once while calls wait, and all watchers when the server stops', async () => {
    const [one, other] = [await watch(null), await watch(null)]
    const waiting = [one.next(), one.next(), other.next()]
    await settled()
    expect(deps.services.trainingProgress.watchers).toBe(2)
    expect(await one.return?.()).toEqual(END)
    expect(await Promise.all(waiting.slice(0, 2))).toEqual([END, END])
    expect(deps.services.trainingProgress.watchers).toBe(1)
    deps.services.trainingProgress.stop()
    expect(await waiting[2]).toEqual(END)
    expect(deps.services.trainingProgress.watchers).toBe(0)
    await register()
    expect(await one.next()).toEqual(END)
  })

  it('begins with the newest thousand of all unfinished jobs', async () => {
    const { modelId, createdAt } = await database.prisma.trainingJob.findUniqueOrThrow({
      where: { id: await register() },
    })
    const many = Array.from({ length: 1001 }, (_, index) => ({
      modelId,
      name: `many ${index}`,
      status: 'QUEUED' as const,
      createdBy: by,
      createdAt: new Date(createdAt.getTime() + 1000 + index),
    }))
    await database.prisma.trainingJob.createMany({ data: many })
    const ids = await deps.services.trainingJobs.currentIds(null)
    const first = await deps.services.trainingJobs.byId(ids[0] ?? '')
    expect([ids.length, first?.name]).toEqual([1000, 'many 1'])
    await database.prisma.trainingJob.deleteMany({ where: { name: { startsWith: 'many' } } })
  })
})
