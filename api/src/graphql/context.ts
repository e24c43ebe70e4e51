import type { TrainingStep } from '@gaugeline/prisma'
import DataLoader from 'dataloader'
import type { Lanes } from '../base/lanes.ts'
import type { Viewer } from '../base/viewer.ts'
import type { Services } from '../deps.ts'
import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import type { Sample } from '../metrics/sample.ts'
import type { StoredHealth } from '../sources/shown-source.ts'

/** The context of one operation. */
export interface Context {
  viewer: Viewer
  requestId: string
  /** Where the subscription of an event stream resumes; it comes before the cursor in its arguments. */
  lastEventId?: string | undefined
  services: Services
  loaders: Loaders
  /** Where the pages of each caller are read, a few at a time. */
  pages: Lanes
  /** Whose pages they are there; those of the viewer when it is undefined. */
  lane?: string | undefined
}

/**
 * Batches what many objects of one answer load, so that a page takes one statement. Nothing is cached, because the
 * context of a subscription lives as long as the subscription.
 */
interface Loaders {
  latest: DataLoader<{ deploymentKey: number; overMs: number | undefined }, MetricsSummary | null>
  /** By deployment key. */
  recent: DataLoader<number, Sample[]>
  /** The newest sample, or its sequence where it is gone (0 before the first), by deployment key. */
  sampleHead: DataLoader<number, Sample | number>
  lossCurve: DataLoader<CurveRequest, TrainingStep[]>
  /** Whether no deployment of a training job is active, by the job's id. */
  isUndeployed: DataLoader<string, boolean>
  /** How the source of a deployment is doing, by its key; null when nothing is stored of it. */
  sourceHealth: DataLoader<number, StoredHealth | null>
}

interface CurveRequest {
  trainingJobId: string
  maxPoints: number
}

export function createContext(
  services: Services,
  pages: Lanes,
  viewer: Viewer,
  requestId: string,
  lane?: string,
): Context {
  return { viewer, requestId, services, loaders: createLoaders(services), pages, lane }
}

function createLoaders({ recent, trailing, sampleStore, trainingJobs, deployments, sources }: Services): Loaders {
  return {
    latest: new DataLoader((requests) => trailing.latest(requests), { cache: false }),
    sampleHead: new DataLoader(
      async (keys) => {
        const missing = keys.filter((key) => recent.latest(key) === undefined)
        // In this order: a sample that is stored between the two is given itself.
        const heads = missing.length > 0 ? await sampleStore.heads(missing) : []
        const filled = heads.filter(({ sequence }) => sequence > 0).map(({ deploymentKey }) => deploymentKey)
        const samples = filled.length > 0 ? await sampleStore.latest(filled) : []
        const stored = new Map<number, Sample | number>(heads.map((head) => [head.deploymentKey, head.sequence]))
        for (const sample of samples) stored.set(sample.deploymentKey, sample)
        return keys.map((key) => stored.get(key) ?? recent.latest(key) ?? 0)
      },
      { cache: false },
    ),
    recent: new DataLoader((keys) => recent.of(keys), { cache: false }),
    lossCurve: new DataLoader((requests) => trainingJobs.lossCurves(requests), { cache: false }),
    isUndeployed: new DataLoader(
      async (jobIds) => {
        const deployed = await deployments.deployedJobs(jobIds)
        return jobIds.map((id) => !deployed.has(id))
      },
      { cache: false },
    ),
    sourceHealth: new DataLoader(
      async (keys) => {
        const health = await sources.health(keys)
        return keys.map((key) => health.get(key) ?? null)
      },
      { cache: false },
    ),
  }
}
