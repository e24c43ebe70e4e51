import type { LatencyHistogram } from './latency-histogram.ts'

/** Where samples come from. */
export type SourceName = 'SIMULATED'

/** A span of time in which requests finished: `[startMs, startMs + durationMs)`, milliseconds since the epoch. */
export interface MetricsWindow {
  startMs: number
  durationMs: number
}

/** What a source measured in one window of one deployment. */
export interface Measurement {
  /** Requests that finished in the window: succeeded and failed. Equals `latency.count`. */
  requests: number
  /** How many of them failed. */
  errors: number
  /** Exact sum and maximum of their latencies; 0 without requests. */
  latencySumMs: number
  latencyMaxMs: number
  latency: LatencyHistogram
  /** Null for models without tokens. */
  promptTokens: number | null
  generatedTokens: number | null
  /** Requests under way at the window's end. */
  inFlight: number | null
}

/** One stored window of one deployment, as it travels from the store over the bus into rings. */
export interface Sample {
  deploymentKey: number
  /** Position in the deployment's log: 1, 2, 3 … */
  sequence: number
  windowStartMs: number
  windowMs: number
  requests: number
  errors: number
  latencySumMs: number
  latencyMaxMs: number
  /** The stored form of the histogram (see latency-histogram.ts); null when no request finished. */
  latency: Uint8Array | null
  promptTokens: number | null
  generatedTokens: number | null
  inFlight: number | null
  source: SourceName
}
