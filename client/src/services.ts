import { createContext, useContext } from 'react'
import type { Client } from 'urql'
import type { Refresher } from './graphql/refresh.ts'
import type { Streams } from './graphql/streams.ts'
import type { FleetFigures } from './live/fleet-figures.ts'

/** The services that live as long as the page. Created once, in `main.tsx`. */
export interface Services {
  streams: Streams
  refresher: Refresher
  /** Queries samples, without a cache. */
  samples: Client
  fleet: FleetFigures
}

export const ServicesContext = createContext<Services | null>(null)

export function useServices(): Services {
  const services = useContext(ServicesContext)
  if (!services) throw new Error('useServices outside of ServicesContext')
  return services
}
