import type { Distribution } from './distribution.ts'
import type { MeasuredMetrics, StoredMetrics } from './window-metrics.ts'

/** Where samples come from. */
export type SourceName = 'SIMULATED' | 'SCRAPED' | 'REPORTED'

/** No source measures a longer window, in milliseconds. */
export const MAX_WINDOW_MS = 60_000

/** A span of time in which requests finished: `[startMs, startMs + durationMs)`, milliseconds since the epoch. */
export interface MetricsWindow {
  startMs: number
  durationMs: number
}

/** What a source measured in one window of one deployment. */
export type Measurement = MeasuredMetrics

/** What a source measured that sees every request: how many there were, and how long each of them took. */
export interface FullMeasurement extends Measurement {
  requests: number
  errors: number
  latencySumMs: number
  latencyMaxMs: number
  latency: Distribution
}

/** One stored window of one deployment, as it travels from the store over the bus into rings. */
export interface Sample extends StoredMetrics {
  deploymentKey: number
  /** Position in the deployment's log: 1, 2, 3 … */
  sequence: number
  windowStartMs: number
  windowMs: number
  source: SourceName
}
