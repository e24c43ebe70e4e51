import type { Sample } from '../metrics/sample.ts'
import { MetricsMerger, type MetricsSummary, packed } from '../metrics/metrics-summary.ts'
import { type MergedWindow, windowStartOf } from './merged-window.ts'

/** Milliseconds that were recorded: of a point, and of the whole range, where what came before the point counts too. */
interface Covered {
  ofPointMs: number
  ofRangeMs: number
}

interface Point {
  merger: MetricsMerger
  coveredMs: number
  /** Number of the segment that was last added to it. */
  segment: number
}

/** A row, held back until it is known whether it is the last of its deployment in a point. */
interface HeldRow {
  row: Sample | MergedWindow
  series: number
  atMs: number
}

/**
 * Merges stored windows into points: over time, and over deployments side by side. Segments are added in the order of
 * time; within a segment, one series after the other.
 */
export class HistoryPoints {
  readonly #fromMs: number
  readonly #widthMs: number
  readonly #points = new Map<number, Point>()
  #rangeCoveredMs = 0
  #segment = 0
  #held: HeldRow | undefined
  /** By the start of a stored window: what was recorded of it by the deployment that was recorded longest. */
  readonly #covered = new Map<number, Covered & { atMs: number }>()
  #lastSequence = 0
  #lastSample: Sample | undefined

  constructor(fromMs: number, widthMs: number) {
    this.#fromMs = fromMs
    this.#widthMs = widthMs
  }

  /** The sequence of the newest sample that is contained, of a single deployment; 0 without one. */
  get lastSequence(): number {
    return this.#lastSequence
  }

  /** That sample, where it was read itself. */
  get lastSample(): Sample | undefined {
    return this.#lastSample
  }

  addSample(sample: Sample): void {
    const endMs = sample.windowStartMs + sample.windowMs
    const atMs = windowStartOf(endMs, this.#widthMs)
    this.#cover(endMs, atMs, {
      ofPointMs: endMs - Math.max(sample.windowStartMs, atMs, this.#fromMs),
      ofRangeMs: endMs - Math.max(sample.windowStartMs, this.#fromMs),
    })
    if (sample.sequence >= this.#lastSequence) {
      this.#lastSequence = sample.sequence
      this.#lastSample = sample
    }
    this.#hold({ row: sample, series: sample.deploymentKey, atMs })
  }

  addWindow(window: MergedWindow): void {
    const { windowStartMs, coveredMs, beforeMs, lastSequence, series } = window
    const atMs = Math.floor(windowStartMs / this.#widthMs) * this.#widthMs
    const since = (ms: number) => coveredMs + Math.max(0, Math.min(beforeMs, windowStartMs - ms))
    this.#cover(windowStartMs, atMs, {
      ofPointMs: since(Math.max(atMs, this.#fromMs)),
      ofRangeMs: since(this.#fromMs),
    })
    if (lastSequence !== null && lastSequence > this.#lastSequence) {
      this.#lastSequence = lastSequence
      this.#lastSample = undefined
    }
    this.#hold({ row: window, series, atMs })
  }

  /** All rows of a segment were added. */
  endSegment(): void {
    this.#release(undefined)
    for (const { atMs, ofPointMs, ofRangeMs } of this.#covered.values()) {
      const point = this.#points.get(atMs)
      if (point) point.coveredMs += ofPointMs
      this.#rangeCoveredMs += ofRangeMs
    }
    this.#covered.clear()
    this.#segment += 1
  }

  /** The points, ascending, and the range until `toMs` as one. */
  finish(toMs: number): { points: MetricsSummary[]; summary: MetricsSummary } {
    const total = new MetricsMerger()
    const points = [...this.#points]
      .toSorted(([a], [b]) => a - b)
      .map(([atMs, { merger, coveredMs }]) => {
        total.merge(merger)
        const insideMs = Math.min(toMs, atMs + this.#widthMs) - Math.max(this.#fromMs, atMs)
        return packed(merger.summary(atMs, this.#widthMs, Math.min(coveredMs, insideMs)))
      })
    const rangeMs = toMs - this.#fromMs
    return { points, summary: total.summary(this.#fromMs, rangeMs, Math.min(this.#rangeCoveredMs, rangeMs)) }
  }

  #cover(startMs: number, atMs: number, covered: Covered): void {
    const known = this.#covered.get(startMs)
    if (known === undefined) this.#covered.set(startMs, { ...covered, atMs })
    else {
      known.ofPointMs = Math.max(known.ofPointMs, covered.ofPointMs)
      known.ofRangeMs = Math.max(known.ofRangeMs, covered.ofRangeMs)
    }
  }

  #hold(next: HeldRow): void {
    this.#release(next)
    this.#held = next
  }

  #release(next: HeldRow | undefined): void {
    const held = this.#held
    this.#held = undefined
    if (held === undefined) return
    const { row, series, atMs } = held
    const point = this.#pointAt(atMs)
    const gauges = next?.series === series && next.atMs === atMs ? 'none' : 'sum'
    if ('sources' in row) point.merger.addMerged(row, row.sources, gauges)
    else point.merger.add(row, gauges)
  }

  #pointAt(atMs: number): Point {
    let point = this.#points.get(atMs)
    if (point === undefined) {
      point = { merger: new MetricsMerger(), coveredMs: 0, segment: this.#segment }
      this.#points.set(atMs, point)
    }
    if (point.segment !== this.#segment) {
      point.segment = this.#segment
      point.merger.forgetGauges()
    }
    return point
  }
}
