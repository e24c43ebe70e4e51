import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import type { Details_DistributionFragment, Details_MetricsFragment, MetricsSource } from '../../graphql/gql/graphql.ts'

const DistributionFragment = graphql(`
  fragment Details_distribution on LatencySummary {
    meanMs
    quantiles(qs: [0.5, 0.95, 0.99]) {
      valueMs
      enoughRequests
      ... @include(if: $bounds) {
        lowMs
        highMs
        kind
      }
    }
  }
`)

/**
 * What a page of one deployment, model or fleet shows of a window beyond the figures that every list has. How well
 * percentiles are known is asked for (`bounds`) only where a source may be coarse: it is more than all the rest.
 */
const DetailsFragment = graphql(`
  fragment Details_metrics on InferenceMetrics {
    sources
    inFlight
    waiting
    kvCacheUsage
    errorsByReason {
      reason
      count
    }
    latency {
      meanMs
      quantiles(qs: [0.5, 0.95, 0.99]) @include(if: $bounds) {
        valueMs
        lowMs
        highMs
        kind
        enoughRequests
      }
    }
    timeToFirstToken {
      ...Details_distribution
    }
    interTokenLatency {
      ...Details_distribution
    }
    queueTime {
      ...Details_distribution
    }
  }
`)

const DISTRIBUTIONS = ['latency', 'timeToFirstToken', 'interTokenLatency', 'queueTime'] as const
export type Distribution = (typeof DISTRIBUTIONS)[number]
export const PERCENTS = ['p50', 'p95', 'p99'] as const
export type Percent = (typeof PERCENTS)[number]

/** `.low` and `.high` are the bounds of a percentile that is not known exactly, in ms, as all but the last three are. */
export type DetailFigure =
  | `${Distribution}.${Percent | 'mean'}`
  | `${Distribution}.${Percent}.${'low' | 'high'}`
  | 'inFlight'
  | 'waiting'
  | 'kvCacheUsage'

interface Reason {
  reason: string
  count: number
}

export interface Details {
  sources: readonly MetricsSource[]
  /** Only what is known. */
  figures: ReadonlyMap<DetailFigure, number>
  /** Why requests failed, the most frequent reason first. */
  reasons: readonly Reason[]
}

export function toDetails(masked: FragmentType<typeof DetailsFragment>): Details {
  const metrics = readFragment(DetailsFragment, masked)
  const figures = new Map<DetailFigure, number>()
  addDistribution(figures, 'latency', metrics.latency)
  for (const name of ['timeToFirstToken', 'interTokenLatency', 'queueTime'] as const) {
    addDistribution(figures, name, readFragment(DistributionFragment, metrics[name]))
  }
  for (const name of ['inFlight', 'waiting', 'kvCacheUsage'] as const) {
    const value = metrics[name]
    if (value != null) figures.set(name, value)
  }
  return { sources: metrics.sources, figures, reasons: metrics.errorsByReason }
}

type Summary = Details_MetricsFragment['latency'] | Details_DistributionFragment

function addDistribution(figures: Map<DetailFigure, number>, name: Distribution, summary: Summary): void {
  if (!summary) return
  if (summary.meanMs != null) figures.set(`${name}.mean`, summary.meanMs)
  for (const [index, percent] of PERCENTS.entries()) {
    const quantile = summary.quantiles?.[index]
    // One that too few carry would be nothing but the slowest.
    if (!quantile?.enoughRequests) continue
    const { valueMs, lowMs, highMs, kind } = quantile
    if (valueMs != null) figures.set(`${name}.${percent}`, valueMs)
    // What is known within 1 % needs no bounds, and what is bounded only by a mean has none.
    if (kind === undefined || kind === 'MEASURED' || kind === 'MEAN_ONLY') continue
    if (lowMs != null) figures.set(`${name}.${percent}.low`, lowMs)
    if (highMs != null) figures.set(`${name}.${percent}.high`, highMs)
  }
}

/** Whether percentiles may be known only within bounds. */
export function isCoarse({ sources }: Pick<Details, 'sources'>): boolean {
  return sources.some((source) => source !== 'SIMULATED')
}

/** The bounds of the percentile that a line draws; undefined for what has none. */
export function boundsFor(figure: string): { low: DetailFigure; high: DetailFigure } | undefined {
  const percentile = PERCENTILE_NAMES.get(figure)
  return percentile && { low: `${percentile}.low`, high: `${percentile}.high` }
}

/** Percentiles by the names of their lines. Those of the latency are among the figures of every list. */
const PERCENTILE_NAMES = new Map(
  DISTRIBUTIONS.flatMap((name) =>
    PERCENTS.map(
      (percent) => [name === 'latency' ? `${percent}Ms` : `${name}.${percent}`, `${name}.${percent}`] as const,
    ),
  ),
)
