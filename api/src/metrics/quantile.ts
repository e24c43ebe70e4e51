import { borderAt, type Cells } from './cells.ts'
import { slotReach, slotValueMs } from './histogram-buckets.ts'
import type { LatencyHistogram } from './latency-histogram.ts'
import { isEnoughFor, nearestRank } from './nearest-rank.ts'
import { spreadQuantile } from './spread.ts'

/**
 * How well a quantile is known:
 * - `MEASURED`: within 1 %, because the latencies were measured one by one, or because nothing else is possible;
 * - `INTERPOLATED`: between two bounds, both above 0;
 * - `BELOW_LOWEST_BUCKET`: no more than that it is not above a bound;
 * - `ABOVE_HIGHEST_BUCKET`: no more than that it is above a bound;
 * - `MEAN_ONLY`: the buckets say nothing about it.
 */
type QuantileKind = 'MEASURED' | 'INTERPOLATED' | 'BELOW_LOWEST_BUCKET' | 'ABOVE_HIGHEST_BUCKET' | 'MEAN_ONLY'

/** A quantile by nearest rank, in milliseconds. The true value lies from `lowMs` to `highMs`. */
export interface Quantile {
  q: number
  /** Null where there is no telling: for BELOW_LOWEST_BUCKET, ABOVE_HIGHEST_BUCKET and MEAN_ONLY. */
  valueMs: number | null
  lowMs: number
  /** Null when no bound is known. */
  highMs: number | null
  kind: QuantileKind
  /** Whether there were enough requests for it: n × (1 − q) >= 1. With fewer its value is just the maximum. */
  enoughRequests: boolean
}

/** What is known of all latencies of a distribution beside their buckets, exactly; null what is not. */
export interface LatencyTotals {
  sumMs: number | null
  maxMs: number | null
}

/** A value between two bounds this close together is within 1 % of every other. */
const MEASURED_RATIO = 1.01
/** Sums of doubles, added up in any order, are exact to many more digits than these. */
const SUM_SLACK = 1 + 1e-9

/**
 * A quantile of all latencies of several histograms together.
 *
 * The latency at rank k is not above the k-th of all upper borders, and not below the k-th of all lower ones, each
 * latency standing for the border of its own bucket: as many latencies as those borders lie on the one side of it for
 * certain. So fine buckets keep what they tell beside coarse ones, and between two borders that all histograms share
 * the bounds are never wider than those.
 *
 * From their sum s comes another upper bound, Markov's inequality for ranks: the n − k + 1 latencies from rank k on are
 * not below x, and those before it not below their lower borders l, so x <= (s − Σ l) / (n − k + 1), which is not above
 * mean / (1 − q).
 */
export function quantileOf(histograms: readonly Cells[], count: number, q: number, totals: LatencyTotals): Quantile {
  const rank = nearestRank(q, count)
  const enoughRequests = isEnoughFor(q, count)
  const { borderMs: lowMs, sumBeforeMs } = borderAt(histograms, 'lowersMs', rank)
  const { borderMs: bucketHighMs } = borderAt(histograms, 'uppersMs', rank)
  const maxMs = believed(totals.maxMs, lowMs)
  if (rank === count && maxMs !== null) return exactly(q, maxMs, enoughRequests)
  const markovMs = markovBound(totals.sumMs, count - rank + 1, { lowMs, sumBeforeMs })
  const highMs = Math.min(bucketHighMs, markovMs, maxMs ?? Infinity)
  const kind = kindOf(lowMs, bucketHighMs, highMs)
  const hasValue = kind === 'MEASURED' || kind === 'INTERPOLATED'
  // The middle of the rank, as if what is unknown were spread like all else.
  const share = (rank - 0.5) / count
  return {
    q,
    valueMs: hasValue ? spreadQuantile(histograms, share, { lowMs, highMs, maxMs }) : null,
    lowMs,
    highMs: highMs === Infinity ? null : highMs,
    kind,
    enoughRequests,
  }
}

/** A quantile of latencies that were measured one by one, at least one of them. */
export function measuredQuantile(
  ours: Pick<LatencyHistogram, 'count' | 'slotAt'>,
  q: number,
  totals: LatencyTotals,
): Quantile {
  const { count } = ours
  const rank = nearestRank(q, count)
  const enoughRequests = isEnoughFor(q, count)
  const slot = ours.slotAt(rank)
  const { lowerMs: lowMs, upperMs } = slotReach(slot)
  const maxMs = believed(totals.maxMs, lowMs)
  if (rank === count && maxMs !== null) return exactly(q, maxMs, enoughRequests)
  const markovMs = markovBound(totals.sumMs, count - rank + 1, { lowMs, sumBeforeMs: 0 })
  const highMs = Math.min(upperMs, markovMs, maxMs ?? Infinity)
  return { q, valueMs: Math.min(slotValueMs(slot), highMs), lowMs, highMs, kind: 'MEASURED', enoughRequests }
}

function exactly(q: number, latencyMs: number, enoughRequests: boolean): Quantile {
  return { q, valueMs: latencyMs, lowMs: latencyMs, highMs: latencyMs, kind: 'MEASURED', enoughRequests }
}

/** A source that contradicts its own buckets is not believed. */
function believed(maxMs: number | null, lowMs: number): number | null {
  return maxMs !== null && maxMs >= lowMs ? maxMs : null
}

/** What the sum says of `above` latencies at least: none when it is not known, or contradicts the buckets. */
function markovBound(sumMs: number | null, above: number, known: { lowMs: number; sumBeforeMs: number }): number {
  if (sumMs === null) return Infinity
  const boundMs = (sumMs * SUM_SLACK - known.sumBeforeMs) / above
  return boundMs >= known.lowMs ? boundMs : Infinity
}

/** By where the buckets say that it lies: what the sum or the maximum say is a bound, but no bucket to be within. */
function kindOf(lowMs: number, bucketHighMs: number, highMs: number): QuantileKind {
  if (highMs <= lowMs * MEASURED_RATIO) return 'MEASURED'
  if (bucketHighMs === Infinity) return lowMs === 0 ? 'MEAN_ONLY' : 'ABOVE_HIGHEST_BUCKET'
  return lowMs === 0 ? 'BELOW_LOWEST_BUCKET' : 'INTERPOLATED'
}
