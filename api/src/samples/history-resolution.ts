import { RESOLUTIONS_MS } from './merged-window.ts'

/** Widths of a point that people can read, in seconds. Each is a multiple of the windows it is merged from. */
const READABLE_S = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
]

/** Windows that a history had better not read more of: with more of them, its points are wider. */
export const MAX_ROWS = 20_000

export interface AskedRange {
  fromMs: number
  toMs: number
  maxPoints: number
}

export interface Stored {
  /** Length of the windows that are recorded. */
  intervalMs: number
  /** Points are multiples of it: no shorter than the samples of any deployment that is merged. By default the interval. */
  stepMs?: number
  /** Lengths of stored windows, ascending. By default all. */
  widthsMs?: readonly number[]
  /** The finest windows that reach back to the beginning of the range. By default those that are recorded. */
  finestMs?: number
  /** Within which something may be recorded. By default the range. */
  recorded?: { fromMs: number; toMs: number }
  /** How many windows of a length there are side by side: the deployments that are merged. By default 1. */
  seriesAt?: (widthMs: number) => number
}

export interface Resolution {
  /** Length of the points. */
  widthMs: number
  /** Length of the stored windows that they are merged from, the longest that make them up. */
  storedMs: number
  /** How many of those the range has, at most. */
  rows: number
}

/** The lengths of stored windows, ascending: whole numbers of the windows that are recorded. */
export function storedWidths(intervalMs: number): number[] {
  return [intervalMs, ...RESOLUTIONS_MS.filter((width) => width > intervalMs && width % intervalMs === 0)]
}

/**
 * The finest readable width that covers the range, both ends rounded outwards, with at most `maxPoints` points of
 * stored windows that reach back far enough, and that are not too many to read. Where every width has too many, the one
 * with fewest.
 */
export function resolutionFor({ fromMs, toMs, maxPoints }: AskedRange, stored: Stored): Resolution {
  const {
    intervalMs,
    stepMs = intervalMs,
    finestMs = intervalMs,
    widthsMs = storedWidths(intervalMs),
    recorded = { fromMs, toMs },
    seriesAt = () => 1,
  } = stored
  const recordedMs = Math.max(0, Math.min(toMs, recorded.toMs) - Math.max(fromMs, recorded.fromMs))
  const fits = (width: number) => Math.ceil(toMs / width) - Math.floor(fromMs / width) <= maxPoints
  const of = (widthMs: number): Resolution => {
    const storedMs = widthsMs.findLast((level) => widthMs % level === 0) ?? intervalMs
    return { widthMs, storedMs, rows: seriesAt(storedMs) * Math.ceil(recordedMs / storedMs) }
  }
  // Whole windows: the interval divides a minute.
  const readable = READABLE_S.map((seconds) => seconds * 1000)
  const widths = [...new Set([stepMs, ...readable.filter((width) => width > stepMs)])]
  let least: Resolution | undefined
  for (const width of widths) {
    if (width % finestMs !== 0 || width % stepMs !== 0 || !fits(width)) continue
    const resolution = of(width)
    if (resolution.rows <= MAX_ROWS) return resolution
    if (least === undefined || resolution.rows < least.rows) least = resolution
  }
  return least ?? of(wholeWeeks(fromMs, toMs, maxPoints, fits))
}

function wholeWeeks(fromMs: number, toMs: number, maxPoints: number, fits: (width: number) => boolean): number {
  const weekMs = 604_800_000
  let width = Math.max(1, Math.ceil((toMs - fromMs) / maxPoints / weekMs)) * weekMs
  // Wider than the distance to the epoch, a span has no border left in it but that one.
  while (!fits(width) && width < Math.max(Math.abs(fromMs), Math.abs(toMs))) width += weekMs
  return width
}
