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

/** `none`: a later window of the same deployment has the state that counts. */
type Gauges = 'sum' | 'last' | 'none'

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
  add(sample: Sample, gauges: Gauges): void {
    this.#add(sample, gauges)
    this.#addSource(sample.source, sample.requests ?? 0)
    this.#recordedMs += sample.windowMs
  }

  /** Adds what was merged before. How much of it was recorded is the caller's to know. */
  addMerged(window: WindowMetrics, requestsBySource: Partial<Record<SourceName, number>>, gauges: Gauges): void {
    this.#add(window, gauges)
    for (const [source, requests] of Object.entries(requestsBySource)) this.#addSource(source as SourceName, requests)
  }

  /** Adds what another one has added up, over time; that one stays as it is. */
  merge(other: MetricsMerger): void {
    if (other.#samples === 0) return
    this.#add({ ...other.#numbers, latency: other.#histogram }, 'last')
    for (const [source, requests] of other.#requestsBySource) this.#addSource(source, requests)
    this.#recordedMs += other.#recordedMs
  }

  /** What follows is later than all that was added: the states at the end of its windows count alone. */
  forgetGauges(): void {
    for (const name of GAUGES) this.#numbers[name] = null
  }

  #add(window: WindowMetrics, gauges: Gauges): void {
    const numbers = this.#numbers
    this.#samples += 1
    for (const name of SUMS) numbers[name] = sumOf(numbers[name], window[name])
    for (const name of MAXIMA) numbers[name] = maxOf(numbers[name], window[name])
    if (gauges !== 'none') {
      for (const name of GAUGES) numbers[name] = gauges === 'last' ? window[name] : sumOf(numbers[name], window[name])
    }
    if (window.latency instanceof LatencyHistogram) this.#histogram.merge(window.latency)
    else if (window.latency) this.#histogram.mergeEncoded(window.latency)
  }

  #addSource(source: SourceName, requests: number): void {
    this.#requestsBySource.set(source, (this.#requestsBySource.get(source) ?? 0) + requests)
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
