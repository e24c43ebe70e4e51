import { graphql, type FragmentType, readFragment } from '../graphql/documents.ts'
import type { Figures_MetricsFragment } from '../graphql/gql/graphql.ts'

/** What rings and charts hold of a sample. Each of its figures has a line in the table below. */
const FiguresFragment = graphql(`
  fragment Figures_metrics on InferenceMetrics {
    at
    windowSeconds
    requests
    requestsPerSecond
    errorRate
    tokensPerSecond
    latency {
      p50Ms
      p95Ms
      p99Ms
    }
  }
`)

type Metrics = Omit<Figures_MetricsFragment, ' $fragmentName'>
/** Every field of the fragment that is neither the window nor the object that groups the percentiles. */
export type Figure = Exclude<keyof Metrics, 'at' | 'windowSeconds' | 'latency'> | keyof NonNullable<Metrics['latency']>

/**
 * The one table of the figures that the client keeps: how each is read from a sample of the API. Rings, samples and
 * sums are made from it. A figure that is in the table and not in the fragment does not compile, nor does the reverse.
 */
const READERS = {
  p50Ms: ({ latency }) => latency?.p50Ms,
  p95Ms: ({ latency }) => latency?.p95Ms,
  p99Ms: ({ latency }) => latency?.p99Ms,
  requests: (metrics) => metrics.requests,
  requestsPerSecond: (metrics) => metrics.requestsPerSecond,
  errorRate: (metrics) => metrics.errorRate,
  tokensPerSecond: (metrics) => metrics.tokensPerSecond,
} satisfies Record<Figure, (metrics: Metrics) => number | null | undefined>

export const FIGURES = Object.keys(READERS) as readonly Figure[]

/** The figures of one window; `null` and `NaN` are "no data". */
export type Figures = Record<Figure, number | null>

export interface Sample extends Figures {
  /** Window start, ms since 1970. */
  at: number
  windowMs: number
  /** Of totals only: the time to the first token of the requests that were streamed. */
  firstTokenP95Ms?: number | null | undefined
}

/** When the window ends, in ms since 1970. */
export function endOf({ at, windowMs }: Pick<Sample, 'at' | 'windowMs'>): number {
  return at + windowMs
}

const PERCENTILES = { p50Ms: 0.5, p95Ms: 0.95, p99Ms: 0.99 } as const satisfies Partial<Record<Figure, number>>
export type Percentile = keyof typeof PERCENTILES

export function isPercentile(figure: string): figure is Percentile {
  return figure in PERCENTILES
}

/** How many requests it takes for this percentile to be more than the slowest of them: n × (1 − q) ≥ 1. */
export function requestsFor(figure: Percentile): number {
  return Math.round(1 / (1 - PERCENTILES[figure]))
}

/** Whether a percentile is missing because too few requests finished in the window to carry it. */
export function hasTooFew(figures: Figures | undefined, figure: Figure): boolean {
  if (!figures || !isPercentile(figure) || isKnown(figures[figure])) return false
  const { requests } = figures
  return isKnown(requests) && requests > 0 && requests < requestsFor(figure)
}

function isKnown(value: number | null): value is number {
  return value !== null && !Number.isNaN(value)
}

/** A value for every figure. */
export function eachFigure<Value>(make: (figure: Figure) => Value): Record<Figure, Value> {
  const made: Partial<Record<Figure, Value>> = {}
  for (const figure of FIGURES) made[figure] = make(figure)
  return made as Record<Figure, Value>
}

/**
 * Reads the fragment into the flat form that rings hold. A percentile that too few requests carry is left out: it would
 * be nothing but the slowest of them.
 */
export function toSample(masked: FragmentType<typeof FiguresFragment>): Sample {
  const metrics = readFragment(FiguresFragment, masked)
  const requests = metrics.requests ?? Infinity
  return {
    at: Date.parse(metrics.at),
    windowMs: metrics.windowSeconds * 1000,
    ...eachFigure((figure) =>
      isPercentile(figure) && requests < requestsFor(figure) ? null : (READERS[figure](metrics) ?? null),
    ),
  }
}
