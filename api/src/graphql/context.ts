import type { TrainingStep } from '@gaugeline/prisma'
import DataLoader from 'dataloader'
import type { Viewer } from '../base/viewer.ts'
import type { Services } from '../deps.ts'
import type { Sample } from '../metrics/sample.ts'

/** The context of one operation. */
export interface Context {
  viewer: Viewer
  requestId: string
  /** Where the subscription of an event stream resumes; it comes before the cursor in its arguments. */
  lastEventId?: string | undefined
  services: Services
  loaders: Loaders
}

/**
 * Batches what many objects of one answer load, so that a page takes one statement. Nothing is cached, because the
 * context of a subscription lives as long as the subscription.
 */
interface Loaders {
  /** By deployment key. */
  latest: DataLoader<number, Sample | null>
  /** By deployment key. */
  recent: DataLoader<number, Sample[]>
  /** The sequence of the newest sample, 0 before the first, by deployment key. */
  sampleHead: DataLoader<number, number>
  lossCurve: DataLoader<CurveRequest, TrainingStep[]>
  /** Whether no deployment of a training job is active, by the job's id. */
  isUndeployed: DataLoader<string, boolean>
}

interface CurveRequest {
  trainingJobId: string
  maxPoints: number
}

export function createContext(services: Services, viewer: Viewer, requestId: string): Context {
  return { viewer, requestId, services, loaders: createLoaders(services) }
}

function createLoaders({ recent, sampleStore, trainingJobs, deployments }: Services): Loaders {
  return {
    latest: new DataLoader(
      async (keys) => {
        const inMemory = keys.map((key) => recent.latest(key) ?? null)
        const missing = keys.filter((_, index) => inMemory[index] === null)
        if (missing.length === 0) return inMemory
        const stored = new Map((await sampleStore.latest(missing)).map((sample) => [sample.deploymentKey, sample]))
        return keys.map((key, index) => inMemory[index] ?? stored.get(key) ?? null)
      },
      { cache: false },
    ),
    sampleHead: new DataLoader(
      async (keys) => {
        const missing = keys.filter((key) => recent.latest(key) === undefined)
        const heads = missing.length > 0 ? await sampleStore.heads(missing) : []
        const stored = new Map(heads.map((head) => [head.deploymentKey, head.sequence]))
        return keys.map((key) => stored.get(key) ?? recent.latest(key)?.sequence ?? 0)
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
  }
}
