import type { Reasons } from './window-metrics.ts'

/** Reasons that are told apart; the rest are `OTHER_REASON`. */
export const MAX_REASONS = 16
export const OTHER_REASON = 'other'
/** Longer ones are cut. */
export const MAX_REASON_CHARACTERS = 64

/** Counts that are added to. Without a prototype: a reason may have the name of anything. */
export type ReasonCounts = Record<string, number>

export function noReasons(): ReasonCounts {
  return Object.create(null) as ReasonCounts
}

/**
 * Adds counts by reason to others. Of more than 16 reasons, those stay that come first in the alphabet; all others are
 * counted under `other`. Not those that are most frequent, which may be others in each part: this way any order and
 * grouping of merging gives the same, and what a reason counts is all of it.
 */
export function addReasons(counts: ReasonCounts, added: Reasons): void {
  let hasNew = false
  for (const reason of Object.keys(added)) {
    const known = counts[reason]
    if (known === undefined) hasNew = true
    counts[reason] = (known ?? 0) + (added[reason] ?? 0)
  }
  if (!hasNew) return
  const names = Object.keys(counts).filter((reason) => reason !== OTHER_REASON)
  if (names.length > MAX_REASONS) joinOthers(counts, names.toSorted().slice(MAX_REASONS))
}

/**
 * The reasons of one sample as they are stored: names without what no database takes, at most 64 characters long, and of
 * more than 16 those with the highest counts, and of equal ones the first in the alphabet. Those that count nothing are
 * left out.
 */
export function fewReasons(given: Reasons): Reasons {
  const counts = noReasons()
  for (const [name, count] of Object.entries(given)) {
    const reason = storedName(name)
    if (count > 0) counts[reason] = (counts[reason] ?? 0) + count
  }
  const names = Object.keys(counts).filter((reason) => reason !== OTHER_REASON)
  if (names.length > MAX_REASONS) {
    const sorted = names.toSorted((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || (a < b ? -1 : 1))
    joinOthers(counts, sorted.slice(MAX_REASONS))
  }
  return counts
}

/** The most frequent one first, and of equally frequent ones the first in the alphabet. */
export function mostFrequentFirst(reasons: Reasons): [reason: string, count: number][] {
  return Object.entries(reasons).toSorted(([a, an], [b, bn]) => bn - an || (a < b ? -1 : 1))
}

function joinOthers(counts: ReasonCounts, names: readonly string[]): void {
  for (const name of names) {
    counts[OTHER_REASON] = (counts[OTHER_REASON] ?? 0) + (counts[name] ?? 0)
    delete counts[name]
  }
}

/** Control characters and halves of characters become spaces, and several spaces one. An empty name is `other`. */
function storedName(name: string): string {
  const shown = name
    .toWellFormed()
    .replace(/[\p{Cc}\s\uFFFD]+/gu, ' ')
    .trim()
  // Not through the middle of a character that takes two units.
  return shown.slice(0, MAX_REASON_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '') || OTHER_REASON
}
