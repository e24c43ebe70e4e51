import { eachFigure, type Figure, FIGURES, type Sample } from '../../live/sample.ts'

/** How many latencies lie between `lowMs` and the next bound of the grid. */
export interface Bucket {
  lowMs: number
  count: number
}

export interface HistoryPoint extends Sample {
  /** Only if they were asked for. */
  buckets?: readonly Bucket[] | undefined
}

/** The windows of one series in columns, as charts draw them. `NaN` is "no data". */
export class SeriesColumns {
  /** Window starts in seconds since 1970, ascending. */
  times: number[] = []
  figures: Record<Figure, number[]> = eachFigure(() => [])
  buckets: (readonly Bucket[])[] = []

  /** The start of the newest window in seconds since 1970; -Infinity when there is none. */
  get newest(): number {
    return this.times.at(-1) ?? -Infinity
  }

  replace(points: readonly HistoryPoint[]): void {
    this.times = []
    this.figures = eachFigure(() => [])
    this.buckets = []
    for (const point of points) this.put(point)
  }

  /** Adds a window, or replaces the one that starts at the same time. Ignores one that is older than all that are held. */
  put(point: HistoryPoint): void {
    const at = point.at / 1000
    let index = this.times.length
    while (index > 0 && (this.times[index - 1] ?? 0) > at) index -= 1
    if (index === 0 && this.times.length > 0) return
    const isReplaced = this.times[index - 1] === at
    const start = isReplaced ? index - 1 : index
    const removed = isReplaced ? 1 : 0
    this.times.splice(start, removed, at)
    for (const figure of FIGURES) this.figures[figure].splice(start, removed, point[figure] ?? Number.NaN)
    this.buckets.splice(start, removed, point.buckets ?? [])
  }

  /** Forgets the windows that started before `from`, in seconds since 1970, but for the newest of them. */
  trim(from: number): void {
    const first = this.times.findIndex((time) => time >= from) - 1
    if (first <= 0) return
    this.times.splice(0, first)
    for (const figure of FIGURES) this.figures[figure].splice(0, first)
    this.buckets.splice(0, first)
  }

  /** The index of the window whose start is nearest; -1 if none is within a window and a half. */
  indexAt(seconds: number, stepSeconds: number): number {
    let low = 0
    let high = this.times.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.times[middle] ?? 0) <= seconds) low = middle + 1
      else high = middle
    }
    const before = this.times[low - 1]
    const after = this.times[low]
    const toBefore = before === undefined ? Infinity : seconds - before
    const toAfter = after === undefined ? Infinity : after - seconds
    const isBefore = toBefore <= toAfter
    return Math.min(toBefore, toAfter) > stepSeconds * 1.5 ? -1 : isBefore ? low - 1 : low
  }

  /** Whether a window that started at or after `from`, in seconds since 1970, has any of these figures. */
  has(figures: readonly Figure[], from: number): boolean {
    for (let index = this.times.length - 1; index >= 0 && (this.times[index] ?? 0) >= from; index -= 1) {
      if (figures.some((figure) => !Number.isNaN(this.figures[figure][index] ?? Number.NaN))) return true
    }
    return false
  }
}
