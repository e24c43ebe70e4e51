import type { Distribution } from '../../../metrics/distribution.ts'
import { MAX_LATENCY_MS, MIN_LATENCY_MS, slotBounds, slotOf } from '../../../metrics/histogram-buckets.ts'
import type { ExponentialReport, ReportedBuckets } from '../../../samples/reported.ts'

/**
 * Our own histogram takes a reported bucket only if it lies within one of ours: all of them do in milliseconds at scale 7
 * or finer, most of them in seconds at scale 10 or finer. The others are counted in explicit bounds of this scale, 9 %
 * apart, so what is shown of them is never narrower than what is known. These bounds are fixed, because a distribution
 * keeps few sets of bounds: those of a reporter move with its latencies and would not be the same twice.
 */
const COARSE_SCALE = 3
/** At a coarser scale there are too few buckets to tell anything. */
const COARSEST_SCALE = -2
/** The coarse bounds reach from 2^-5 ms (31 µs) to 2^20 ms (17 minutes), or as near as the unit allows. */
const LOWEST_EXPONENT = -5
const HIGHEST_EXPONENT = 20
/** Borders that were computed in another way differ in their last digits. */
const SLACK = 1e-9

/** Adds what buckets hold to a distribution of `count` latencies; what no bucket says is added as unknown. */
export function addBuckets(distribution: Distribution, count: number, buckets: ReportedBuckets | null): void {
  if (count === 0) return
  if (buckets === null) distribution.recordUnknown(count)
  else if (buckets.kind === 'bounds') distribution.recordBuckets(buckets.boundsMs, buckets.counts)
  else addExponential(distribution, buckets)
}

/**
 * What was counted between two states of the same series; null when that is not known, as with other bounds. A bucket
 * that fell began anew; those of an exponential histogram may also have been joined to its zeros.
 */
export function bucketsBetween(
  before: ReportedBuckets | null,
  now: ReportedBuckets | null,
): ReportedBuckets | 'began anew' | null {
  if (before === null || now === null) return null
  if (before.kind === 'exponential' && now.kind === 'exponential') return exponentialBetween(before, now)
  if (before.kind !== 'bounds' || now.kind !== 'bounds') return null
  const isSame =
    before.boundsMs.length === now.boundsMs.length && before.boundsMs.every((bound, at) => bound === now.boundsMs[at])
  if (!isSame) return null
  const counts = now.counts.map((count, at) => count - (before.counts[at] ?? 0))
  return counts.some((count) => count < 0) ? 'began anew' : { ...now, counts }
}

/** A reporter makes its scale coarser as its range grows: both are compared at the coarser one, which is exact. */
function exponentialBetween(before: ExponentialReport, now: ExponentialReport): ExponentialReport | null {
  if (before.unitMs !== now.unitMs || now.zero < before.zero) return null
  const scale = Math.min(before.scale, now.scale)
  const [earlier, later] = [atScale(before, scale), atScale(now, scale)]
  let compared = 0
  const counts = later.counts.map((count, at) => {
    const own = earlier.counts[at + later.offset - earlier.offset] ?? 0
    compared += own
    return count - own
  })
  // What was counted where there is nothing now fell too. The two may be any distance apart.
  const hasFallen = counts.some((count) => count < 0) || compared < total(earlier.counts)
  return hasFallen ? null : { ...later, counts, zero: now.zero - before.zero }
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

function atScale(report: ExponentialReport, scale: number): ExponentialReport {
  if (report.scale === scale) return report
  const step = 2 ** (report.scale - scale)
  const offset = Math.floor(report.offset / step)
  const counts: number[] = []
  for (const [at, count] of report.counts.entries()) {
    const index = Math.floor((report.offset + at) / step) - offset
    while (counts.length <= index) counts.push(0)
    counts[index] = (counts[index] ?? 0) + count
  }
  return { ...report, scale, offset, counts }
}

function addExponential(distribution: Distribution, report: ExponentialReport): void {
  const { unitMs, scale, offset, counts, zero, zeroMs } = report
  const coarseScale = Math.min(COARSE_SCALE, scale)
  const isTooCoarse = scale < COARSEST_SCALE
  const coarse = isTooCoarse ? null : coarseBounds(unitMs, coarseScale)
  const coarseCounts = new Float64Array(coarse === null ? 0 : coarse.boundsMs.length + 1)
  let unknown = 0
  for (const [at, count] of counts.entries()) {
    if (count === 0) continue
    const index = offset + at
    const measuredMs = latencyWithin(unitMs * 2 ** (index * 2 ** -scale), unitMs * 2 ** ((index + 1) * 2 ** -scale))
    if (measuredMs !== null) {
      distribution.record(measuredMs, count)
    } else if (coarse === null) {
      unknown += count
    } else {
      const bucket = Math.floor(index / 2 ** (scale - coarseScale)) - coarse.first + 1
      const place = Math.max(0, Math.min(coarse.boundsMs.length, bucket))
      coarseCounts[place] = (coarseCounts[place] ?? 0) + count
    }
  }
  if (zero > 0) {
    if (zeroMs <= MIN_LATENCY_MS) distribution.record(0, zero)
    else if (coarse !== null && zeroMs <= (coarse.boundsMs[0] ?? 0)) coarseCounts[0] = (coarseCounts[0] ?? 0) + zero
    else unknown += zero
  }
  if (coarse !== null && coarseCounts.some((count) => count > 0))
    distribution.recordBuckets(coarse.boundsMs, coarseCounts)
  if (unknown > 0) distribution.recordUnknown(unknown)
}

/** A latency that stands for all of a bucket, if the bucket lies within one of ours; else null. */
function latencyWithin(lowerMs: number, upperMs: number): number | null {
  if (!(upperMs <= MAX_LATENCY_MS)) return null
  if (upperMs <= MIN_LATENCY_MS) return upperMs
  const valueMs = (2 * lowerMs * upperMs) / (lowerMs + upperMs)
  const ours = slotBounds(slotOf(valueMs))
  const fits = lowerMs >= ours.lowerMs * (1 - SLACK) && upperMs <= ours.upperMs * (1 + SLACK)
  return fits ? valueMs : null
}

const madeBounds = new Map<string, { boundsMs: readonly number[]; first: number }>()

/** Bound `j` is `unitMs × base^(first + j)`. */
function coarseBounds(unitMs: number, scale: number): { boundsMs: readonly number[]; first: number } {
  const name = `${unitMs} ${scale}`
  const made = madeBounds.get(name)
  if (made) return made
  const shift = Math.round(Math.log2(unitMs))
  const perOctave = 2 ** scale
  const first = Math.floor((LOWEST_EXPONENT - shift) * perOctave)
  const last = Math.ceil((HIGHEST_EXPONENT - shift) * perOctave)
  const boundsMs = Array.from({ length: last - first + 1 }, (_, at) => unitMs * 2 ** ((first + at) / perOctave))
  const bounds = { boundsMs, first }
  madeBounds.set(name, bounds)
  return bounds
}
