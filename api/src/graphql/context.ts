import DataLoader from 'dataloader'
import type { Viewer } from '../auth/viewer.ts'
import type { Services } from '../deps.ts'
import type { Sample } from '../metrics/sample.ts'

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
