import { Distribution } from './distribution.ts'
import { addNumbers, GAUGES, knownNumbers, noNumbers, NUMBERS, type Numbers, SUMMED_GAUGES, sumOf } from './figures.ts'
import { addReasons, noReasons, type ReasonCounts } from './reasons.ts'
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
  /**
   * Where the counts are not those of `coveredMs`: of several deployments at a moment, their rates added up; of one whose
   * first sample reaches back before the window, the rates over all that its samples measured.
   */
  perSecond?: Rates
  /** Where the samples came from, the source of most requests first; empty without samples. */
  sources: readonly SourceName[]
}

export interface Rates {
  requests: number | null
  generatedTokens: number | null
}

/** A count for each second; null when it is not known. */
export function ratePerSecond(name: keyof Rates, summary: MetricsSummary): number | null {
  if (summary.perSecond !== undefined) return summary.perSecond[name]
  return rateOver(summary[name], summary.coveredMs)
}

/** The rates of counts that took `measuredMs`, where that is more than what is covered of a window. */
export function ratesBeyond(
  { requests, generatedTokens }: Pick<WindowMetrics, keyof Rates>,
  coveredMs: number,
  measuredMs: number,
): { perSecond?: Rates } {
  if (measuredMs <= coveredMs) return {}
  return {
    perSecond: { requests: rateOver(requests, measuredMs), generatedTokens: rateOver(generatedTokens, measuredMs) },
  }
}

function rateOver(count: number | null, ms: number): number | null {
  if (count === null) return null
  return ms > 0 ? (count * 1000) / ms : 0
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

/**
 * Over deployments, a `sum`. Over time, the `last` state that is known. `none`: the states are those of other windows.
 */
type Gauges = 'sum' | 'last' | 'none'

/** Adds samples up into one summary; percentiles come from the merged distributions. */
export class MetricsMerger {
  /** One alone in the stored form is kept as it is. */
  readonly #distributions = new Map<DistributionName, Distribution | Uint8Array>()
  readonly #numbers = noNumbers()
  #reasons: ReasonCounts | null = null
  readonly #requestsBySource = new Map<SourceName, number>()
  #recordedMs = 0
  #samples = 0

  /** @param gauges how a state at the end of a window merges. */
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
    if (gauges === 'last') for (const name of GAUGES) numbers[name] = window[name] ?? numbers[name]
    if (gauges === 'sum') for (const name of SUMMED_GAUGES) numbers[name] = sumOf(numbers[name], window[name])
    if (window.errorsByReason !== null) addReasons((this.#reasons ??= noReasons()), window.errorsByReason)
    if (window.latency !== null) this.#addDistribution('latency', window.latency)
    // Most deployments have none of the others.
    if (window.timeToFirstToken !== null) this.#addDistribution('timeToFirstToken', window.timeToFirstToken)
    if (window.interTokenLatency !== null) this.#addDistribution('interTokenLatency', window.interTokenLatency)
    if (window.queueTime !== null) this.#addDistribution('queueTime', window.queueTime)
  }

  #addDistribution(name: DistributionName, added: Distribution | Uint8Array): void {
    const known = this.#distributions.get(name)
    if (known === undefined && added instanceof Uint8Array) {
      this.#distributions.set(name, added)
      return
    }
    const own = known instanceof Distribution ? known : new Distribution()
    if (known !== own) this.#distributions.set(name, own)
    if (known instanceof Uint8Array) own.mergeEncoded(known)
    if (added instanceof Distribution) own.merge(added)
    else own.mergeEncoded(added)
  }

  #others(): Record<DistributionName, Distribution | Uint8Array | null> & { errorsByReason: Reasons | null } {
    const known = (name: DistributionName) => {
      const distribution = this.#distributions.get(name)
      if (distribution === undefined || distribution instanceof Uint8Array) return distribution ?? null
      return distribution.count > 0 ? distribution : null
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

  /**
   * @param coveredMs default: the windows added up (right over time, not over deployments)
   * @param measuredMs how long the samples are, where they reach back before the window
   */
  summary(atMs: number, windowMs: number, coveredMs = this.#recordedMs, measuredMs = coveredMs): MetricsSummary {
    const numbers = this.#samples > 0 ? knownNumbers(this.#numbers) : EMPTY
    const rates = ratesBeyond(numbers, coveredMs, measuredMs)
    return { atMs, windowMs, coveredMs, ...numbers, ...this.#others(), ...rates, sources: this.#sources() }
  }

  #sources(): SourceName[] {
    const sources = [...this.#requestsBySource]
    // Stable: sources with equally many requests stay in the order in which they came.
    return sources.toSorted(([, a], [, b]) => b - a).map(([source]) => source)
  }
}
