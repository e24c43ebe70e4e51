import type { Reported, ReportedBuckets, ReportedFigure, ReportedPoint } from './reported.ts'

/**
 * Reports as they are stored: JSON in which bounds and figures, which are the same for most data points, are written
 * once.
 */
interface Packed {
  bounds: (readonly number[])[]
  figures: (readonly ReportedFigure[])[]
  /** In place of its bounds and figures, a data point has their index. */
  reports: (PackedPoint | Exclude<Reported, ReportedPoint>)[]
}
type PackedPoint = Omit<ReportedPoint, 'buckets' | 'figures'> & { buckets: PackedBuckets | null; figures: number }
type PackedBuckets =
  Exclude<ReportedBuckets, { kind: 'bounds' }> | { kind: 'packed'; bounds: number; counts: readonly number[] }

export function packReports(reports: readonly Reported[]): string {
  const packed: Packed = { bounds: [], figures: [], reports: [] }
  for (const report of reports) {
    if (report.kind !== 'point') packed.reports.push(report)
    else {
      const { buckets, figures, ...rest } = report
      packed.reports.push({
        ...rest,
        buckets:
          buckets?.kind === 'bounds'
            ? { kind: 'packed', bounds: indexOf(packed.bounds, buckets.boundsMs), counts: buckets.counts }
            : buckets,
        figures: indexOf(packed.figures, figures),
      })
    }
  }
  return JSON.stringify(packed)
}

export function unpackReports(text: string): Reported[] {
  const { bounds, figures, reports } = JSON.parse(text) as Packed
  return reports.map((report): Reported => {
    if (report.kind !== 'point') return report
    const { buckets } = report
    return {
      ...report,
      buckets:
        buckets?.kind === 'packed'
          ? { kind: 'bounds', boundsMs: bounds[buckets.bounds] ?? [], counts: buckets.counts }
          : buckets,
      figures: figures[report.figures] ?? [],
    }
  })
}

/** Lists that another is compared with: honest reports have fewer, and others are not to take the more time. */
const MAX_COMPARED = 32

/** Of an equal list among the first ones, which is added where there is none. */
function indexOf<T>(lists: (readonly T[])[], list: readonly T[]): number {
  const most = Math.min(lists.length, MAX_COMPARED)
  for (let at = 0; at < most; at++) {
    const own = lists[at] ?? []
    if (own === list || (own.length === list.length && own.every((item, n) => item === list[n]))) return at
  }
  return lists.push(list) - 1
}
