import { MAX_BOUNDS } from '../../metrics/bounded-histogram.ts'
import { MAX_LATENCY_MS } from '../../metrics/histogram-buckets.ts'
import type { ExposedSeries } from './exposed-series.ts'

/** No server has counted more: so all series together never count more than a distribution can. */
export const MAX_COUNTED = 1e12

export interface Buckets {
  /** How many there are in all. */
  count: number
  /** Upper bounds in milliseconds, ascending, without infinity; null when only the number is known. */
  boundsMs: readonly number[] | null
  /** Not cumulative: one for each bound, and one above the last. */
  counts: readonly number[] | null
}

/**
 * The buckets of a histogram, from counts that are cumulative over their bounds in any order. Without the bucket of
 * infinity, all there are is what `_count` says; a bound that can't be one of times counts into the next. Null when
 * nothing is known.
 * @param scale what one unit of a bound is in milliseconds
 */
export function bucketsOf({ buckets, count }: Pick<ExposedSeries, 'buckets' | 'count'>, scale: number): Buckets | null {
  const upTo = new Map<number, number>()
  for (const bucket of buckets.toSorted((a, b) => a.le - b.le)) {
    const boundMs = bucket.le === Infinity ? Infinity : msOf(bucket.le, scale)
    upTo.set(boundMs, Math.round(bucket.upTo))
  }
  const boundsMs = [...upTo.keys()].filter((boundMs) => boundMs >= 0 && boundMs <= MAX_LATENCY_MS)
  const highest = Math.max(0, ...boundsMs.map((boundMs) => upTo.get(boundMs) ?? 0))
  const all = upTo.get(Infinity) ?? (count === null ? null : Math.max(Math.round(count), highest))
  if (all === null && boundsMs.length === 0) return null
  const total = Math.max(all ?? 0, highest)
  if (total > MAX_COUNTED) return null
  if (boundsMs.length === 0 || boundsMs.length > MAX_BOUNDS) return { count: total, boundsMs: null, counts: null }
  let before = 0
  const counts = [...boundsMs.map((boundMs) => upTo.get(boundMs) ?? 0), total].map((cumulative) => {
    const reached = Math.max(before, cumulative)
    const own = reached - before
    before = reached
    return own
  })
  return { count: total, boundsMs, counts }
}

/** Times in milliseconds, without the dust of binary fractions: the same bound must be the same number everywhere. */
export function msOf(time: number, scale: number): number {
  const ms = time * scale
  return Number.isInteger(ms) ? ms : Number(ms.toPrecision(12))
}
