import { GAUGES, type NumberName } from '../metrics/figures.ts'
import type { Sample } from '../metrics/sample.ts'
import { MetricsMerger, type MetricsSummary } from '../metrics/metrics-summary.ts'
import { CoveredTime } from './covered-time.ts'
import { type MergedWindow, windowStartOf } from './merged-window.ts'

interface Point {
  merger: MetricsMerger
  covered: CoveredTime
  /** How long the windows in it are, also where they reach back before it. */
  measuredMs: number
  /** Number of the segment that was last added to it. */
  segment: number
}

/** A row, held back until it is known whether it is the last of its deployment in a point. */
interface HeldRow {
  row: Sample | MergedWindow
  series: number
  atMs: number
  /** What was known last of the states at the end of windows, in this point, of this deployment. */
  states: States
}

type States = Partial<Record<NumberName, number | null>>

/**
 * Merges stored windows into points: over time, and over deployments side by side. Segments are added in the order of
 * time; within a segment, one series after the other.
 */
export class HistoryPoints {
  readonly #fromMs: number
  readonly #widthMs: number
  readonly #isOfOne: boolean
  readonly #points = new Map<number, Point>()
  readonly #rangeCovered = new CoveredTime()
  #rangeMeasuredMs = 0
  #segment = 0
  #held: HeldRow | undefined
  #lastSequence = 0
  #lastSample: Sample | undefined

  /** @param isOfOne the rows are all of one deployment: then it has states that say nothing of several. */
  constructor(fromMs: number, widthMs: number, { isOfOne }: { isOfOne: boolean }) {
    this.#fromMs = fromMs
    this.#widthMs = widthMs
    this.#isOfOne = isOfOne
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
    const { windowStartMs, windowMs } = sample
    const endMs = windowStartMs + windowMs
    if (sample.sequence >= this.#lastSequence) {
      this.#lastSequence = sample.sequence
      this.#lastSample = sample
    }
    const atMs = windowStartOf(endMs, this.#widthMs)
    this.#add(sample, sample.deploymentKey, atMs, { startMs: windowStartMs, endMs })
  }

  addWindow(window: MergedWindow): void {
    const { windowStartMs, coveredMs, beforeMs, lastSequence, series } = window
    if (lastSequence !== null && lastSequence > this.#lastSequence) {
      this.#lastSequence = lastSequence
      this.#lastSample = undefined
    }
    const atMs = Math.floor(windowStartMs / this.#widthMs) * this.#widthMs
    // Where in the window it is that was recorded is not stored; as if it were the beginning.
    this.#add(window, series, atMs, { startMs: windowStartMs - beforeMs, endMs: windowStartMs + coveredMs })
  }

  /** All rows of a segment were added. */
  endSegment(): void {
    this.#release(undefined)
    this.#segment += 1
  }

  /** The points, ascending. */
  points(): MetricsSummary[] {
    return this.#ascending().map(([atMs, { merger, covered, measuredMs }]) =>
      merger.summary(atMs, this.#widthMs, ...this.#times(covered, measuredMs)),
    )
  }

  /** The range until `toMs` as one. */
  summary(toMs: number): MetricsSummary {
    const total = new MetricsMerger()
    for (const [, { merger }] of this.#ascending()) total.merge(merger)
    const times = this.#times(this.#rangeCovered, this.#rangeMeasuredMs)
    return total.summary(this.#fromMs, toMs - this.#fromMs, ...times)
  }

  #ascending(): [number, Point][] {
    return [...this.#points].toSorted(([a], [b]) => a - b)
  }

  /** Windows of several deployments side by side take longer than all that they cover. */
  #times({ totalMs }: CoveredTime, measuredMs: number): [coveredMs: number, measuredMs: number] {
    return [totalMs, this.#isOfOne ? measuredMs : totalMs]
  }

  #add(row: Sample | MergedWindow, series: number, atMs: number, span: { startMs: number; endMs: number }): void {
    const { startMs, endMs } = span
    const point = this.#pointAt(atMs)
    point.covered.add(Math.max(startMs, atMs, this.#fromMs), endMs)
    point.measuredMs += endMs - startMs
    this.#rangeCovered.add(Math.max(startMs, this.#fromMs), endMs)
    this.#rangeMeasuredMs += endMs - startMs
    this.#hold({ row, series, atMs, states: {} })
  }

  #hold(next: HeldRow): void {
    this.#release(next)
    this.#held = next
  }

  #release(next: HeldRow | undefined): void {
    const held = this.#held
    this.#held = undefined
    if (held === undefined) return
    const { row, series, atMs, states } = held
    const { merger } = this.#pointAt(atMs)
    const isLast = next?.series !== series || next.atMs !== atMs
    if (this.#isOfOne) {
      add(merger, row, 'last')
      return
    }
    for (const name of GAUGES) states[name] = row[name] ?? states[name] ?? null
    if (!isLast) next.states = states
    add(merger, isLast ? { ...row, ...states } : row, isLast ? 'sum' : 'none')
  }

  #pointAt(atMs: number): Point {
    let point = this.#points.get(atMs)
    if (point === undefined) {
      point = { merger: new MetricsMerger(), covered: new CoveredTime(), measuredMs: 0, segment: this.#segment }
      this.#points.set(atMs, point)
    }
    if (point.segment !== this.#segment) {
      point.segment = this.#segment
      // The windows of a later segment have the newer states.
      if (!this.#isOfOne) point.merger.forgetGauges()
    }
    return point
  }
}

function add(merger: MetricsMerger, row: Sample | MergedWindow, gauges: 'sum' | 'last' | 'none'): void {
  if ('sources' in row) merger.addMerged(row, row.sources, gauges)
  else merger.add(row, gauges)
}
