import { graphql, type FragmentType, readFragment } from '../graphql/documents.ts'
import type { Figures_MetricsFragment } from '../graphql/gql/graphql.ts'

/** What rings and charts hold of a sample. Each of its figures has a line in the table below. */
const FiguresFragment = graphql(`
  fragment Figures_metrics on InferenceMetrics {
    at
    windowSeconds
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
}

/** A value for every figure. */
export function eachFigure<Value>(make: (figure: Figure) => Value): Record<Figure, Value> {
  const made: Partial<Record<Figure, Value>> = {}
  for (const figure of FIGURES) made[figure] = make(figure)
  return made as Record<Figure, Value>
}

/** Reads the fragment into the flat form that rings hold. */
export function toSample(masked: FragmentType<typeof FiguresFragment>): Sample {
  const metrics = readFragment(FiguresFragment, masked)
  return {
    at: Date.parse(metrics.at),
    windowMs: metrics.windowSeconds * 1000,
    ...eachFigure((figure) => READERS[figure](metrics) ?? null),
  }
}
