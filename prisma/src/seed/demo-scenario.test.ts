import { expect, test } from 'vitest'
import { demoScenario } from './demo-scenario.ts'

const now = new Date('2026-11-23T09:30:00.000Z')
const scenario = demoScenario(now)
const hoursAgo = (at: Date) => (now.getTime() - at.getTime()) / 3_600_000
const countBy = (values: string[]) =>
  Object.fromEntries([...new Set(values)].map((value) => [value, values.filter((other) => other === value).length]))

test('the same instant gives the same scenario, another instant the same one moved', () => {
  expect(demoScenario(new Date(now))).toEqual(scenario)
  const later = demoScenario(new Date(now.getTime() + 5000))
  expect(later.models.map(({ createdAt }) => createdAt.getTime() - 5000)).toEqual(
    scenario.models.map(({ createdAt }) => createdAt.getTime()),
  )
  expect(later.trainingSteps.map(({ loss }) => loss)).toEqual(scenario.trainingSteps.map(({ loss }) => loss))
})

test('it holds models of several fields, jobs in every status and twelve deployments', () => {
  expect(scenario.models).toHaveLength(7)
  expect(scenario.models.map(({ name }) => name.length)).toContain(60)
  expect(countBy(scenario.trainingJobs.map(({ status }) => status))).toEqual({
    CANCELLED: 4,
    COMPLETED: 27,
    FAILED: 6,
    QUEUED: 4,
    RUNNING: 4,
  })
  expect(scenario.trainingJobs.every(({ simulated }) => simulated === false)).toBe(true)
  expect(countBy(scenario.deployments.map(({ status }) => status))).toEqual({ ACTIVE: 9, PAUSED: 3 })
  const deployed = new Set(scenario.deployments.map(({ trainingJobId }) => trainingJobId))
  const open = scenario.trainingJobs.filter(({ id, status }) => status === 'COMPLETED' && !deployed.has(id))
  expect(open.length).toBeGreaterThan(10)
})

test('ids are unique UUIDs of version 7 that sort by creation', () => {
  const { models, trainingJobs, deployments, deploymentEvents } = scenario
  const ids = [...models, ...trainingJobs, ...deployments, ...deploymentEvents].map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const byTime = trainingJobs.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime()).map(({ id }) => id)
  expect(byTime).toEqual(trainingJobs.map(({ id }) => id).sort())
})

test('only completed jobs are deployed, after they finished, two hours ago or more, one active at a time', () => {
  const active = new Set<string>()
  for (const { trainingJobId, modelId, createdAt, status } of scenario.deployments) {
    const job = scenario.trainingJobs.find(({ id }) => id === trainingJobId)
    expect([job?.status, job?.modelId]).toEqual(['COMPLETED', modelId])
    expect(createdAt.getTime()).toBeGreaterThan(job?.finishedAt?.getTime() ?? Infinity)
    expect(hoursAgo(createdAt)).toBeGreaterThanOrEqual(2)
    if (status === 'ACTIVE') {
      expect(active).not.toContain(trainingJobId)
      active.add(trainingJobId)
    }
  }
})

test('versions count the deployments of a model from 0; that of the deleted one is skipped', () => {
  for (const model of scenario.models) {
    const deployed = scenario.deploymentEvents.filter(({ kind }) => kind === 'DEPLOYED')
    const made = deployed.filter(({ modelName }) => modelName === model.name)
    expect(made.map(({ versionNumber }) => versionNumber)).toEqual(made.map((_, index) => index))
    expect(model.deploymentCount).toBe(made.length)
  }
  const summarizer = scenario.models.find(({ name }) => name === 'doc-summarizer-7b')
  const versions = scenario.deployments.filter(({ modelId }) => modelId === summarizer?.id)
  expect(versions.map(({ versionNumber }) => versionNumber)).toEqual([1, 2])
})

test('events are in order and explain the status of each deployment', () => {
  const { deploymentEvents, deployments } = scenario
  expect(deploymentEvents.map(({ sequence }) => sequence)).toEqual(deploymentEvents.map((_, index) => index + 1))
  const times = deploymentEvents.map(({ at }) => at.getTime())
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  const byDeployment = new Map(
    deploymentEvents.map(({ deploymentId: id }) => [id, deploymentEvents.filter((event) => event.deploymentId === id)]),
  )
  const deleted = [...byDeployment].filter(([id]) => !deployments.some((deployment) => deployment.id === id))
  expect(deleted.map(([, events]) => events.map(({ kind }) => kind))).toEqual([['DEPLOYED', 'PAUSED', 'DELETED']])
  for (const { id, status, createdAt, createdBy, statusChangedAt } of deployments) {
    const events = byDeployment.get(id) ?? []
    expect(events[0]).toMatchObject({ kind: 'DEPLOYED', at: createdAt, by: createdBy })
    const last = events.at(-1)
    expect(last?.at).toEqual(statusChangedAt)
    expect(last?.kind === 'PAUSED' ? 'PAUSED' : 'ACTIVE').toBe(status)
  }
})

test('every started job has a falling curve within its run, and no job is ahead of now', () => {
  for (const job of scenario.trainingJobs) {
    const steps = scenario.trainingSteps.filter(({ trainingJobId }) => trainingJobId === job.id)
    if (job.status === 'QUEUED') {
      expect([steps.length, job.progress]).toEqual([0, 0])
      continue
    }
    const [first, last] = [steps[0], steps.at(-1)]
    if (job.status === 'COMPLETED') {
      expect(steps.length).toBeGreaterThanOrEqual(60)
      expect([job.finalLoss, job.finalAccuracy, job.progress]).toEqual([last?.loss, last?.accuracy, 1])
      expect(last?.loss).toBeLessThan((first?.loss ?? 0) / 2)
    } else {
      expect(job.finalLoss).toBeNull()
    }
    expect(job.failureReason !== null).toBe(job.status === 'FAILED')
    const [start, end] = [job.createdAt.getTime(), (job.finishedAt ?? now).getTime()]
    expect(steps.every(({ at }) => at.getTime() >= start && at.getTime() <= end)).toBe(true)
    expect(end).toBeLessThanOrEqual(now.getTime())
  }
  expect(scenario.trainingSteps.length).toBeGreaterThan(4000)
})
