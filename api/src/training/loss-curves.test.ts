import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDeps } from '../../test/create-test-deps.ts'
import type { TrainingJobs } from './training-jobs.ts'

const by = 'amira'

describe.each(await testDatabaseKinds())('the loss curves of training jobs on %s', (kind) => {
  let database: TestDatabase
  let jobs: TrainingJobs

  beforeAll(async () => {
    database = await createTestDatabase(kind)
    jobs = (await createTestDeps(database)).services.trainingJobs
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const register = (status: 'RUNNING') => jobs.register({ modelName: 'm', name: 'j', status }, by)
  const steps = (...numbers: number[]) =>
    numbers.map((step) => ({ step, loss: 10 / (step + 1), accuracy: 1 / (step + 1) }))
  const curveOf = async (trainingJobId: string, maxPoints = 1000) =>
    (await jobs.lossCurves([{ trainingJobId, maxPoints }])).flat()
  const curve = async (id: string, maxPoints?: number) => (await curveOf(id, maxPoints)).map(({ step }) => step)

  it('are thinned evenly to the requested size, always including the last step', async () => {
    const { id } = await register('RUNNING')
    await jobs.update(id, { steps: steps(...Array.from({ length: 100 }, (_, index) => index + 1)) })
    for (const maxPoints of [1, 2, 3, 7, 30, 50, 99, 100, 101, 1000]) {
      const thinned = await curve(id, maxPoints)
      expect([maxPoints, thinned.length <= maxPoints, thinned.at(-1)]).toEqual([maxPoints, true, 100])
      expect(thinned.length).toBeGreaterThan(Math.min(100, maxPoints) / 2)
      const gaps = new Set(thinned.slice(1).map((step, index) => step - (thinned[index] ?? 0)))
      expect(gaps.size).toBeLessThanOrEqual(1)
    }
    expect(await curve(id, 100)).toHaveLength(100)
    expect(await curve((await register('RUNNING')).id)).toEqual([])
  })

  it('have the last step, also thinned and when it did not arrive last, whatever the numbers of the steps', async () => {
    const { id } = await register('RUNNING')
    await jobs.update(id, { steps: steps(0, 2 ** 31 - 1) })
    for (let from = 1; from <= 1001; from += 500) {
      await jobs.update(id, { steps: steps(...Array.from({ length: 500 }, (_, n) => from + n)) })
    }
    // Some of them once more: they are replaced.
    await jobs.update(id, { steps: steps(...Array.from({ length: 500 }, (_, n) => n)) })
    expect(await curve(id, 2000)).toHaveLength(1502)
    const thinned = await curve(id, 200)
    expect(thinned).toHaveLength(Math.ceil(1502 / Math.ceil(1502 / 200)))
    expect(thinned).toEqual(thinned.toSorted((a, b) => a - b))
    expect(thinned.at(-1)).toBe(2 ** 31 - 1)
    expect(await curve(id, 1)).toEqual([2 ** 31 - 1])
  })

  it('come in the requested order, each thinned separately, even for one job twice', async () => {
    const [one, other, none] = [await register('RUNNING'), await register('RUNNING'), await register('RUNNING')]
    await jobs.update(one.id, { steps: steps(1, 2, 3, 4) })
    await jobs.update(other.id, { steps: steps(10, 20) })
    const asked = [
      { trainingJobId: other.id, maxPoints: 5 },
      { trainingJobId: none.id, maxPoints: 5 },
      { trainingJobId: one.id, maxPoints: 2 },
      { trainingJobId: one.id, maxPoints: 9 },
    ]
    const curves = await jobs.lossCurves(asked)
    expect(curves.map((each) => each.map(({ step }) => step))).toEqual([[10, 20], [], [2, 4], [1, 2, 3, 4]])
    expect(await jobs.lossCurves([])).toEqual([])
  })
})
