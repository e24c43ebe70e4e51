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

/** Where windows of this length are missing, the sparklines have a gap, which `recentMetrics` can still fill. */
const GAP_MS = 4_000

/** The key of the track with a filter's totals. */
export function totalsKey(filter: DeploymentFilter): string {
  return `totals ${JSON.stringify(filter)}`
}

/**
 * The one subscription of the page: adds every deployment's figures and their totals to the fleet. Returns a number
 * that grows after each gap (a hidden tab, a lost connection).
 */
export function useFleetStream(filter: DeploymentFilter): number {
  const { streams, fleet } = useServices()
  const [gaps, setGaps] = useState(0)
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
        const sample = toSample(totals)
        fleet.add(`totals ${key}`, sample)
        if (last !== undefined && sample.at - last > GAP_MS) setGaps((count) => count + 1)
        last = sample.at
      },
    })
  }, [streams, fleet, key])
  return gaps
}
