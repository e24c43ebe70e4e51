import { MetricsMerger, type MetricsSummary, packed, ratesBeyond, summaryOf } from '../metrics/metrics-summary.ts'
import type { Sample } from '../metrics/sample.ts'
import { endOf } from './trailing-blocks.ts'

/** A window of some length, aligned to the epoch, and the samples in it: those that end in `(start, end]`. */
export interface ClosedWindow {
  metrics: MetricsSummary
  firstSequence: number
  last: Sample
  /** How many samples there are in it; fewer than its sequences when some are missing. */
  count: number
}

/** The start of the window that a sample belongs to. */
export function windowStartOf(sample: Sample, lengthMs: number): number {
  return (Math.ceil(endOf(sample) / lengthMs) - 1) * lengthMs
}

/** Merges the samples of a log, given in order, into windows. */
export class WindowFold {
  readonly #lengthMs: number
  #startMs = 0
  /** Of the window that is open. */
  #samples: Sample[] = []

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs
  }

  /** The windows that this sample closes: the one before it, and its own where it ends with it. */
  add(sample: Sample): ClosedWindow[] {
    const closed: ClosedWindow[] = []
    const startMs = windowStartOf(sample, this.#lengthMs)
    if (startMs !== this.#startMs) closed.push(...this.#close())
    this.#startMs = startMs
    this.#samples.push(sample)
    if (endOf(sample) === this.endMs) closed.push(...this.#close())
    return closed
  }

  /** The end of the window that is open. */
  get endMs(): number {
    return this.#startMs + this.#lengthMs
  }

  /** The newest sample of the window that is open. */
  get newest(): Sample | undefined {
    return this.#samples.at(-1)
  }

  /** The window that is open, as it is now. */
  get open(): ClosedWindow | undefined {
    const [first, ...others] = this.#samples
    if (first === undefined) return undefined
    const beforeMs = Math.max(0, this.#startMs - first.windowStartMs)
    const window = { atMs: this.#startMs, windowMs: this.#lengthMs }
    const last = others.at(-1) ?? first
    const place = { firstSequence: first.sequence, last, count: this.#samples.length }
    if (last === first) {
      const coveredMs = first.windowMs - beforeMs
      const rates = ratesBeyond(first, coveredMs, first.windowMs)
      return { ...place, metrics: { ...summaryOf(first), ...window, coveredMs, ...rates } }
    }
    const merger = new MetricsMerger()
    let recordedMs = 0
    for (const sample of this.#samples) {
      merger.add(sample, 'last')
      recordedMs += sample.windowMs
    }
    const metrics = packed(merger.summary(window.atMs, window.windowMs, recordedMs - beforeMs, recordedMs))
    return { ...place, metrics }
  }

  #close(): ClosedWindow[] {
    const window = this.open
    this.#samples = []
    return window === undefined ? [] : [window]
  }
}
