import { useEffect, useState } from 'react'
import { connection, isLost } from '../../graphql/connection.ts'
import { graphql } from '../../graphql/documents.ts'
import type { VersionTotalsQuery } from '../../graphql/gql/graphql.ts'
import { serverNow } from '../../live/clock.ts'
import { useServices } from '../../services.ts'
import { amount, latency, written } from '../../ui/format.ts'
import { boundsOf, spanMsOf, type TimeRange } from '../history/time-range.ts'
import type { Compared } from './differences.ts'

const VersionTotalsDocument = graphql(`
  query VersionTotals($ids: [ID!]!, $from: DateTime!, $to: DateTime!) {
    nodes(ids: $ids) {
      __typename
      ... on Deployment {
        id
        metricsHistory(from: $from, to: $to, maxPoints: 1) {
          summary {
            coveredSeconds
            requests
            requestsPerSecond
            errorRate
            tokensPerSecond
            latency {
              meanMs
              quantiles(qs: [0.5, 0.95, 0.99]) {
                q
                valueMs
                lowMs
                highMs
                kind
                enoughRequests
              }
            }
          }
        }
      }
    }
  }
`)

export const COMPARED_FIGURES = [
  'p50',
  'p95',
  'p99',
  'mean',
  'errorRate',
  'requestsPerSecond',
  'tokensPerSecond',
  'requests',
] as const
export type ComparedFigure = (typeof COMPARED_FIGURES)[number]

const NOT_RECORDED: Compared = { value: null, about: 'Nothing was recorded in this range' }

type VersionTotals = Record<ComparedFigure, Compared>

type Summary = Extract<
  NonNullable<VersionTotalsQuery['nodes'][number]>,
  { __typename: 'Deployment' }
>['metricsHistory']['summary']
type Quantile = NonNullable<Summary['latency']>['quantiles'][number]

/** A range that ends now is asked for again as often as the eye would see a change, within these bounds. */
const LEAST_POLL_MS = 5_000
const MOST_POLL_MS = 60_000
const RETRY_MS = 5_000
const POLLS_PER_RANGE = 200

export interface Totals {
  state: 'loading' | 'ready' | 'failed'
  /** Parallel to the ids. */
  versions: readonly (VersionTotals | undefined)[]
}

const LOADING: Totals = { state: 'loading', versions: [] }

/** The figures of several deployments over the whole range, each as one window; all in one request. */
export function useDifferences(ids: readonly string[], range: TimeRange): Totals {
  const { samples, refresher } = useServices()
  const [totals, setTotals] = useState(LOADING)
  const key = ids.join(' ')
  const rangeKey = JSON.stringify(range)
  useEffect(() => {
    const wanted = key.split(' ')
    const shown = JSON.parse(rangeKey) as TimeRange
    let newest = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const later = (ms: number) => {
      clearTimeout(timer)
      timer = setTimeout(() => (document.hidden || isLost(connection.get()) ? later(ms) : void load()), ms)
    }
    const load = async () => {
      const mine = (newest += 1)
      const { fromMs, toMs } = boundsOf(shown, serverNow())
      const bounds = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
      const { data } = await samples.query(VersionTotalsDocument, { ids: wanted, ...bounds }).toPromise()
      if (mine !== newest) return
      if (data) {
        const byId = new Map(data.nodes.map((node) => [node?.__typename === 'Deployment' ? node.id : '', node]))
        const versions = wanted.map((id) => {
          const node = byId.get(id)
          return node?.__typename === 'Deployment' ? totalsOf(node.metricsHistory.summary) : undefined
        })
        setTotals({ state: 'ready', versions })
      } else setTotals((before) => (before.state === 'ready' ? before : { state: 'failed', versions: [] }))
      const isOpen = shown.kind === 'trailing' || shown.toMs > serverNow()
      if (!data) later(RETRY_MS)
      else if (isOpen) later(Math.min(MOST_POLL_MS, Math.max(LEAST_POLL_MS, spanMsOf(shown) / POLLS_PER_RANGE)))
    }
    void load()
    const stop = refresher.subscribe(() => void load())
    return () => {
      newest = Infinity
      clearTimeout(timer)
      stop()
    }
  }, [samples, refresher, key, rangeKey])
  return totals
}

export function totalsOf(summary: Summary): VersionTotals {
  const { latency: latencies, requests, coveredSeconds } = summary
  // No data is not zero: the API counts no requests where nothing was recorded.
  if (coveredSeconds === 0) return eachCompared(() => NOT_RECORDED)
  const percentile = (q: number) =>
    quantileOf(
      latencies?.quantiles.find((one) => one.q === q),
      requests ?? null,
    )
  return {
    p50: percentile(0.5),
    p95: percentile(0.95),
    p99: percentile(0.99),
    mean: { value: latencies?.meanMs ?? null },
    errorRate: { value: summary.errorRate ?? null },
    requestsPerSecond: { value: summary.requestsPerSecond ?? null },
    tokensPerSecond: { value: summary.tokensPerSecond ?? null },
    requests: { value: requests ?? null },
  }
}

function eachCompared(make: () => Compared): VersionTotals {
  return Object.fromEntries(COMPARED_FIGURES.map((figure) => [figure, make()])) as VersionTotals
}

/** A quantile as far as it is known: not what too few requests or coarse buckets cannot tell. */
function quantileOf(quantile: Quantile | undefined, requests: number | null): Compared {
  if (!quantile) return { value: null }
  const { q, valueMs, lowMs, highMs, kind, enoughRequests } = quantile
  const name = `p${q * 100}`
  if (!enoughRequests) {
    const behind = requests === null ? '' : `: ${amount(requests)} of the ${Math.round(1 / (1 - q))} that it takes`
    return { value: null, note: 'too few', about: `Too few requests for ${name}${behind}` }
  }
  const low = written(latency(lowMs))
  const high = written(latency(highMs))
  if (kind === 'ABOVE_HIGHEST_BUCKET') {
    return {
      value: null,
      note: `> ${low}`,
      about: `${name} is above ${low}, the highest bound that the source counts by`,
    }
  }
  if (kind === 'BELOW_LOWEST_BUCKET') {
    return {
      value: null,
      note: `< ${high}`,
      about: `${name} is below ${high}, the lowest bound that the source counts by`,
    }
  }
  if (kind === 'MEAN_ONLY') return { value: null, note: 'unknown', about: 'The source tells a mean and no percentiles' }
  if (kind === 'INTERPOLATED') {
    return { value: valueMs, note: 'estimate', about: `An estimate: ${name} is between ${low} and ${high}` }
  }
  return { value: valueMs }
}
