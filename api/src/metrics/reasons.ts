import type { Reasons } from './window-metrics.ts'

/** Reasons that are told apart; the rest are `OTHER_REASON`. */
export const MAX_REASONS = 16
export const OTHER_REASON = 'other'
/** Longer ones are cut. */
export const MAX_REASON_CHARACTERS = 64

/**
 * Adds counts by reason; what is not known adds nothing. At most 16 reasons stay, those with the highest counts, and of
 * equal ones those that come first in the alphabet; all others are counted under `other`.
 */
export function mergeReasons(a: Reasons | null, b: Reasons | null): Reasons | null {
  if (a === null || b === null) return a ?? b
  const merged: Record<string, number> = { ...a }
  for (const [reason, count] of Object.entries(b)) merged[reason] = (merged[reason] ?? 0) + count
  return fewReasons(merged)
}

/** Of any number of reasons: the 16 with the highest counts, and `other`. Those that count nothing are left out. */
export function fewReasons(counts: Reasons): Reasons {
  const own = Object.entries(counts).filter(([reason, count]) => reason !== OTHER_REASON && count > 0)
  const sorted = own.toSorted(([a, an], [b, bn]) => bn - an || (a < b ? -1 : 1))
  const few: Record<string, number> = Object.fromEntries(sorted.slice(0, MAX_REASONS))
  const rest = sorted.slice(MAX_REASONS).reduce((sum, [, count]) => sum + count, counts[OTHER_REASON] ?? 0)
  return rest > 0 ? { ...few, [OTHER_REASON]: rest } : few
}
