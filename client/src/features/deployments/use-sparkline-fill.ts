import { useEffect, useEffectEvent } from 'react'
import { graphql } from '../../graphql/documents.ts'
import { toSample } from '../../live/sample.ts'
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

/**
 * Asks for the last two minutes of the deployments in sight, each once, so that sparklines start filled. `epoch` grows
 * when they have a hole;
 * `onFilled` is called when all that was asked for is here.
 */
export function useSparklineFill(ids: readonly string[], epoch: number, onFilled: () => void): void {
  const { samples, fleet } = useServices()
  const key = ids.join(' ')
  const filled = useEffectEvent(onFilled)
  useEffect(() => {
    fleet.forgetFilled()
  }, [fleet, epoch])
  useEffect(() => {
    if (key === '') return
    let waiting = 0
    let left = false
    // While a person scrolls, only where they come to rest matters.
    const timer = setTimeout(() => {
      const missing = key.split(' ').filter((id) => !fleet.track(id).filled)
      for (let start = 0; start < missing.length; start += AT_A_TIME) {
        const part = missing.slice(start, start + AT_A_TIME)
        for (const id of part) fleet.track(id).filled = true
        waiting += 1
        void samples
          .query(RecentMetricsDocument, { ids: part })
          .toPromise()
          .then(({ data, error }) => {
            if (error) for (const id of part) fleet.track(id).filled = false
            for (const node of data?.nodes ?? []) {
              if (node?.__typename === 'Deployment') fleet.fill(node.id, node.recentMetrics.map(toSample))
            }
            waiting -= 1
            if (waiting === 0 && !left) filled()
          })
      }
    }, SETTLED_AFTER_MS)
    return () => {
      left = true
      clearTimeout(timer)
    }
  }, [samples, fleet, key, epoch])
}
