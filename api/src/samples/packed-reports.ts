import type { Reported, ReportedBuckets, ReportedFigure, ReportedPoint } from './reported.ts'

/**
 * Reports as they are stored: JSON in which data points have no names of fields, and an index in place of what is the
 * same for most of them.
 */
interface Packed {
  reporters: string[]
  bounds: (readonly number[])[]
  figures: (readonly ReportedFigure[])[]
  reports: (PackedPoint | Exclude<Reported, ReportedPoint>)[]
}
type PackedPoint = [
  reporter: number,
  timeMs: number,
  series: string | null,
  startMs: number | null,
  count: number,
  sum: number | null,
  maxMs: number | null,
  buckets: PackedBuckets | null,
  figures: number,
]
type PackedBuckets = Exclude<ReportedBuckets, { kind: 'bounds' }> | [bounds: number, counts: readonly number[]]

/** Has no line breaks. */
export function packReports(reports: readonly Reported[]): string {
  const packed: Packed = { reporters: [], bounds: [], figures: [], reports: [] }
  for (const report of reports) packed.reports.push(report.kind === 'point' ? packPoint(report, packed) : report)
  return JSON.stringify(packed)
}

function packPoint(point: ReportedPoint, { reporters, bounds, figures }: Packed): PackedPoint {
  const { from, timeMs, series, startMs, count, sum, maxMs, buckets } = point
  const packedBuckets: PackedBuckets | null =
    buckets?.kind === 'bounds' ? [indexOf(bounds, buckets.boundsMs, isSameList), buckets.counts] : buckets
  const reporter = indexOf(reporters, from, isSame)
  return [reporter, timeMs, series, startMs, count, sum, maxMs, packedBuckets, indexOf(figures, point.figures, isSame)]
}

export function unpackReports(text: string): Reported[] {
  const { reporters, bounds, figures, reports } = JSON.parse(text) as Packed
  return reports.map((report): Reported => {
    if (!Array.isArray(report)) return report
    const [reporter, timeMs, series, startMs, count, sum, maxMs, packedBuckets, ownFigures] = report
    const buckets: ReportedBuckets | null = Array.isArray(packedBuckets)
      ? { kind: 'bounds', boundsMs: bounds[packedBuckets[0]] ?? [], counts: packedBuckets[1] }
      : packedBuckets
    const point = { timeMs, series, startMs, count, sum, maxMs, buckets }
    return { kind: 'point', from: reporters[reporter] ?? '', ...point, figures: figures[ownFigures] ?? [] }
  })
}

/** Items that another is compared with: honest reports have fewer, and others are not to take the more time. */
const MAX_COMPARED = 32

/** Of an equal item among the first ones, which is added where there is none. */
function indexOf<T>(items: T[], item: T, isEqual: (a: T, b: T) => boolean): number {
  const most = Math.min(items.length, MAX_COMPARED)
  for (let at = 0; at < most; at += 1) if (isEqual(items[at] as T, item)) return at
  return items.push(item) - 1
}

function isSame<T>(a: T, b: T): boolean {
  return a === b
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((item, at) => item === b[at]))
}
