import { type Database, applyScenario, type Scenario } from '@gaugeline/prisma'

const HOUR_MS = 3_600_000
const PER_MODEL = 20

/**
 * Fills a database with this many deployments: twenty of each model, each from a separate training job. Every tenth is
 * paused; the others record samples from now on.
 */
export function largeFleet(deployments: number): (database: Database) => Promise<void> {
  const now = Date.now()
  const at = (hoursAgo: number) => new Date(now - hoursAgo * HOUR_MS)
  const scenario: Scenario = {
    models: [],
    trainingJobs: [],
    trainingSteps: [],
    deployments: [],
    deploymentEvents: [],
    sampleHeads: [],
  }
  for (let index = 0; index < deployments; index += 1) {
    const which = Math.floor(index / PER_MODEL)
    const versionNumber = index % PER_MODEL
    const modelName = `team-${which % 7}/model-${String(which).padStart(3, '0')}`
    const modelId = idOf(1, which)
    if (versionNumber === 0) {
      const deploymentCount = Math.min(PER_MODEL, deployments - index)
      scenario.models.push({ id: modelId, name: modelName, deploymentCount, createdAt: at(deployments + 2) })
    }
    const created = at(deployments - index)
    const trainingJobId = idOf(2, index)
    scenario.trainingJobs.push({
      id: trainingJobId,
      modelId,
      name: `job-${index}`,
      status: 'COMPLETED',
      progress: 1,
      finalLoss: 1 + (index % 17) / 10,
      createdAt: at(deployments - index + 1),
      createdBy: 'large fleet',
      startedAt: at(deployments - index + 1),
      finishedAt: created,
    })
    const id = idOf(3, index)
    const status = index % 10 === 9 ? 'PAUSED' : 'ACTIVE'
    const deployment = { id, modelId, trainingJobId, versionNumber, status, createdBy: 'large fleet' } as const
    scenario.deployments.push({ ...deployment, createdAt: created, statusChangedAt: created })
    const event = { id: idOf(4, index), kind: 'DEPLOYED', by: 'large fleet', deploymentId: id } as const
    scenario.deploymentEvents.push({ ...event, at: created, modelName, versionNumber, sequence: index + 1 })
    scenario.sampleHeads.push({ deploymentId: id, recordingSince: status === 'ACTIVE' ? new Date(now) : null })
  }
  return (database) => applyScenario(database, scenario)
}

/** The id of the nth record of a kind. */
function idOf(kind: number, index: number): string {
  return `00000000-000${kind}-7000-8000-${index.toString(16).padStart(12, '0')}`
}
