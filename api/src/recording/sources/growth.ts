import type { BaselineSeries } from './baseline.ts'
import type { CumulativeSeries } from './cumulative.ts'

/** What a series has counted between two looks at it; times in milliseconds. */
export interface Growth {
  count: number
  /** Null when it is not known. */
  sumMs: number | null
  boundsMs: readonly number[] | null
  /** Not cumulative over the bounds; null when only the number is known. */
  counts: readonly number[] | null
}

/** Two start times of one process differ by no more: some servers compute theirs anew from a clock that is set. */
const SAME_START_MS = 2000

/** How far a server's clock may be off: a series that began this long before the last look may have begun after it. */
const CLOCKS_DIFFER_MS = 60_000

/** All that a series has counted since it began. */
export function whole({ count, sumMs, boundsMs, counts }: CumulativeSeries): Growth {
  return { count, sumMs: plausibleSum(count, sumMs), boundsMs, counts }
}

/**
 * What a series has counted since it was last seen. A histogram is looked at as a whole: if its number, or that of any
 * bucket, fell, it was reset, and what it holds was counted since. It was reset too when it has another start time or
 * other bounds. Null: nobody can tell, as another process answers, which began long before the last look.
 */
export function growthOf(before: BaselineSeries, now: CumulativeSeries): Growth | null {
  const isOtherStart =
    before.startMs !== null && now.startMs !== null && Math.abs(now.startMs - before.startMs) > SAME_START_MS
  if (isOtherStart) return beganAnew(before, now) ? whole(now) : null
  if (now.count < before.count) return whole(now)
  const count = now.count - before.count
  const sumMs = sumBetween(count, before.sumMs, now.sumMs)
  if (before.boundsMs !== null && now.boundsMs !== null && !isSameList(before.boundsMs, now.boundsMs)) {
    const isSameProcess = before.startMs !== null && now.startMs !== null
    return isSameProcess ? { count, sumMs, boundsMs: null, counts: null } : whole(now)
  }
  if (now.counts === null || before.counts === null) return { count, sumMs, boundsMs: null, counts: null }
  const counts = now.counts.map((of, at) => of - (before.counts?.[at] ?? 0))
  if (counts.some((of) => of < 0)) return whole(now)
  return { count, sumMs, boundsMs: now.boundsMs, counts }
}

/** A restart is later than the start before it: behind a load balancer, several that have just begun may take turns. */
function beganAnew(before: BaselineSeries, { startMs }: CumulativeSeries): boolean {
  return startMs !== null && startMs > (before.startMs ?? Infinity) && startMs >= before.seenMs - CLOCKS_DIFFER_MS
}

function sumBetween(count: number, before: number | null, now: number | null): number | null {
  return before === null || now === null ? plausibleSum(count, null) : plausibleSum(count, now - before)
}

/** Nothing takes no time in all; what took time has a sum above 0, or nobody knows it. */
function plausibleSum(count: number, sumMs: number | null): number | null {
  if (count === 0) return 0
  return sumMs !== null && sumMs > 0 && Number.isFinite(sumMs) ? sumMs : null
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at])
}
