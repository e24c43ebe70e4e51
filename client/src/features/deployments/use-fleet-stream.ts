import { useEffect, useState } from 'react'
import { graphql } from '../../graphql/documents.ts'
import { toSample } from '../../live/sample.ts'
import { useServices } from '../../services.ts'
import type { DeploymentFilter } from '../../graphql/gql/graphql.ts'

const FleetMetricsDocument = graphql(`
  subscription FleetMetrics($filter: DeploymentFilter) {
    fleetMetrics(filter: $filter) {
      totals {
        ...Figures_metrics
      }
      deployments {
        deploymentId
        metrics {
          ...Figures_metrics
        }
      }
    }
  }
`)

/** After a silence this long the sparklines have a hole, which `recentMetrics` can still fill. */
const HOLE_MS = 4_000

/** The track of a filter's totals. */
export function totalsKey(filter: DeploymentFilter): string {
  return `totals ${JSON.stringify(filter)}`
}

/**
 * The one subscription of the page: puts every deployment's figures and their totals into the fleet. Gives a number
 * that grows when there was a hole (a hidden tab, a lost connection).
 */
export function useFleetStream(filter: DeploymentFilter): number {
  const { streams, fleet } = useServices()
  const [holes, setHoles] = useState(0)
  const key = JSON.stringify(filter)
  useEffect(() => {
    let last: number | undefined
    const variables: { filter: DeploymentFilter } = { filter: JSON.parse(key) as DeploymentFilter }
    return streams.follow(FleetMetricsDocument, variables, {
      next({ data }) {
        if (!data) return
        const { totals, deployments } = data.fleetMetrics
        for (const { deploymentId, metrics } of deployments) {
          if (metrics) fleet.add(deploymentId, toSample(metrics))
        }
        fleet.add(`totals ${key}`, toSample(totals))
        const now = performance.now()
        if (last !== undefined && now - last > HOLE_MS) setHoles((count) => count + 1)
        last = now
      },
    })
  }, [streams, fleet, key])
  return holes
}
