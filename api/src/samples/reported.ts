import type { DistributionName } from '../metrics/window-metrics.ts'

export type ReportedCounter = 'requests' | 'errors' | 'promptTokens' | 'generatedTokens'
export type ReportedGauge = 'inFlight' | 'waiting' | 'kvCacheUsage'
type ReportedFigureName = ReportedCounter | ReportedGauge | DistributionName

/**
 * How many latencies lie in which bucket, as it came. Of `bounds`, in milliseconds, one count more than there are bounds;
 * of `exponential`, bucket `offset + i` holds those in `(base^(offset + i), base^(offset + i + 1)]` times `unitMs`, with
 * `base = 2^(2^-scale)`, and `zero` those that are not above `zeroMs`.
 */
export type ReportedBuckets =
  { kind: 'bounds'; boundsMs: readonly number[]; counts: readonly number[] } | ExponentialReport

export interface ExponentialReport {
  kind: 'exponential'
  unitMs: number
  scale: number
  offset: number
  counts: readonly number[]
  zero: number
  zeroMs: number
}

/** Which figure a data point tells. */
export interface ReportedFigure {
  figure: ReportedFigureName
  /** All of a distribution, how many are in it, their sum, or that there is nothing to count: 0 is known then. */
  part: 'all' | 'count' | 'sum' | 'nothing'
  /** Of errors: why. */
  reason: string | null
  /** Of several servers' names for the same figure those of the lowest count. */
  server: number
  /** The groups of a server add up; in each the lowest place counts that was reported. */
  group: number
  place: number
}

/** One data point, as far as it tells something. Times are in milliseconds. */
export interface ReportedPoint {
  kind: 'point'
  /** The same for all data points of one reporter. */
  from: string
  timeMs: number
  /** The series that a cumulative point continues, since it began at `startMs`; null: what it counts is new. */
  series: string | null
  startMs: number | null
  /** The value of a sum or a gauge; of a distribution how many there are in it. */
  count: number
  /** Of a distribution, in milliseconds where it is one of times. */
  sum: number | null
  maxMs: number | null
  buckets: ReportedBuckets | null
  figures: readonly ReportedFigure[]
}

/** One finished request. */
export interface ReportedRequest {
  latencyMs: number
  timeToFirstTokenMs: number | null
  queueTimeMs: number | null
  promptTokens: number | null
  generatedTokens: number | null
  error: string | null
}

/** Requests that finished, one by one; none: that there were none is known. */
interface ReportedRequests {
  kind: 'requests'
  requests: readonly ReportedRequest[]
}

export type Reported = ReportedPoint | ReportedRequests

/** How many reports it stands for. */
export function reportsIn(reported: Reported): number {
  return reported.kind === 'point' ? 1 : reported.requests.length
}
