import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import type { ExportedSeries, ExportRows, RowsRequest } from './export-rows.ts'

/** Points that are made in one go; each holds a distribution. */
const MAX_POINTS = 240
/** Slices end at multiples of an hour, or of this, so that few of them cut through longer windows. */
const SLICE_MS = 600_000
/** How finely to look for the next row, where there are none. */
const PROBE_POINTS = 60

/** A part of a history: windows with nothing recorded are absent. */
export interface HistoryPart {
  /** Where the part ends: later than asked where only longer windows are kept, sooner where it is not merged yet. */
  toMs: number
  points: readonly MetricsSummary[]
}

export interface RangeOfPoints {
  fromMs: number
  toMs: number
  maxPoints: number
}

/** As `MetricsHistory` looks back: in the finest windows that are kept and of which at most `maxPoints` make the range. */
export type LookBack = (series: ExportedSeries, range: RangeOfPoints) => Promise<HistoryPart>

/**
 * Rows from histories of short ranges, one after the other. Where windows of the resolution are no longer kept, rows are
 * as long as those that are.
 */
export class HistoryRows implements ExportRows {
  readonly #lookBack: LookBack
  readonly #now: () => number

  constructor(lookBack: LookBack, now: () => number) {
    this.#lookBack = lookBack
    this.#now = now
  }

  async *of({
    series,
    fromMs,
    toMs,
    resolutionMs = 60_000,
  }: RowsRequest): AsyncGenerator<readonly MetricsSummary[], void, undefined> {
    const sliceMs = Math.max(SLICE_MS, Math.floor((MAX_POINTS * resolutionMs) / SLICE_MS) * SLICE_MS)
    const endMs = Math.min(toMs, Math.ceil(this.#now() / resolutionMs) * resolutionMs)
    let wasEmpty = true
    for (let atMs = fromMs; atMs < endMs;) {
      if (wasEmpty) {
        const nextMs = await this.#next(series, atMs, endMs, sliceMs)
        if (nextMs === undefined) return
        atMs = Math.max(atMs, Math.floor(nextMs / resolutionMs) * resolutionMs)
      }
      const sliceEndMs = Math.min(endMs, Math.floor(atMs / sliceMs) * sliceMs + sliceMs)
      const maxPoints = Math.ceil((sliceEndMs - atMs) / resolutionMs)
      const { points, toMs: readToMs } = await this.#lookBack(series, { fromMs: atMs, toMs: sliceEndMs, maxPoints })
      if (points.length > 0) yield points
      // What is not merged yet is the end.
      if (readToMs < sliceEndMs) return
      wasEmpty = points.length === 0
      atMs = readToMs
    }
  }

  /** When the next row begins, or a slice sooner: a range of years with nothing in it takes a few steps. */
  async #next(series: ExportedSeries, fromMs: number, toMs: number, sliceMs: number): Promise<number | undefined> {
    let range = { fromMs, toMs }
    for (let found: number | undefined; ; found = range.fromMs) {
      const [first] = (await this.#lookBack(series, { ...range, maxPoints: PROBE_POINTS })).points
      if (first === undefined) return found
      const startMs = Math.max(range.fromMs, first.atMs)
      const endMs = Math.min(range.toMs, first.atMs + first.windowMs)
      if (first.windowMs <= sliceMs || endMs - startMs >= range.toMs - range.fromMs) return startMs
      range = { fromMs: startMs, toMs: endMs }
    }
  }
}
