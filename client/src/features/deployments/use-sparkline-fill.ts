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

const BATCH = 20
const DEBOUNCE_MS = 60

/**
 * Requests the last two minutes of the visible deployments, once for each, so that sparklines start filled. `gaps`
 * grows when they may have a gap. `onFilled` is called when everything requested has arrived.
 */
export function useSparklineFill(ids: readonly string[], gaps: number, onFilled: () => void): void {
  const { samples, fleet } = useServices()
  const key = ids.join(' ')
  const filled = useEffectEvent(onFilled)
  useEffect(() => {
    fleet.forgetFilled()
  }, [fleet, gaps])
  useEffect(() => {
    if (key === '') return
    let inFlight = 0
    let isGone = false
    // While a person scrolls, only the place where they stop matters.
    const timer = setTimeout(() => {
      const missing = key.split(' ').filter((id) => !fleet.track(id).filled)
      for (let start = 0; start < missing.length; start += BATCH) {
        const part = missing.slice(start, start + BATCH)
        for (const id of part) fleet.track(id).filled = true
        inFlight += 1
        void samples
          .query(RecentMetricsDocument, { ids: part })
          .toPromise()
          .then(({ data, error }) => {
            if (error) for (const id of part) fleet.track(id).filled = false
            for (const node of data?.nodes ?? []) {
              if (node?.__typename === 'Deployment') fleet.fill(node.id, node.recentMetrics.map(toSample))
            }
            inFlight -= 1
            if (inFlight === 0 && !isGone) filled()
          })
      }
    }, DEBOUNCE_MS)
    return () => {
      isGone = true
      clearTimeout(timer)
    }
  }, [samples, fleet, key, gaps])
}
