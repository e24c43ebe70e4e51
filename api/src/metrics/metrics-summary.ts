import { Distribution } from './distribution.ts'
import { addNumbers, gaugeOverDeployments, GAUGES, knownNumbers, noNumbers, NUMBERS, type Numbers } from './figures.ts'
import { mergeReasons } from './reasons.ts'
import type { Sample, SourceName } from './sample.ts'
import {
  DISTRIBUTION_NAMES,
  type DistributionName,
  METRICS,
  metricsOf,
  type Reasons,
  type StoredMetrics,
  type WindowMetrics,
} from './window-metrics.ts'

/**
 * What was measured in one window, or in several merged: over time (history) or over deployments (fleet).
 * The metrics of a single sample are those of its stored form.
 */
export interface MetricsSummary extends WindowMetrics, SummaryPlace {}
export interface PackedSummary extends StoredMetrics, SummaryPlace {}

interface SummaryPlace {
  atMs: number
  windowMs: number
  /** Milliseconds of the window that were recorded; rates divide by it. */
  coveredMs: number
  /** Of several deployments at a moment: their rates added up, each over what was recorded of it. */
  perSecond?: { requests: number | null; generatedTokens: number | null }
  /** Where the samples came from, the source of most requests first; empty without samples. */
  sources: readonly SourceName[]
}

/** With its distributions in the stored form, which is a tenth as large in memory and can be added to others. */
export function packed(summary: MetricsSummary): PackedSummary {
  const copy = { ...summary }
  for (const name of DISTRIBUTION_NAMES) {
    const distribution = copy[name]
    if (distribution instanceof Distribution) copy[name] = distribution.encode()
  }
  return copy as PackedSummary
}

export function summaryOf(sample: Sample): MetricsSummary {
  const { windowStartMs, windowMs, source } = sample
  return { atMs: windowStartMs, windowMs, coveredMs: windowMs, ...metricsOf(sample), sources: [source] }
}

const EMPTY = Object.fromEntries(NUMBERS.map((name) => [name, METRICS[name].empty])) as Numbers

/** `none`: a later window of the same deployment has the state that counts. */
type Gauges = 'sum' | 'last' | 'none'

/** Adds samples up into one summary; percentiles come from the merged distributions. */
export class MetricsMerger {
  readonly #distributions = new Map<DistributionName, Distribution>()
  readonly #numbers = noNumbers()
  #reasons: Reasons | null = null
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
    this.#add({ ...other.#numbers, ...other.#others() }, 'last')
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
    addNumbers(numbers, window)
    if (gauges !== 'none') {
      for (const name of GAUGES) {
        numbers[name] = gauges === 'last' ? window[name] : gaugeOverDeployments(name, numbers[name], window[name])
      }
    }
    if (window.errorsByReason !== null) this.#reasons = mergeReasons(this.#reasons, window.errorsByReason)
    for (const name of DISTRIBUTION_NAMES) {
      const added = window[name]
      if (added === null) continue
      let own = this.#distributions.get(name)
      if (own === undefined) this.#distributions.set(name, (own = new Distribution()))
      if (added instanceof Distribution) own.merge(added)
      else own.mergeEncoded(added)
    }
  }

  #others(): Record<DistributionName, Distribution | null> & { errorsByReason: Reasons | null } {
    const known = (name: DistributionName) => {
      const distribution = this.#distributions.get(name)
      return distribution !== undefined && distribution.count > 0 ? distribution : null
    }
    return {
      errorsByReason: this.#reasons,
      latency: known('latency'),
      timeToFirstToken: known('timeToFirstToken'),
      interTokenLatency: known('interTokenLatency'),
      queueTime: known('queueTime'),
    }
  }

  #addSource(source: SourceName, requests: number): void {
    this.#requestsBySource.set(source, (this.#requestsBySource.get(source) ?? 0) + requests)
  }

  /** `coveredMs`: default the windows added up (right over time, not over deployments). */
  summary(atMs: number, windowMs: number, coveredMs = this.#recordedMs): MetricsSummary {
    const numbers = this.#samples > 0 ? knownNumbers(this.#numbers) : EMPTY
    return { atMs, windowMs, coveredMs, ...numbers, ...this.#others(), sources: this.#sources() }
  }

  #sources(): SourceName[] {
    const sources = [...this.#requestsBySource]
    // Stable: sources with equally many requests stay in the order in which they came.
    return sources.toSorted(([, a], [, b]) => b - a).map(([source]) => source)
  }
}
