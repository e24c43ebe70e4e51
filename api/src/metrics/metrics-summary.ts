import { LatencyHistogram } from './latency-histogram.ts'
import type { Sample, SourceName } from './sample.ts'

/**
 * What was measured in one window, or in several merged: over time (history) or over deployments (fleet).
 * The figures of a single sample are those of its stored form.
 */
export interface MetricsSummary {
  atMs: number
  windowMs: number
  /** Milliseconds of the window that were recorded; rates divide by it. */
  coveredMs: number
  requests: number
  errors: number
  latencySumMs: number
  latencyMaxMs: number
  /** Stored form, or merged; null when no request finished. */
  latency: Uint8Array | LatencyHistogram | null
  promptTokens: number | null
  generatedTokens: number | null
  inFlight: number | null
  source: SourceName
}

export function summaryOf(sample: Sample): MetricsSummary {
  return {
    atMs: sample.windowStartMs,
    windowMs: sample.windowMs,
    coveredMs: sample.windowMs,
    requests: sample.requests,
    errors: sample.errors,
    latencySumMs: sample.latencySumMs,
    latencyMaxMs: sample.latencyMaxMs,
    latency: sample.latency,
    promptTokens: sample.promptTokens,
    generatedTokens: sample.generatedTokens,
    inFlight: sample.inFlight,
    source: sample.source,
  }
}

/** Adds samples up into one summary; percentiles come from the merged histograms. */
export class MetricsMerger {
  readonly #histogram = new LatencyHistogram()
  #requests = 0
  #errors = 0
  #latencySumMs = 0
  #latencyMaxMs = 0
  #promptTokens: number | null = null
  #generatedTokens: number | null = null
  #inFlight: number | null = null
  #recordedMs = 0

  /** `inFlight` of several deployments adds up; over time, the last one given stands. */
  add(sample: Sample, inFlight: 'sum' | 'last'): void {
    this.#requests += sample.requests
    this.#errors += sample.errors
    this.#latencySumMs += sample.latencySumMs
    this.#latencyMaxMs = Math.max(this.#latencyMaxMs, sample.latencyMaxMs)
    if (sample.latency) this.#histogram.mergeEncoded(sample.latency)
    this.#promptTokens = addKnown(this.#promptTokens, sample.promptTokens)
    this.#generatedTokens = addKnown(this.#generatedTokens, sample.generatedTokens)
    this.#inFlight = inFlight === 'sum' ? addKnown(this.#inFlight, sample.inFlight) : sample.inFlight
    this.#recordedMs += sample.windowMs
  }

  /** `coveredMs`: default the windows added up (right over time, not over deployments). */
  summary(atMs: number, windowMs: number, coveredMs = this.#recordedMs): MetricsSummary {
    return {
      atMs,
      windowMs,
      coveredMs,
      requests: this.#requests,
      errors: this.#errors,
      latencySumMs: this.#latencySumMs,
      latencyMaxMs: this.#latencyMaxMs,
      latency: this.#requests > 0 ? this.#histogram : null,
      promptTokens: this.#promptTokens,
      generatedTokens: this.#generatedTokens,
      inFlight: this.#inFlight,
      source: 'SIMULATED',
    }
  }
}

function addKnown(sum: number | null, value: number | null): number | null {
  if (value === null) return sum
  return (sum ?? 0) + value
}
