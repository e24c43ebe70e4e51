import { graphql, type FragmentType, readFragment } from '../graphql/documents.ts'
import type { Sample } from './fleet-figures.ts'

/** What rings and charts hold of a sample. */
export const FiguresFragment = graphql(`
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

/** Reads the fragment into the flat form that rings hold. */
export function toSample(masked: FragmentType<typeof FiguresFragment>): Sample {
  const metrics = readFragment(FiguresFragment, masked)
  return {
    at: Date.parse(metrics.at),
    windowMs: metrics.windowSeconds * 1000,
    p50Ms: metrics.latency?.p50Ms ?? null,
    p95Ms: metrics.latency?.p95Ms ?? null,
    p99Ms: metrics.latency?.p99Ms ?? null,
    requestsPerSecond: metrics.requestsPerSecond,
    errorRate: metrics.errorRate ?? null,
    tokensPerSecond: metrics.tokensPerSecond ?? null,
  }
}
