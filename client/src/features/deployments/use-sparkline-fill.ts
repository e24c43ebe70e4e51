import { useEffect } from 'react'
import { graphql } from '../../graphql/documents.ts'
import type { DeploymentFilter } from '../../graphql/gql/graphql.ts'
import { serverNow } from '../../live/clock.ts'
import { type Sample, toSample } from '../../live/sample.ts'
import { useServices } from '../../services.ts'

const RecentHistoryDocument = graphql(`
  query RecentHistory($ids: [ID!]!, $over: Int!, $from: DateTime!, $to: DateTime!, $maxPoints: Int!) {
    nodes(ids: $ids) {
      __typename
      ... on Deployment {
        id
        latestMetrics(over: $over) {
          ...Figures_metrics
        }
        metricsHistory(from: $from, to: $to, maxPoints: $maxPoints) {
          points {
            ...Figures_metrics
          }
        }
      }
    }
  }
`)

const RecentTotalsDocument = graphql(`
  query RecentTotals($filter: DeploymentFilter, $from: DateTime!, $to: DateTime!, $maxPoints: Int!) {
    fleetMetricsHistory(filter: $filter, from: $from, to: $to, maxPoints: $maxPoints) {
      points {
        ...Figures_metrics
      }
    }
  }
`)

const BATCH = 20
const DEBOUNCE_MS = 60
/** A p95 of a second with seven requests is its slowest one. Ten seconds carry it for all but the quietest. */
const WINDOW_MS = 10_000
const WINDOWS = 12

/** The last two minutes in whole windows of ten seconds. */
function lastTwoMinutes() {
  const toMs = Math.floor(serverNow() / WINDOW_MS) * WINDOW_MS
  const fromMs = toMs - WINDOWS * WINDOW_MS
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), maxPoints: WINDOWS }
}

/** Where retention or the source leaves only wider windows, a sparkline starts empty. */
function isFine(sample: Sample): boolean {
  return sample.windowMs <= WINDOW_MS
}

/**
 * Requests the last two minutes and the current figures of the visible deployments, once for each, so that the page
 * starts filled. `gaps` grows when they may have a gap.
 */
export function useSparklineFill(ids: readonly string[], gaps: number, over: number): void {
  const { samples, fleet } = useServices()
  const key = ids.join(' ')
  useEffect(() => {
    fleet.forgetFilled()
  }, [fleet, gaps])
  useEffect(() => {
    if (key === '') return
    // While a person scrolls, only the place where they stop matters.
    const timer = setTimeout(() => {
      const missing = key.split(' ').filter((id) => !fleet.track(id).filled)
      for (let start = 0; start < missing.length; start += BATCH) {
        const part = missing.slice(start, start + BATCH)
        for (const id of part) fleet.track(id).filled = true
        void samples
          .query(RecentHistoryDocument, { ids: part, over, ...lastTwoMinutes() })
          .toPromise()
          .then(({ data, error }) => {
            if (error) for (const id of part) fleet.track(id).filled = false
            for (const node of data?.nodes ?? []) {
              if (node?.__typename !== 'Deployment') continue
              const { id, latestMetrics, metricsHistory } = node
              const windows = metricsHistory.points.map(toSample).filter(isFine)
              fleet.fill(id, windows, latestMetrics ? toSample(latestMetrics) : undefined)
            }
          })
      }
    }, DEBOUNCE_MS)
    return () => clearTimeout(timer)
  }, [samples, fleet, key, gaps, over])
}

/** Requests the last two minutes of a filter's totals, whenever they may have a gap. */
export function useTotalsFill(totals: string, filter: DeploymentFilter, gaps: number, over: number): void {
  const { samples, fleet } = useServices()
  const key = JSON.stringify(filter)
  useEffect(() => {
    let isGone = false
    const variables = { filter: JSON.parse(key) as DeploymentFilter, ...lastTwoMinutes() }
    void samples
      .query(RecentTotalsDocument, variables)
      .toPromise()
      .then(({ data }) => {
        const windows = data?.fleetMetricsHistory.points.map(toSample).filter(isFine) ?? []
        if (!isGone) fleet.fill(totals, windows)
      })
    return () => {
      isGone = true
    }
  }, [samples, fleet, totals, key, gaps, over])
}
