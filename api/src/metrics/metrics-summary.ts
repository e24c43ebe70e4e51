import { LatencyHistogram } from './latency-histogram.ts'
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

type NumberName = Exclude<keyof WindowMetrics, 'latency'>

const NAMES = Object.keys(METRICS) as (keyof WindowMetrics)[]
const NUMBERS = NAMES.filter((name): name is NumberName => name !== 'latency')
const SUMS = NUMBERS.filter((name) => METRICS[name].merge === 'sum')
const MAXIMA = NUMBERS.filter((name) => METRICS[name].merge === 'max')
const GAUGES = NUMBERS.filter((name) => METRICS[name].merge === 'gauge')

const EMPTY = Object.fromEntries(NUMBERS.map((name) => [name, METRICS[name].empty])) as Record<
  NumberName,
  number | null
>

/** Adds samples up into one summary; percentiles come from the merged histograms. */
export class MetricsMerger {
  readonly #histogram = new LatencyHistogram()
  readonly #numbers = Object.fromEntries(NUMBERS.map((name) => [name, null])) as Record<NumberName, number | null>
  readonly #requestsBySource = new Map<SourceName, number>()
  #recordedMs = 0
  #samples = 0

  /** @param gauges how a state at the end of a window merges: as a sum over deployments, or the last one over time. */
  add(sample: Sample, gauges: 'sum' | 'last'): void {
    const numbers = this.#numbers
    this.#samples += 1
    for (const name of SUMS) numbers[name] = sumOf(numbers[name], sample[name])
    for (const name of MAXIMA) numbers[name] = maxOf(numbers[name], sample[name])
    for (const name of GAUGES) numbers[name] = gauges === 'last' ? sample[name] : sumOf(numbers[name], sample[name])
    if (sample.latency) this.#histogram.mergeEncoded(sample.latency)
    this.#requestsBySource.set(sample.source, (this.#requestsBySource.get(sample.source) ?? 0) + (sample.requests ?? 0))
    this.#recordedMs += sample.windowMs
  }

  /** `coveredMs`: default the windows added up (right over time, not over deployments). */
  summary(atMs: number, windowMs: number, coveredMs = this.#recordedMs): MetricsSummary {
    const numbers = this.#samples > 0 ? { ...this.#numbers } : EMPTY
    const latency = this.#histogram.count > 0 ? this.#histogram : null
    return { atMs, windowMs, coveredMs, ...numbers, latency, sources: this.#sources() }
  }

  #sources(): SourceName[] {
    const sources = [...this.#requestsBySource]
    // Stable: sources with equally many requests stay in the order in which they came.
    return sources.toSorted(([, a], [, b]) => b - a).map(([source]) => source)
  }
}

/** What is not known adds nothing. */
function sumOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : a + b
}

function maxOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b)
}
