import { MAX_BOUNDS } from '../../../metrics/bounded-histogram.ts'
import { MAX_LATENCY_MS } from '../../../metrics/histogram-buckets.ts'
import type { ReportedPoint } from '../../../samples/reported.ts'
import type { ExponentialBuckets, ExponentialPoint, HistogramPoint, MetricData, SummaryPoint } from './otlp.ts'

/** Nobody has more in one point: so a window never has too many to be added up. */
const MAX_COUNT = 1e12
const MAX_EXPONENTIAL_BUCKETS = 1024
/** In milliseconds: 31,000 years. So those of a window always add up. */
const MAX_SUM = 1e15
/** Of OpenTelemetry's data model. */
const [MIN_SCALE, MAX_SCALE] = [-10, 20]

export type DistributionOfPoint = Pick<ReportedPoint, 'count' | 'sum' | 'maxMs' | 'buckets'> | { refusal: string }

/**
 * What a histogram or a summary counts, or why that cannot be: its numbers must agree.
 * @param unitMs what one of its units is in milliseconds; 1 for what is no time.
 */
export function distributionOf(
  data: MetricData,
  point: MetricData['points'][number],
  unitMs: number,
): DistributionOfPoint {
  const { count, sum } = point as HistogramPoint | ExponentialPoint | SummaryPoint
  const max = 'max' in point ? point.max : null
  if (!isCount(count)) return { refusal: `has the count ${count}; it must be a whole number from 0 on.` }
  if (count > MAX_COUNT) return { refusal: `has the count ${count}; at most ${MAX_COUNT} are taken in one point.` }
  const most = MAX_SUM / unitMs
  if (!isAmount(sum, most)) return { refusal: `has the sum ${sum}; it must be a number from 0 to ${most}.` }
  if (!isAmount(max, most)) return { refusal: `has the max ${max}; it must be a number from 0 to ${most}.` }
  const read =
    data.kind === 'histogram'
      ? boundedOf(point as HistogramPoint, unitMs)
      : data.kind === 'exponential'
        ? exponentialOf(point as ExponentialPoint, unitMs)
        : { buckets: null }
  if ('refusal' in read) return read
  const { buckets } = read
  return { count, sum: sum === null ? null : sum * unitMs, maxMs: max === null ? null : max * unitMs, buckets }
}

type Buckets = { buckets: ReportedPoint['buckets'] } | { refusal: string }

function boundedOf({ count, bounds, counts }: HistogramPoint, unitMs: number): Buckets {
  if (bounds.length === 0 && counts.length <= 1) return { buckets: null }
  if (counts.length !== bounds.length + 1) {
    const shouldBe = bounds.length + 1
    return {
      refusal: `has ${bounds.length} bounds and ${counts.length} bucket counts; it must have ${shouldBe} counts.`,
    }
  }
  const boundsMs = inMs(bounds, unitMs)
  if (typeof boundsMs === 'string') return { refusal: boundsMs }
  const refusal = refusalOfCounts(counts, count)
  if (refusal !== null) return { refusal }
  return { buckets: { kind: 'bounds', boundsMs, counts } }
}

/** By the list of bounds, which is the same one for many data points. */
const BOUNDS_MS = new WeakMap<readonly number[], { unitMs: number; read: readonly number[] | string }>()

/** Bounds in milliseconds, the same list for the same list; or why they cannot be. */
function inMs(bounds: readonly number[], unitMs: number): readonly number[] | string {
  const known = BOUNDS_MS.get(bounds)
  if (known?.unitMs === unitMs) return known.read
  const read = refusalOfBounds(bounds, unitMs) ?? bounds.map((bound) => bound * unitMs)
  BOUNDS_MS.set(bounds, { unitMs, read })
  return read
}

function refusalOfBounds(bounds: readonly number[], unitMs: number): string | null {
  if (bounds.length > MAX_BOUNDS) return `has ${bounds.length} bounds; at most ${MAX_BOUNDS} are taken.`
  let previous = -Infinity
  for (const bound of bounds) {
    if (!(bound > previous)) return `has bounds that do not ascend: ${bound} after ${previous}.`
    if (!(bound >= 0 && bound * unitMs <= MAX_LATENCY_MS)) {
      return `has the bound ${bound}; bounds are from 0 to 49 days.`
    }
    previous = bound
  }
  return null
}

function exponentialOf(point: ExponentialPoint, unitMs: number): Buckets {
  const { count, scale, zeroCount, zeroThreshold, positive, negative } = point
  if (!Number.isInteger(scale) || scale < MIN_SCALE || scale > MAX_SCALE) {
    return { refusal: `has the scale ${scale}; it must be a whole number from ${MIN_SCALE} to ${MAX_SCALE}.` }
  }
  if (sumOf(negative) > 0) return { refusal: 'counts negative values; no time is negative.' }
  if (!isCount(zeroCount)) return { refusal: `has the zero count ${zeroCount}; it must be a whole number from 0 on.` }
  if (!(zeroThreshold >= 0 && zeroThreshold < Infinity)) {
    return { refusal: `has the zero threshold ${zeroThreshold}; it must be a number from 0 on.` }
  }
  if (!Number.isInteger(positive.offset) || Math.abs(positive.offset) > 2 ** 31) {
    return { refusal: `has the offset ${positive.offset}; it must be a whole number of 32 bits.` }
  }
  if (positive.counts.length > MAX_EXPONENTIAL_BUCKETS) {
    return { refusal: `has ${positive.counts.length} buckets; at most ${MAX_EXPONENTIAL_BUCKETS} are taken.` }
  }
  const refusal = refusalOfCounts(positive.counts, count - zeroCount)
  if (refusal !== null) return { refusal }
  const { offset, counts } = positive
  const zero = { zero: zeroCount, zeroMs: zeroThreshold * unitMs }
  return { buckets: { kind: 'exponential', unitMs, scale, offset, counts, ...zero } }
}

function refusalOfCounts(counts: readonly number[], count: number): string | null {
  let sum = 0
  for (const of of counts) {
    if (!isCount(of)) return `has the bucket count ${of}; it must be a whole number from 0 on.`
    sum += of
  }
  return sum === count ? null : `has bucket counts that add up to ${sum}, but counts ${count}.`
}

function isAmount(value: number | null, most: number): boolean {
  return value === null || (value >= 0 && value <= most)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function sumOf({ counts }: ExponentialBuckets): number {
  return counts.reduce((sum, count) => sum + count, 0)
}
