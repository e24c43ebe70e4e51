import { Distribution } from './distribution.ts'
import { addNumbers, GAUGES, knownNumbers, noNumbers, NUMBERS, type Numbers, sumOf } from './figures.ts'
import type { Sample, SourceName } from './sample.ts'
import { METRICS, metricsOf, type WindowMetrics } from './window-metrics.ts'

/**
 * What was measured in one window, or in several merged: over time (history) or over deployments (fleet).
 * The metrics of a single sample are those of its stored form.
 */
export interface MetricsSummary extends WindowMetrics {
  atMs: number
  windowMs: number
  /** Milliseconds of the window that were recorded; rates divide by it. */
  coveredMs: number
  /** Of several deployments at a moment: their rates added up, each over what was recorded of it. */
  perSecond?: { requests: number | null; generatedTokens: number | null }
  /** Where the samples came from, the source of most requests first; empty without samples. */
  sources: readonly SourceName[]
}

export function summaryOf(sample: Sample): MetricsSummary {
  const { windowStartMs, windowMs, source } = sample
  return { atMs: windowStartMs, windowMs, coveredMs: windowMs, ...metricsOf(sample), sources: [source] }
}

const EMPTY = Object.fromEntries(NUMBERS.map((name) => [name, METRICS[name].empty])) as Numbers

/** Adds samples up into one summary; percentiles come from the merged distributions. */
export class MetricsMerger {
  readonly #latency = new Distribution()
  readonly #numbers = noNumbers()
  readonly #requestsBySource = new Map<SourceName, number>()
  #recordedMs = 0
  #samples = 0

  /** @param gauges how a state at the end of a window merges: as a sum over deployments, or the last one over time. */
  add(sample: Sample, gauges: 'sum' | 'last'): void {
    const numbers = this.#numbers
    this.#samples += 1
    addNumbers(numbers, sample)
    for (const name of GAUGES) numbers[name] = gauges === 'last' ? sample[name] : sumOf(numbers[name], sample[name])
    if (sample.latency) this.#latency.mergeEncoded(sample.latency)
    this.#requestsBySource.set(sample.source, (this.#requestsBySource.get(sample.source) ?? 0) + (sample.requests ?? 0))
    this.#recordedMs += sample.windowMs
  }

  /** `coveredMs`: default the windows added up (right over time, not over deployments). */
  summary(atMs: number, windowMs: number, coveredMs = this.#recordedMs): MetricsSummary {
    const numbers = this.#samples > 0 ? knownNumbers(this.#numbers) : EMPTY
    const latency = this.#latency.count > 0 ? this.#latency : null
    return { atMs, windowMs, coveredMs, ...numbers, latency, sources: this.#sources() }
  }

  #sources(): SourceName[] {
    const sources = [...this.#requestsBySource]
    // Stable: sources with equally many requests stay in the order in which they came.
    return sources.toSorted(([, a], [, b]) => b - a).map(([source]) => source)
  }
}
