import { useEffect, useRef, useState } from 'react'
import { graphql } from '../../graphql/documents.ts'
import { endOf, type Sample, toSample } from '../../live/sample.ts'
import { useServices } from '../../services.ts'
import type { DeploymentFilter } from '../../graphql/gql/graphql.ts'

const FleetMetricsDocument = graphql(`
  subscription FleetMetrics($filter: DeploymentFilter, $over: Int) {
    fleetMetrics(filter: $filter, over: $over) {
      totals {
        ...Figures_metrics
        timeToFirstToken {
          p95Ms
        }
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

/** After as long without a message, the sparklines have a gap, which the history can still fill. */
const GAP_MS = 12_000

/** The key of the track with a filter's totals. */
export function totalsKey(filter: DeploymentFilter): string {
  return `totals ${JSON.stringify(filter)}`
}

/**
 * The one subscription of the page: adds every deployment's figures of the last `over` seconds, and their totals, to
 * the fleet, and tells `onMessage` of those of each deployment. Returns a number that grows after each gap (a hidden tab, a lost connection).
 */
export function useFleetStream(
  filter: DeploymentFilter,
  over: number,
  onMessage?: (deployments: ReadonlyMap<string, Sample>) => void,
): number {
  const { streams, fleet } = useServices()
  const listener = useRef(onMessage)
  useEffect(() => {
    listener.current = onMessage
  })
  const [gaps, setGaps] = useState(0)
  const key = JSON.stringify(filter)
  useEffect(() => {
    let last: number | undefined
    fleet.showOver(over)
    const variables = { filter: JSON.parse(key) as DeploymentFilter, over }
    return streams.follow(FleetMetricsDocument, variables, {
      next({ data }) {
        if (!data) return
        const { totals, deployments } = data.fleetMetrics
        const samples = new Map(deployments.map(({ deploymentId, metrics }) => [deploymentId, toSample(metrics)]))
        for (const [id, metrics] of samples) fleet.add(id, metrics)
        listener.current?.(samples)
        const sample = { ...toSample(totals), firstTokenP95Ms: totals.timeToFirstToken?.p95Ms }
        fleet.add(`totals ${key}`, sample)
        const end = endOf(sample)
        if (last !== undefined && end - last > GAP_MS) setGaps((count) => count + 1)
        last = end
      },
    })
  }, [streams, fleet, key, over])
  return gaps
}
