import { useEffect } from 'react'
import { graphql } from '../../graphql/documents.ts'
import { toSample } from '../../live/to-sample.ts'
import { useServices } from '../../services.ts'

const RecentMetricsDocument = graphql(`
  query RecentMetrics($ids: [ID!]!) {
    nodes(ids: $ids) {
      __typename
      ... on Deployment {
        id
        recentMetrics {
          ...Figures_metrics
        }
      }
    }
  }
`)

const AT_A_TIME = 20
const SETTLED_AFTER_MS = 60

/** Asks for the last two minutes of the deployments in sight, each once, so that sparklines start filled. `epoch` grows when they have a hole. */
export function useSparklineFill(ids: readonly string[], epoch: number): void {
  const { samples, fleet } = useServices()
  const key = ids.join(' ')
  useEffect(() => {
    for (const id of fleet.known()) fleet.track(id).filled = false
  }, [fleet, epoch])
  useEffect(() => {
    if (key === '') return
    // While a person scrolls, only where they come to rest matters.
    const timer = setTimeout(() => {
      const missing = key.split(' ').filter((id) => !fleet.track(id).filled)
      for (let start = 0; start < missing.length; start += AT_A_TIME) {
        const part = missing.slice(start, start + AT_A_TIME)
        for (const id of part) fleet.track(id).filled = true
        void samples
          .query(RecentMetricsDocument, { ids: part })
          .toPromise()
          .then(({ data, error }) => {
            if (error) for (const id of part) fleet.track(id).filled = false
            for (const node of data?.nodes ?? []) {
              if (node?.__typename === 'Deployment') fleet.fill(node.id, node.recentMetrics.map(toSample))
            }
          })
      }
    }, SETTLED_AFTER_MS)
    return () => clearTimeout(timer)
  }, [samples, fleet, key, epoch])
}
