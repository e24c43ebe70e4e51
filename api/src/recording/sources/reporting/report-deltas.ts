import type { ReportedBuckets, ReportedPoint } from '../../../samples/reported.ts'
import { bucketsBetween } from './report-buckets.ts'
import { INSTRUMENT_CHARACTERS } from './series-names.ts'

/**
 * A series that was not reported for longer counts from its next report on: what happened in between would make of one
 * sample what took minutes. The same time after which a source without reports is down.
 */
export const MAX_SILENCE_MS = 300_000
/** A series is remembered for longer than that: what it counted is not to count again. */
const REMEMBERED_MS = 2 * MAX_SILENCE_MS

/** The last of a cumulative series. */
export interface ReportedState {
  timeMs: number
  count: number
  sum: number | null
  buckets: ReportedBuckets | null
}

/** What the next reports count from, as it is stored: by series. */
export interface ReportBaseline {
  version: 'reports 1'
  /** The end of the window that it was written for. */
  atMs: number
  series: Record<string, ReportedState>
}

/** What happened since the last report of the same series, or in the time of a delta. */
export type Increase = Pick<ReportedPoint, 'count' | 'sum' | 'maxMs' | 'buckets'>

/** What was stored; empty for what another source has left. */
export function readReportBaseline(json: unknown): Map<string, ReportedState> {
  const isOurs = typeof json === 'object' && json !== null && 'version' in json && json.version === 'reports 1'
  return new Map(Object.entries(isOurs ? (json as ReportBaseline).series : {}))
}

export function writeReportBaseline(states: ReadonlyMap<string, ReportedState>, atMs: number): ReportBaseline {
  const kept = [...states].filter(([, { timeMs }]) => atMs - timeMs <= REMEMBERED_MS)
  return { version: 'reports 1', atMs, series: Object.fromEntries(kept) }
}

/** What is known of the reports before. */
export interface ReportsBefore {
  /** Since when the deployment is recorded. */
  sinceMs: number
  /** Of those that were counted: see `instrumentsOf`. */
  instruments: ReadonlyMap<string, number>
}

/** When each metric of a process was reported last, by what its series have in common: see `seriesKey`. */
export function instrumentsOf(states: ReadonlyMap<string, ReportedState>): Map<string, number> {
  const instruments = new Map<string, number>()
  for (const [series, { timeMs }] of states) {
    const name = series.slice(0, INSTRUMENT_CHARACTERS)
    instruments.set(name, Math.max(timeMs, instruments.get(name) ?? 0))
  }
  return instruments
}

/**
 * What a data point adds, or null when it is not known, and moves the state of its series on. A series is that of one
 * start, so a reporter that starts again has a new one.
 *
 * What a new series has counted is all new if it began within five minutes, and not before `sinceMs`: before that, nobody
 * knows what of it was counted elsewhere. It is all new too if its metric was reported before by the same process without
 * it, as when a request fails for a reason for the first time: many SDKs say of each series that it began when they did.
 * A point whose start is its time says that its start is unknown. A point that is
 * not newer than the last one is counted in that one. Counts that fall without another start, also that of a bucket, began anew meanwhile.
 */
export function increaseOf(
  point: ReportedPoint,
  states: Map<string, ReportedState>,
  { sinceMs, instruments }: ReportsBefore,
): Increase | 'counted' | null {
  const { series, timeMs, startMs, count, sum, buckets, maxMs } = point
  const whole = { count, sum, buckets, maxMs }
  if (series === null) return whole
  const before = states.get(series)
  if (before !== undefined && timeMs <= before.timeMs) return 'counted'
  states.set(series, { timeMs, count, sum, buckets })
  if (before === undefined) {
    const isNew = startMs !== null && startMs >= Math.max(sinceMs, timeMs - MAX_SILENCE_MS) && startMs < timeMs
    const lastMs = instruments.get(series.slice(0, INSTRUMENT_CHARACTERS)) ?? -Infinity
    const isNewInProcess = lastMs >= Math.max(sinceMs, timeMs - MAX_SILENCE_MS) && lastMs < timeMs && startMs !== null
    return isNew || isNewInProcess ? whole : null
  }
  // What happened while the deployment was paused is not recorded.
  if (timeMs - before.timeMs > MAX_SILENCE_MS || before.timeMs < sinceMs) return null
  if (count < before.count) return whole
  const bucketsSince = bucketsBetween(before.buckets, buckets)
  if (bucketsSince === 'began anew') return whole
  const between = sum === null || before.sum === null ? null : sum - before.sum
  return {
    count: count - before.count,
    sum: between !== null && between < 0 ? null : between,
    buckets: bucketsSince,
    maxMs: null,
  }
}
