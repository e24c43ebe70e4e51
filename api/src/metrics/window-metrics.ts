import type { Distribution } from './distribution.ts'

/**
 * The metrics of a window: the one interface that every form of a window extends, from what a source measured to what
 * an answer shows. To add a metric, add it here and to `METRICS`; the compiler names what else is missing.
 */
export interface WindowMetrics {
  /** Requests that finished in the window: succeeded and failed. Here and below, null is what the source can't know. */
  requests: number | null
  /** How many of them failed. */
  errors: number | null
  /** Exact sum and maximum of all latencies in `latency`; 0 without any. */
  latencySumMs: number | null
  latencyMaxMs: number | null
  /**
   * In memory, or in the stored form (see distribution-encoding.ts); null when no request finished, and when nothing is
   * known about latency. A source that knows only a sum gives its number of requests as unknown mass: means divide by
   * the count of this, which need not be `requests`.
   */
  latency: Distribution | Uint8Array | null
  /** Null for models without tokens. */
  promptTokens: number | null
  generatedTokens: number | null
  /** Requests in flight at the end of the window; null when the source cannot know. */
  inFlight: number | null
}

/**
 * How the windows of several samples become one:
 * - `sum` adds what is known: it is null only if all are, and otherwise that of those who know;
 * - `total sum` and `total max` are of all latencies, since a mean and bounds are read from them: null as soon as one
 *   window has latencies whose sum or maximum is not known;
 * - a `gauge` is a state at the end of a window: a sum over deployments, the last one over time;
 * - `histogram` merges distributions, which percentiles are then read from.
 */
type Merge = 'sum' | 'total sum' | 'total max' | 'gauge' | 'histogram'

/** A metric's column in the database, and how it merges. */
interface Metric<Value> {
  column: string
  type: 'int' | 'bigint' | 'float8' | 'bytea'
  merge: Merge
  /** The value of a window without any sample: nothing was counted, and no data is not zero. */
  empty: (null extends Value ? null : never) | 0
}

/** Every metric, once: the SQL of the store, its reader and the merger are made from this table. */
export const METRICS = {
  requests: { column: 'requests', type: 'int', merge: 'sum', empty: 0 },
  errors: { column: 'errors', type: 'int', merge: 'sum', empty: 0 },
  latencySumMs: { column: 'latency_sum_ms', type: 'float8', merge: 'total sum', empty: 0 },
  latencyMaxMs: { column: 'latency_max_ms', type: 'float8', merge: 'total max', empty: 0 },
  latency: { column: 'latency', type: 'bytea', merge: 'histogram', empty: null },
  promptTokens: { column: 'prompt_tokens', type: 'bigint', merge: 'sum', empty: null },
  generatedTokens: { column: 'generated_tokens', type: 'bigint', merge: 'sum', empty: null },
  inFlight: { column: 'in_flight', type: 'int', merge: 'gauge', empty: null },
} as const satisfies { [M in keyof WindowMetrics]: Metric<WindowMetrics[M]> }

/** The metrics alone, of a form that holds more. Written out, because a loop over names takes thirty times as long. */
export function metricsOf(window: WindowMetrics): WindowMetrics {
  return {
    requests: window.requests,
    errors: window.errors,
    latencySumMs: window.latencySumMs,
    latencyMaxMs: window.latencyMaxMs,
    latency: window.latency,
    promptTokens: window.promptTokens,
    generatedTokens: window.generatedTokens,
    inFlight: window.inFlight,
  }
}
