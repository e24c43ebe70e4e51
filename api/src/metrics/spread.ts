import type { Cells } from './cells.ts'
import { BUCKETS_PER_OCTAVE, MAX_LATENCY_MS, SLOTS, slotBounds, slotOf } from './histogram-buckets.ts'

/** One bucket, both borders known or taken for known. */
interface Span {
  lowerMs: number
  upperMs: number
  count: number
}

/** A share of the latencies between two bounds of a fixed grid, in milliseconds: above `lowMs`, up to and with `highMs`. */
export interface LatencyBucket {
  lowMs: number
  highMs: number
  count: number
}

/**
 * Where the latencies of coarse buckets are taken to lie when something has to be drawn: within a bucket they are spread
 * evenly over the logarithm of the latency. What lies below the lowest bound is taken to lie in the doubling below it,
 * and what lies above the highest in the doubling above it, or up to the maximum where that is known. Unknown mass is
 * left out. A bound of what is known never comes from here.
 */
function spansOf(histograms: readonly Cells[], maxMs: number | null): Span[] {
  const spans: Span[] = []
  for (const { lowersMs, uppersMs, counts } of histograms) {
    for (let at = 0; at < counts.length; at++) {
      const [lowerMs, upperMs] = [lowersMs[at] ?? 0, uppersMs[at] ?? 0]
      if (lowerMs === 0 && upperMs === Infinity) continue
      const closedMs = upperMs < Infinity ? upperMs : Math.max(lowerMs, maxMs ?? 2 * lowerMs)
      spans.push({
        lowerMs: lowerMs > 0 ? lowerMs : upperMs / 2,
        upperMs: Math.min(closedMs, MAX_LATENCY_MS),
        count: counts[at] ?? 0,
      })
    }
  }
  return spans
}

function shareUpTo(latencyMs: number, { lowerMs, upperMs }: Span): number {
  if (latencyMs >= upperMs) return 1
  return latencyMs <= lowerMs ? 0 : Math.log(latencyMs / lowerMs) / Math.log(upperMs / lowerMs)
}

const HALVINGS = 30

/**
 * The latency at which `share` of the spread latencies is passed, if that lies between two bounds above 0; the nearer
 * bound if it doesn't. Ascends with `share`.
 */
export function spreadQuantile(
  histograms: readonly Cells[],
  share: number,
  { lowMs, highMs, maxMs }: { lowMs: number; highMs: number; maxMs: number | null },
): number {
  let [known, below] = [0, 0]
  let between: Span[] = []
  for (const span of spansOf(histograms, maxMs)) {
    known += span.count
    if (span.upperMs <= lowMs) below += span.count
    else if (span.lowerMs < highMs) between.push(span)
  }
  let [fromMs, toMs] = [lowMs, highMs]
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middleMs = Math.sqrt(fromMs * toMs)
    // Those wholly below the middle, and those that it lies in; each half is smaller than what was between.
    let [under, seen] = [below, below]
    for (const span of between) {
      const part = span.count * shareUpTo(middleMs, span)
      seen += part
      if (span.upperMs <= middleMs) under += part
    }
    if (seen < share * known) {
      fromMs = middleMs
      below = under
      between = between.filter(({ upperMs }) => upperMs > middleMs)
    } else {
      toMs = middleMs
      between = between.filter(({ lowerMs }) => lowerMs < middleMs)
    }
  }
  return Math.min(Math.max(toMs, lowMs), highMs)
}

/**
 * The counts on the fixed grid `2^(i / perDoubling)` milliseconds; empty buckets are absent. Our own buckets lie within
 * one of the grid each, as `perDoubling` divides 128.
 */
export function gridOf(histograms: readonly Cells[], perDoubling: number, maxMs: number | null): LatencyBucket[] {
  const width = BUCKETS_PER_OCTAVE / perDoubling
  const counts = new Float64Array(SLOTS / width)
  for (const span of spansOf(histograms, maxMs)) {
    const last = Math.floor(slotOf(span.upperMs) / width)
    let shareBefore = 0
    for (let at = Math.floor(slotOf(span.lowerMs) / width); at <= last; at++) {
      const share = at === last ? 1 : shareUpTo(slotBounds((at + 1) * width - 1).upperMs, span)
      counts[at] = (counts[at] ?? 0) + span.count * (share - shareBefore)
      shareBefore = share
    }
  }
  const buckets: LatencyBucket[] = []
  for (let at = 0; at < counts.length; at++) {
    const count = counts[at] ?? 0
    if (count === 0) continue
    const highMs = slotBounds((at + 1) * width - 1).upperMs
    buckets.push({ lowMs: slotBounds(at * width).lowerMs, highMs, count })
  }
  return buckets
}
