import { eachFigure, type Figure, FIGURES, type Sample } from '../../live/sample.ts'
import type { DetailFigure, Details } from './details.ts'

/** How many latencies lie between `lowMs` and the next bound of the grid. */
export interface Bucket {
  lowMs: number
  count: number
}

export interface HistoryPoint extends Sample {
  /** Only if they were asked for. */
  buckets?: readonly Bucket[] | undefined
  details?: Details | undefined
}

/** Everything of a window that can be drawn as a line. */
export type Drawn = Figure | DetailFigure

const NOTHING: readonly number[] = []

/** The windows of one series in columns, as charts draw them. `NaN` is "no data". */
export class SeriesColumns {
  /** Window starts in seconds since 1970, ascending. */
  times: number[] = []
  figures: Record<Figure, number[]> = eachFigure(() => [])
  buckets: (readonly Bucket[])[] = []
  reasons: Details['reasons'][] = []
  /** Only those of which something is known. */
  #details = new Map<DetailFigure, number[]>()

  /** The start of the newest window in seconds since 1970; -Infinity when there is none. */
  get newest(): number {
    return this.times.at(-1) ?? -Infinity
  }

  /** A value for each of `times`; none at all where nothing is known. */
  column(name: Drawn): readonly number[] {
    return isDetail(name) ? (this.#details.get(name) ?? NOTHING) : this.figures[name]
  }

  valueAt(name: Drawn, index: number): number {
    return this.column(name)[index] ?? Number.NaN
  }

  replace(points: readonly HistoryPoint[]): void {
    this.times = []
    this.figures = eachFigure(() => [])
    this.buckets = []
    this.reasons = []
    this.#details = new Map()
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
    this.reasons.splice(start, removed, point.details?.reasons ?? [])
    const known = point.details?.figures ?? new Map<DetailFigure, number>()
    for (const [name, column] of this.#details) column.splice(start, removed, known.get(name) ?? Number.NaN)
    for (const [name, value] of known) {
      if (this.#details.has(name)) continue
      const column = this.times.map(() => Number.NaN)
      column[start] = value
      this.#details.set(name, column)
    }
  }

  /** Forgets the windows that started before `from`, in seconds since 1970, but for the newest of them. */
  trim(from: number): void {
    const first = this.times.findIndex((time) => time >= from) - 1
    if (first <= 0) return
    this.times.splice(0, first)
    for (const figure of FIGURES) this.figures[figure].splice(0, first)
    this.buckets.splice(0, first)
    this.reasons.splice(0, first)
    for (const column of this.#details.values()) column.splice(0, first)
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
  has(figures: readonly Drawn[], from: number): boolean {
    for (let index = this.times.length - 1; index >= 0 && (this.times[index] ?? 0) >= from; index -= 1) {
      if (figures.some((figure) => !Number.isNaN(this.valueAt(figure, index)))) return true
    }
    return false
  }

  /** The names of the details that are held, in the order of their first window. */
  get detailNames(): readonly DetailFigure[] {
    return [...this.#details.keys()]
  }
}

function isDetail(name: Drawn): name is DetailFigure {
  return !(name in NAMES)
}

const NAMES = eachFigure(() => true)
