import { Distribution } from '../metrics/distribution.ts'
import {
  addNumbers,
  GAUGES,
  knownNumbers,
  noNumbers,
  type NumberName,
  SUMMED_GAUGES,
  sumOf,
} from '../metrics/figures.ts'
import type { Sample, SourceName } from '../metrics/sample.ts'
import { addReasons, noReasons, type ReasonCounts } from '../metrics/reasons.ts'
import { DISTRIBUTION_NAMES, type DistributionName, type StoredMetrics } from '../metrics/window-metrics.ts'
import type { MergedWindow } from './merged-window.ts'

/** What one window of a deployment was, what was added to it, and what it has become. */
export interface Growth {
  before: MergedWindow | undefined
  added: MergedWindow
  after: MergedWindow
}

/** Merges samples and windows into one window. What is added is merged once; nothing can be taken off again. */
export class WindowBuilder {
  readonly #series: number
  readonly #resolutionMs: number
  readonly #windowStartMs: number
  readonly #numbers = noNumbers()
  readonly #sources: Partial<Record<SourceName, number>> = {}
  /** One alone is kept as it is. */
  readonly #distributions = new Map<DistributionName, Uint8Array | Distribution>()
  #reasons: ReasonCounts | null = null
  #coveredMs = 0
  #beforeMs = 0
  #firstSequence = Infinity
  #lastSequence = 0

  constructor(series: number, resolutionMs: number, windowStartMs: number) {
    this.#series = series
    this.#resolutionMs = resolutionMs
    this.#windowStartMs = windowStartMs
  }

  /** A sample of the deployment that ends in this window. */
  addSample(sample: Sample): void {
    const { windowStartMs, windowMs, sequence, source } = sample
    this.#addTime(windowMs, Math.max(0, this.#windowStartMs - windowStartMs))
    this.#addOverTime(sample, sequence, sequence)
    this.#addSource(source, sample.requests ?? 0)
  }

  /** The same window, or a finer one within it, of the same deployment. */
  addWindow(window: MergedWindow): void {
    const { windowStartMs, coveredMs, beforeMs, firstSequence, lastSequence } = window
    const startsLaterMs = windowStartMs - this.#windowStartMs
    this.#addTime(coveredMs + beforeMs, Math.max(0, beforeMs - startsLaterMs))
    this.#addOverTime(window, firstSequence ?? Infinity, lastSequence ?? 0)
    this.#addSources(window)
  }

  /** What was stored of this window of a model, or of the fleet. */
  addShared(window: MergedWindow): void {
    this.#addOverDeployments(window, (name) => window[name], window)
  }

  /** What was added to this window of one deployment, to one of its model or of the fleet. */
  addMember({ before, added, after }: Growth): void {
    // A state is not added to: it is another one now.
    const change = (name: NumberName) => {
      const was = before?.[name] ?? null
      const is = after[name]
      return was === null || is === null ? is : is - was
    }
    this.#addOverDeployments(added, change, after)
  }

  build(): MergedWindow {
    const isShared = this.#lastSequence === 0
    return {
      series: this.#series,
      resolutionMs: this.#resolutionMs,
      windowStartMs: this.#windowStartMs,
      // A source that reports the same time twice covers it once.
      coveredMs: Math.min(this.#coveredMs, this.#resolutionMs),
      beforeMs: this.#beforeMs,
      firstSequence: isShared ? null : this.#firstSequence,
      lastSequence: isShared ? null : this.#lastSequence,
      ...knownNumbers(this.#numbers),
      errorsByReason: this.#reasons,
      latency: this.#encoded('latency'),
      timeToFirstToken: this.#encoded('timeToFirstToken'),
      interTokenLatency: this.#encoded('interTokenLatency'),
      queueTime: this.#encoded('queueTime'),
      sources: this.#sources,
    }
  }

  #addTime(measuredMs: number, beforeMs: number): void {
    this.#coveredMs += measuredMs - beforeMs
    this.#beforeMs = Math.max(this.#beforeMs, beforeMs)
  }

  #addOverTime(given: StoredMetrics, firstSequence: number, lastSequence: number): void {
    const numbers = this.#numbers
    this.#addFigures(given)
    const isNewest = lastSequence >= this.#lastSequence
    for (const name of GAUGES) {
      // What was known last; a late sample is newer than what was stored before it.
      numbers[name] = isNewest ? (given[name] ?? numbers[name]) : (numbers[name] ?? given[name])
    }
    this.#firstSequence = Math.min(this.#firstSequence, firstSequence)
    this.#lastSequence = Math.max(this.#lastSequence, lastSequence)
  }

  #addOverDeployments(
    added: MergedWindow,
    gauge: (name: NumberName) => number | null,
    { coveredMs }: MergedWindow,
  ): void {
    this.#addFigures(added)
    for (const name of SUMMED_GAUGES) this.#numbers[name] = sumOf(this.#numbers[name], gauge(name))
    this.#coveredMs = Math.max(this.#coveredMs, coveredMs)
    this.#addSources(added)
  }

  #addFigures(given: StoredMetrics): void {
    addNumbers(this.#numbers, given)
    if (given.errorsByReason !== null) addReasons((this.#reasons ??= noReasons()), given.errorsByReason)
    for (const name of DISTRIBUTION_NAMES) {
      const added = given[name]
      if (added === null) continue
      const known = this.#distributions.get(name)
      if (known === undefined) this.#distributions.set(name, added)
      else {
        const merged = known instanceof Distribution ? known : Distribution.decode(known)
        merged.mergeEncoded(added)
        this.#distributions.set(name, merged)
      }
    }
  }

  #encoded(name: DistributionName): Uint8Array | null {
    const known = this.#distributions.get(name)
    return known instanceof Distribution ? known.encode() : (known ?? null)
  }

  #addSources({ sources }: MergedWindow): void {
    for (const [source, requests] of Object.entries(sources)) this.#addSource(source as SourceName, requests)
  }

  #addSource(source: SourceName, requests: number): void {
    this.#sources[source] = (this.#sources[source] ?? 0) + requests
  }
}
