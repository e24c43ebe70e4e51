import { Distribution } from './distribution.ts'
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
const TOTAL_SUMS = NUMBERS.filter((name) => METRICS[name].merge === 'total sum')
const TOTAL_MAXIMA = NUMBERS.filter((name) => METRICS[name].merge === 'total max')
const GAUGES = NUMBERS.filter((name) => METRICS[name].merge === 'gauge')

const EMPTY = Object.fromEntries(NUMBERS.map((name) => [name, METRICS[name].empty])) as Record<
  NumberName,
  number | null
>

/** Adds samples up into one summary; percentiles come from the merged distributions. */
export class MetricsMerger {
  readonly #latency = new Distribution()
  /** NaN is what is not known for all latencies: it stays so, whatever is added. */
  readonly #numbers = Object.fromEntries(NUMBERS.map((name) => [name, null])) as Record<NumberName, number | null>
  readonly #requestsBySource = new Map<SourceName, number>()
  #recordedMs = 0
  #samples = 0

  /** @param gauges how a state at the end of a window merges: as a sum over deployments, or the last one over time. */
  add(sample: Sample, gauges: 'sum' | 'last'): void {
    const numbers = this.#numbers
    this.#samples += 1
    for (const name of SUMS) numbers[name] = sumOf(numbers[name], sample[name])
    for (const name of TOTAL_SUMS) numbers[name] = sumOf(numbers[name], totalOf(sample, name))
    for (const name of TOTAL_MAXIMA) numbers[name] = maxOf(numbers[name], totalOf(sample, name))
    for (const name of GAUGES) numbers[name] = gauges === 'last' ? sample[name] : sumOf(numbers[name], sample[name])
    if (sample.latency) this.#latency.mergeEncoded(sample.latency)
    this.#requestsBySource.set(sample.source, (this.#requestsBySource.get(sample.source) ?? 0) + (sample.requests ?? 0))
    this.#recordedMs += sample.windowMs
  }

  /** `coveredMs`: default the windows added up (right over time, not over deployments). */
  summary(atMs: number, windowMs: number, coveredMs = this.#recordedMs): MetricsSummary {
    const numbers = this.#samples > 0 ? { ...this.#numbers } : { ...EMPTY }
    for (const name of NUMBERS) if (Number.isNaN(numbers[name])) numbers[name] = null
    const latency = this.#latency.count > 0 ? this.#latency : null
    return { atMs, windowMs, coveredMs, ...numbers, latency, sources: this.#sources() }
  }

  #sources(): SourceName[] {
    const sources = [...this.#requestsBySource]
    // Stable: sources with equally many requests stay in the order in which they came.
    return sources.toSorted(([, a], [, b]) => b - a).map(([source]) => source)
  }
}

/** What a window adds to a total of all latencies: NaN when it has latencies whose total is not known. */
function totalOf(window: WindowMetrics, name: NumberName): number | null {
  const total = window[name]
  if (window.latency !== null) return total ?? Number.NaN
  // Whatever it is, it is no total of latencies that are counted.
  return total === null ? null : 0
}

/** What is not known adds nothing. */
function sumOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : a + b
}

function maxOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b)
}
