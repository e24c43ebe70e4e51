import { createContext, useContext } from 'react'
import type { Client } from 'urql'
import type { Streams } from './graphql/streams.ts'
import type { FleetFigures } from './live/fleet-figures.ts'

/** What lives as long as the page does. Made once in `main.tsx`. */
export interface Services {
  streams: Streams
  /** Queries for samples, past the cache. */
  samples: Client
  fleet: FleetFigures
}

export const ServicesContext = createContext<Services | null>(null)

export function useServices(): Services {
  const services = useContext(ServicesContext)
  if (!services) throw new Error('useServices outside of ServicesContext')
  return services
}
