import type { Prisma } from '../generated/client/client.ts'
import { demoDeployments } from './demo-deployments.ts'
import type { DemoDeployment } from './demo-deployments.ts'
import { demoModels } from './demo-models.ts'
import type { DemoJob, DemoModel } from './demo-models.ts'
import { randomOf, uuidAt } from './deterministic.ts'
import { lossCurve } from './loss-curve.ts'

/** Rows for an empty database, consistent with each other and with the rules of the domain. */
export interface Scenario {
  models: ScenarioModel[]
  trainingJobs: ScenarioJob[]
  trainingSteps: ScenarioStep[]
  deployments: ScenarioDeployment[]
  /** In the order of their sequence. */
  deploymentEvents: (Prisma.DeploymentEventCreateManyInput & { at: Date; sequence: number })[]
  /** The head of each deployment's sample log; the database gives the key. */
  sampleHeads: { deploymentId: string; recordingSince: Date | null }[]
}
type ScenarioModel = Prisma.ModelCreateManyInput & { id: string; deploymentCount: number; createdAt: Date }
type ScenarioJob = Prisma.TrainingJobCreateManyInput & { id: string; createdAt: Date; finishedAt: Date | null }
type ScenarioStep = { trainingJobId: string; step: number; loss: number; accuracy: number | null; at: Date }
type ScenarioDeployment = Prisma.DeploymentCreateManyInput & { id: string; createdAt: Date; statusChangedAt: Date }
type Event = Omit<Scenario['deploymentEvents'][number], 'sequence'>

const hourMs = 3_600_000
const historyMs = hourMs

/**
 * The scenario `demo`: seven models in three fields, 45 training jobs in every status, twelve deployments and what
 * happened to them, over the four weeks before `now`. The same `now` gives the same to the last digit. Active
 * deployments record since an hour ago, so that an hour of samples can be filled in.
 */
export function demoScenario(now: Date): Scenario {
  return describeScenario(now, demoModels, demoDeployments, () => new Date(now.getTime() - historyMs))
}

/** @param recordingSince when an active deployment begins to record, from when it was deployed or resumed */
export function describeScenario(
  now: Date,
  models: readonly DemoModel[],
  deployments: readonly DemoDeployment[],
  recordingSince: (activeSince: Date) => Date,
): Scenario {
  const ago = (hours: number) => new Date(now.getTime() - Math.round(hours * hourMs))
  const scenario: Scenario = {
    models: [],
    trainingJobs: [],
    trainingSteps: [],
    deployments: [],
    deploymentEvents: [],
    sampleHeads: [],
  }
  const events: Event[] = []
  for (const model of models) {
    const modelRow = describeModel(model, ago)
    scenario.models.push(modelRow)
    const jobIds = new Map<string, string>()
    for (const job of model.jobs) {
      const { row, steps } = describeJob(model, modelRow.id, job, now, ago)
      scenario.trainingJobs.push(row)
      scenario.trainingSteps.push(...steps)
      jobIds.set(job.name, row.id)
    }
    for (const deployment of deployments.filter((candidate) => candidate.model === model.name)) {
      const trainingJobId = jobIds.get(deployment.job)
      if (trainingJobId === undefined) throw new Error(`The demo has no training job ${deployment.job}`)
      const versionNumber = modelRow.deploymentCount
      modelRow.deploymentCount += 1
      const { row, history } = describeDeployment(deployment, modelRow.id, trainingJobId, versionNumber, ago)
      events.push(...history)
      if (row === null) continue
      scenario.deployments.push(row)
      const since = row.status === 'ACTIVE' ? recordingSince(row.statusChangedAt) : null
      scenario.sampleHeads.push({ deploymentId: row.id, recordingSince: since })
    }
  }
  events.sort((a, b) => a.at.getTime() - b.at.getTime())
  scenario.deploymentEvents = events.map((event, index) => ({ ...event, sequence: index + 1 }))
  return scenario
}

type Ago = (hours: number) => Date

function describeModel({ name, description, jobs }: DemoModel, ago: Ago): ScenarioModel {
  // A model comes into being with its first job.
  const createdAt = ago(Math.max(...jobs.map(queuedHoursAgo)))
  return { id: uuidAt(createdAt, `model ${name}`), name, description, deploymentCount: 0, createdAt }
}

function describeJob(
  model: DemoModel,
  modelId: string,
  job: DemoJob,
  now: Date,
  ago: Ago,
): { row: ScenarioJob; steps: ScenarioStep[] } {
  const createdAt = ago(queuedHoursAgo(job))
  const startedAt = ago(job.startedHoursAgo)
  const id = uuidAt(createdAt, `job ${job.name}`)
  const runMs = job.hours * hourMs
  const fraction = fractionDone(job)
  const shape = { ...model.curve, diverges: job.failureReason?.includes('NaN') ?? false }
  const curve = lossCurve(vary(shape, job), fraction, randomOf(`curve ${job.name}`))
  const last = job.status === 'COMPLETED' ? curve.at(-1) : undefined
  const started = job.status !== 'QUEUED'
  const finished = started && job.status !== 'RUNNING'
  const row = {
    id,
    modelId,
    name: job.name,
    status: job.status,
    progress: fraction,
    simulated: false,
    framework: model.framework,
    dataset: model.dataset,
    hyperparameters: { ...model.hyperparameters, ...job.set },
    finalLoss: last?.loss ?? null,
    finalAccuracy: last?.accuracy ?? null,
    failureReason: job.failureReason ?? null,
    createdAt,
    createdBy: job.by,
    startedAt: started ? startedAt : null,
    finishedAt: finished ? new Date(startedAt.getTime() + Math.round(runMs * fraction)) : null,
  }
  const steps = curve.map(({ step, loss, accuracy }) => {
    const elapsedMs = Math.round((runMs * step) / (shape.points * shape.stepSize))
    const at = new Date(Math.min(startedAt.getTime() + elapsedMs, now.getTime()))
    return { trainingJobId: id, step, loss, accuracy, at }
  })
  return { row, steps }
}

/** How long a job waited for its machine: some minutes, more or less. */
function queuedHoursAgo(job: DemoJob): number {
  if (job.status === 'QUEUED') return job.startedHoursAgo
  return job.startedHoursAgo + 0.02 + 0.4 * randomOf(`queue ${job.name}`)()
}

function fractionDone({ status, startedHoursAgo, hours, fraction = 1 }: DemoJob): number {
  if (status === 'QUEUED') return 0
  return status === 'RUNNING' ? startedHoursAgo / hours : fraction
}

/** Runs of one model end somewhat apart; later ones tend to be better. */
function vary<T extends { endLoss: number; endAccuracy: number | null }>(shape: T, job: DemoJob): T {
  const worse = 0.25 * randomOf(`quality ${job.name}`)() * Math.min(1, job.startedHoursAgo / 600)
  return {
    ...shape,
    endLoss: shape.endLoss * (1 + worse),
    endAccuracy: shape.endAccuracy === null ? null : 1 - (1 - shape.endAccuracy) * (1 + worse),
  }
}

function describeDeployment(
  { model, job, hoursAgo, by, note, requestsPerSecond, changes = [] }: DemoDeployment,
  modelId: string,
  trainingJobId: string,
  versionNumber: number,
  ago: Ago,
): { row: ScenarioDeployment | null; history: Event[] } {
  const createdAt = ago(hoursAgo)
  const own = uuidAt(createdAt, `deployment ${model} ${versionNumber}`)
  const id =
    requestsPerSecond === undefined ? own : `${own.slice(0, 24)}feed${String(requestsPerSecond).padStart(8, '0')}`
  const history = [{ kind: 'DEPLOYED' as const, hoursAgo, by, note }, ...changes].map((change) => ({
    id: uuidAt(ago(change.hoursAgo), `event ${change.kind} ${job} ${versionNumber} ${change.hoursAgo}`),
    kind: change.kind,
    at: ago(change.hoursAgo),
    by: change.by,
    note: change.note ?? null,
    deploymentId: id,
    modelName: model,
    versionNumber,
  }))
  const last = history.at(-1)
  if (last === undefined || last.kind === 'DELETED') return { row: null, history }
  const row = {
    id,
    modelId,
    trainingJobId,
    versionNumber,
    status: last.kind === 'PAUSED' ? ('PAUSED' as const) : ('ACTIVE' as const),
    note: note ?? null,
    createdAt,
    createdBy: by,
    statusChangedAt: last.at,
  }
  return { row, history }
}
