import { Distribution } from './distribution.ts'
import type { LatencyTotals } from './quantile.ts'
import { type ReadableDistribution, readDistribution } from './stored-distribution.ts'
import { type DistributionName, DISTRIBUTIONS, type WindowMetrics } from './window-metrics.ts'

/** What is known of the latencies of a window. */
export interface LatencyFigures {
  distribution: ReadableDistribution
  totals: LatencyTotals
  meanMs: number | null
}

/** Of one of the distributions; null when it is empty, and when nothing but the number in it is known. */
export function latencyFigures(window: WindowMetrics, name: DistributionName = 'latency'): LatencyFigures | null {
  const given = window[name]
  if (given === null) return null
  const { sum, max } = DISTRIBUTIONS[name]
  const totals = { sumMs: window[sum], maxMs: window[max] }
  const distribution = given instanceof Distribution ? given : readDistribution(given)
  const isKnown = distribution.count > distribution.unknownCount || totals.sumMs !== null || totals.maxMs !== null
  if (distribution.count === 0 || !isKnown) return null
  // Not by `requests`: a source may know the latency of successful ones only.
  return { distribution, totals, meanMs: totals.sumMs === null ? null : totals.sumMs / distribution.count }
}
