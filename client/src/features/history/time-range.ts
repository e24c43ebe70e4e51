import {
  DEFAULT_RANGE,
  EARLIEST_MS,
  instantOf,
  LONGEST_MS,
  type RangeSearch,
  TRAILING,
  type TrailingName,
  writeInstant,
} from './range-search.ts'

const TRAILING_SECONDS: Record<TrailingName, number> = {
  live: 300,
  '15m': 900,
  '1h': 3600,
  '6h': 21_600,
  '24h': 86_400,
  '7d': 604_800,
  '30d': 2_592_000,
}

export const TRAILING_WORDS: Record<TrailingName, string> = {
  live: 'Live, 5 min',
  '15m': '15 min',
  '1h': '1 h',
  '6h': '6 h',
  '24h': '24 h',
  '7d': '7 d',
  '30d': '30 d',
}

/** The range on the screen: one that ends now and moves on, or one that stands still. */
export type TimeRange = { kind: 'trailing'; name: TrailingName } | { kind: 'fixed'; fromMs: number; toMs: number }

/** Nothing shorter can be drawn, or dragged by accident. */
const SHORTEST_MS = 10_000
/** The range that the address asks for, once `readRangeSearch` has read it. */
export function rangeOf({ range, from, to }: RangeSearch): TimeRange {
  const fromMs = instantOf(from)
  const toMs = instantOf(to)
  if (fromMs !== undefined && toMs !== undefined) return { kind: 'fixed', fromMs, toMs }
  return { kind: 'trailing', name: range ?? DEFAULT_RANGE }
}

export function searchOf(range: TimeRange): RangeSearch {
  if (range.kind === 'fixed') {
    return { range: undefined, from: writeInstant(range.fromMs), to: writeInstant(range.toMs) }
  }
  return { range: range.name === DEFAULT_RANGE ? undefined : range.name, from: undefined, to: undefined }
}

export function isSameRange(a: TimeRange, b: TimeRange): boolean {
  if (a.kind === 'trailing') return b.kind === 'trailing' && a.name === b.name
  return b.kind === 'fixed' && a.fromMs === b.fromMs && a.toMs === b.toMs
}

/** Both ends at the time `nowMs`, in ms since 1970. */
export function boundsOf(range: TimeRange, nowMs: number): { fromMs: number; toMs: number } {
  if (range.kind === 'fixed') return { fromMs: range.fromMs, toMs: range.toMs }
  return { fromMs: nowMs - TRAILING_SECONDS[range.name] * 1000, toMs: nowMs }
}

export function spanMsOf(range: TimeRange): number {
  return range.kind === 'fixed' ? range.toMs - range.fromMs : TRAILING_SECONDS[range.name] * 1000
}

/** The range between two instants, in whole seconds and at least as long as can be drawn. */
export function fixedRange(fromMs: number, toMs: number): TimeRange {
  const middle = (fromMs + toMs) / 2
  const half = Math.max(toMs - fromMs, SHORTEST_MS) / 2
  const from = Math.max(EARLIEST_MS, Math.floor((middle - half) / 1000) * 1000)
  return { kind: 'fixed', fromMs: from, toMs: Math.max(from + SHORTEST_MS, Math.ceil((middle + half) / 1000) * 1000) }
}

/** The range right before this one. */
export function stepBack(range: TimeRange, nowMs: number): TimeRange {
  const { fromMs } = boundsOf(range, nowMs)
  return fixedRange(fromMs - spanMsOf(range), fromMs)
}

/** The range right after this one. One that would reach beyond now ends now, and moves on if it has a name. */
export function stepForward(range: TimeRange, nowMs: number): TimeRange {
  if (range.kind === 'trailing') return range
  const span = spanMsOf(range)
  if (range.toMs + span < nowMs) return fixedRange(range.toMs, range.toMs + span)
  return trailingOf(span) ?? fixedRange(nowMs - span, nowMs)
}

/** Twice as long around the same middle, but not beyond now. */
export function widen(range: TimeRange, nowMs: number): TimeRange {
  const span = spanMsOf(range) * 2
  if (range.kind === 'trailing') {
    const next = TRAILING[TRAILING.indexOf(range.name) + 1]
    return next === undefined ? range : { kind: 'trailing', name: next }
  }
  if (span > LONGEST_MS) return range
  const middle = (range.fromMs + range.toMs) / 2
  const to = Math.min(middle + span / 2, Math.max(nowMs, range.toMs))
  return fixedRange(to - span, to)
}

/** Whether widening changes anything. */
export function canWiden(range: TimeRange): boolean {
  return range.kind === 'trailing' ? range.name !== TRAILING.at(-1) : spanMsOf(range) * 2 <= LONGEST_MS
}

/** A range that ends now and has a name and this length, give or take the rounding to seconds. */
function trailingOf(spanMs: number): TimeRange | undefined {
  const name = TRAILING.find((one) => Math.abs(TRAILING_SECONDS[one] * 1000 - spanMs) <= 2_000)
  return name && { kind: 'trailing', name }
}
