/** What must be known of a deployment before a report for it is taken. */
export interface ReportTarget {
  id: string
  key: number
  source: 'SIMULATED' | 'SCRAPED' | 'REPORTED'
  intervalMs: number
  /** Null while it is paused. */
  recordingSinceMs: number | null
  /** The end of the newest sample. */
  lastWindowEndMs: number | null
}

/** Reports wait for this long after the end of a window. */
export const REPORT_GRACE_MS = 2000
/** What is reported later is refused, unless its window is still open. */
export const MAX_REPORT_AGE_MS = 60_000
/** The clocks of reporters may be ahead of ours by this much. */
export const MAX_REPORT_AHEAD_MS = 10_000

/** Where what happened at some time is counted, or why it is not: a sentence that goes on after its subject. */
export type ReportPlace = { windowStartMs: number; isLate: boolean } | { refusal: string }

/** @param timeMs when it happened, milliseconds since the epoch, by the clock of who reports it. */
export function placeOf(
  { intervalMs, recordingSinceMs, lastWindowEndMs }: ReportTarget & { recordingSinceMs: number },
  timeMs: number,
  nowMs: number,
): ReportPlace {
  if (timeMs > nowMs + MAX_REPORT_AHEAD_MS) {
    const aheadS = Math.round((timeMs - nowMs) / 1000)
    return { refusal: `is from the future, ${aheadS} s ahead; at most ${MAX_REPORT_AHEAD_MS / 1000} s are taken.` }
  }
  if (timeMs < recordingSinceMs) return { refusal: 'is from before the deployment was deployed or last resumed.' }
  const windowStartMs = Math.floor(timeMs / intervalMs) * intervalMs
  const isClosed = windowStartMs + intervalMs + REPORT_GRACE_MS <= nowMs
  if (isClosed && nowMs - timeMs > MAX_REPORT_AGE_MS) {
    const ageS = Math.round((nowMs - timeMs) / 1000)
    return { refusal: `is ${ageS} s old, and its window is recorded; at most ${MAX_REPORT_AGE_MS / 1000} s are taken.` }
  }
  return { windowStartMs, isLate: timeMs < (lastWindowEndMs ?? 0) }
}
