import type { PrismaClient } from '@gaugeline/prisma'
import DataLoader from 'dataloader'
import type { Viewer } from '../auth/viewer.ts'
import type { ActiveDeployments } from '../deployments/active-deployments.ts'
import type { DeploymentFilter, DeploymentWithNames } from '../deployments/deployment-filter.ts'
import type { Deployments } from '../deployments/deployments.ts'
import type { Cursors } from '../live/cursors.ts'
import type { EventLog } from '../live/event-log.ts'
import type { Fleet } from '../live/fleet.ts'
import type { RecentSamples } from '../live/recent-samples.ts'
import type { SampleLogs } from '../live/sample-logs.ts'
import type { MetricsHistory } from '../metrics/history.ts'
import type { Sample } from '../metrics/sample.ts'
import type { SampleStore } from '../metrics/sample-store.ts'
import type { Models } from '../models/models.ts'
import type { TrainingJobs } from '../training/training-jobs.ts'
import type { TrainingProgress } from '../training/training-progress.ts'

/** What resolvers reach. */
export interface Services {
  /** For following relations to read; services own the rest. */
  prisma: PrismaClient
  models: Models
  trainingJobs: TrainingJobs
  trainingProgress: TrainingProgress
  deployments: Deployments
  activeDeployments: ActiveDeployments
  sampleStore: SampleStore
  history: MetricsHistory
  recent: RecentSamples
  sampleLogs: SampleLogs
  eventLog: EventLog
  fleet: Fleet<DeploymentWithNames, DeploymentFilter>
  cursors: Cursors
}

/** One operation's context. */
export interface Context {
  viewer: Viewer
  requestId: string
  services: Services
  loaders: Loaders
}

/** Batches what many objects of one answer ask for: one statement for a page. */
export interface Loaders {
  latest: DataLoader<number, Sample | null>
  recent: DataLoader<number, Sample[]>
}

export function createContext(services: Services, viewer: Viewer, requestId: string): Context {
  return { viewer, requestId, services, loaders: createLoaders(services) }
}

function createLoaders({ recent, sampleStore }: Services): Loaders {
  return {
    latest: new DataLoader(async (keys) => {
      const inMemory = keys.map((key) => recent.latest(key) ?? null)
      const missing = keys.filter((_, index) => inMemory[index] === null)
      if (missing.length === 0) return inMemory
      const stored = new Map((await sampleStore.latest(missing)).map((sample) => [sample.deploymentKey, sample]))
      return keys.map((key, index) => inMemory[index] ?? stored.get(key) ?? null)
    }),
    recent: new DataLoader((keys) => recent.of(keys)),
  }
}
