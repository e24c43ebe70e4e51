import { Distribution } from './distribution.ts'
import type { LatencyTotals } from './quantile.ts'
import type { WindowMetrics } from './window-metrics.ts'

/** What is known of the latencies of a window. */
export interface LatencyFigures {
  distribution: Distribution
  totals: LatencyTotals
  meanMs: number | null
}

/** Null without latencies, and when nothing but their number is known. */
export function latencyFigures({ latency, latencySumMs, latencyMaxMs }: WindowMetrics): LatencyFigures | null {
  if (latency === null) return null
  const distribution = latency instanceof Distribution ? latency : Distribution.decode(latency)
  const isKnown = distribution.count > distribution.unknownCount || latencySumMs !== null || latencyMaxMs !== null
  if (distribution.count === 0 || !isKnown) return null
  return {
    distribution,
    totals: { sumMs: latencySumMs, maxMs: latencyMaxMs },
    // Not by `requests`: a source may know the latency of successful ones only.
    meanMs: latencySumMs === null ? null : latencySumMs / distribution.count,
  }
}
