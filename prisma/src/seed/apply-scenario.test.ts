import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, testDatabaseKinds } from '../testing.ts'
import type { TestDatabase } from '../testing.ts'
import { applyScenario } from './apply-scenario.ts'
import { demoScenario } from './demo-scenario.ts'

const now = new Date('2026-11-23T09:30:00.000Z')

describe.each(await testDatabaseKinds())('seeding on %s', (kind) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const counts = async ({ prisma }: TestDatabase) => [
    await prisma.model.count(),
    await prisma.trainingJob.count(),
    await prisma.trainingStep.count(),
    await prisma.deployment.count(),
    await prisma.deploymentEvent.count(),
    await prisma.sampleHead.count(),
  ]

  test('a scenario that breaks a rule of the database leaves nothing', async () => {
    const scenario = demoScenario(now)
    const deploymentEvents = scenario.deploymentEvents.map((event) => ({ ...event, sequence: 1 }))
    const broken = { ...scenario, deploymentEvents }
    await expect(applyScenario(database, broken)).rejects.toThrow(/Unique constraint failed/)
    expect(await counts(database)).toEqual([0, 0, 0, 0, 0, 0])
  })

  test('the demo passes every constraint and is written once, also when two servers try', async () => {
    const scenario = demoScenario(now)
    const outcomes = await Promise.allSettled([applyScenario(database, scenario), applyScenario(database, scenario)])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(applyScenario(database, scenario)).rejects.toThrow(/^The database holds models already/)
    const { trainingSteps, deploymentEvents } = scenario
    expect(await counts(database)).toEqual([7, 45, trainingSteps.length, 12, deploymentEvents.length, 12])
  })

  test('the log of events continues after the last one, and heads belong to their deployments', async () => {
    const { prisma } = database
    const scenario = demoScenario(now)
    const { lastSequence } = await prisma.logState.findUniqueOrThrow({ where: { id: 1 } })
    expect(Number(lastSequence)).toBe(scenario.deploymentEvents.length)
    const deployments = await prisma.deployment.findMany()
    for (const { key, status } of deployments) {
      const head = await prisma.sampleHead.findUniqueOrThrow({ where: { deploymentKey: key } })
      expect(head).toMatchObject({ sequence: 0n, lastWindowEnd: null })
      expect(head.recordingSince).toEqual(status === 'ACTIVE' ? new Date('2026-11-23T08:30:00.000Z') : null)
    }
  })

  test('the rows match the scenario', async () => {
    const scenario = demoScenario(now)
    const [job] = scenario.trainingJobs
    const steps = scenario.trainingSteps.filter(({ trainingJobId }) => trainingJobId === job?.id)
    expect(await database.prisma.trainingJob.findUnique({ where: { id: job?.id ?? '' } })).toEqual({
      ...job,
      externalId: null,
      labels: [],
      stepCount: steps.length,
    })
    const where = { trainingJobId: job?.id ?? '' }
    expect(await database.prisma.trainingStep.findMany({ where, orderBy: { step: 'asc' } })).toEqual(
      steps.map((step, n) => ({ ...step, position: n + 1 })),
    )
  })
})
