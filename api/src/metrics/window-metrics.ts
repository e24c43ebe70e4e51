import type { Distribution } from './distribution.ts'

/** Counts by reason; `other` are those beyond the 16 that are told apart. */
export type Reasons = Readonly<Record<string, number>>

/**
 * The metrics of a window: the one interface that every form of a window extends, from what a source measured to what
 * an answer shows. To add a metric, add it here and to `METRICS`; the compiler names what else is missing.
 *
 * `D` is a distribution in memory, or in the stored form (see distribution-encoding.ts). It is null when nothing of its
 * kind happened, and when nothing is known about it. A source that knows only a sum gives the number as unknown mass:
 * means divide by the count of the distribution, which need not be `requests`. Its sum and maximum, in milliseconds, are
 * of everything in it.
 */
export interface WindowMetrics<D extends Distribution | Uint8Array = Distribution | Uint8Array> {
  /** Requests that finished in the window: succeeded and failed. Here and below, null is what the source can't know. */
  requests: number | null
  /** How many of them failed. */
  errors: number | null
  /** Why they failed: counts by reason, at most 16 and `other`. */
  errorsByReason: Reasons | null
  /** From the arrival of a request to its end; the sum and the maximum are 0 without any. */
  latencySumMs: number | null
  latencyMaxMs: number | null
  latency: D | null
  /** Of streamed requests only: how long the first token took. Its count is its own, and no number of requests. */
  timeToFirstTokenSumMs: number | null
  timeToFirstTokenMaxMs: number | null
  timeToFirstToken: D | null
  /** Between two tokens of a request: one for each token, not the mean of a request. */
  interTokenLatencySumMs: number | null
  interTokenLatencyMaxMs: number | null
  interTokenLatency: D | null
  /** How long requests waited before they were worked on. */
  queueTimeSumMs: number | null
  queueTimeMaxMs: number | null
  queueTime: D | null
  /** Null for models without tokens. */
  promptTokens: number | null
  generatedTokens: number | null
  /** Requests in flight at the end of the window; null when the source cannot know. */
  inFlight: number | null
  /** Requests that wait at the end of the window. */
  waiting: number | null
  /** How much of the cache of keys and values is used at the end of the window, 0 to 1. */
  kvCacheUsage: number | null
  /** Reports that came after their own window was closed, and are counted in this one. */
  lateReports: number | null
}

/** As a source measured them. */
export type MeasuredMetrics = WindowMetrics<Distribution>
/** As they are stored, and travel. */
export type StoredMetrics = WindowMetrics<Uint8Array>

/**
 * How the windows of several samples become one:
 * - `sum` adds what is known: it is null only if all are, and otherwise that of those who know; `reasons` adds reason by
 *   reason;
 * - `total sum` and `total max` are of all in a distribution, since a mean and bounds are read from them: null as soon as
 *   one window has some whose sum or maximum is not known;
 * - a `gauge` is a state at the end of a window: a sum over deployments, the last one over time;
 * - an `own gauge` is a state of one deployment: nothing over several;
 * - `histogram` merges distributions, which percentiles are then read from.
 */
type Merge = 'sum' | 'reasons' | 'total sum' | 'total max' | 'gauge' | 'own gauge' | 'histogram'

/** A metric's column in the database, and how it merges. */
interface Metric<Value> {
  column: string
  type: 'int' | 'bigint' | 'float8' | 'bytea' | 'jsonb'
  merge: Merge
  /** The value of a window without any sample: nothing was counted, and no data is not zero. */
  empty: (null extends Value ? null : never) | 0
}

const totals = <C extends string>(column: C) =>
  ({
    sum: { column: `${column}_sum_ms`, type: 'float8', merge: 'total sum', empty: null },
    max: { column: `${column}_max_ms`, type: 'float8', merge: 'total max', empty: null },
    distribution: { column, type: 'bytea', merge: 'histogram', empty: null },
  }) as const

const [TTFT, ITL, QUEUE] = [totals('time_to_first_token'), totals('inter_token_latency'), totals('queue_time')]

/** Every metric, once: the SQL of the store, its reader and the merger are made from this table. */
export const METRICS = {
  requests: { column: 'requests', type: 'int', merge: 'sum', empty: 0 },
  errors: { column: 'errors', type: 'int', merge: 'sum', empty: 0 },
  errorsByReason: { column: 'errors_by_reason', type: 'jsonb', merge: 'reasons', empty: null },
  latencySumMs: { column: 'latency_sum_ms', type: 'float8', merge: 'total sum', empty: 0 },
  latencyMaxMs: { column: 'latency_max_ms', type: 'float8', merge: 'total max', empty: 0 },
  latency: { column: 'latency', type: 'bytea', merge: 'histogram', empty: null },
  timeToFirstTokenSumMs: TTFT.sum,
  timeToFirstTokenMaxMs: TTFT.max,
  timeToFirstToken: TTFT.distribution,
  interTokenLatencySumMs: ITL.sum,
  interTokenLatencyMaxMs: ITL.max,
  interTokenLatency: ITL.distribution,
  queueTimeSumMs: QUEUE.sum,
  queueTimeMaxMs: QUEUE.max,
  queueTime: QUEUE.distribution,
  promptTokens: { column: 'prompt_tokens', type: 'bigint', merge: 'sum', empty: null },
  generatedTokens: { column: 'generated_tokens', type: 'bigint', merge: 'sum', empty: null },
  inFlight: { column: 'in_flight', type: 'int', merge: 'gauge', empty: null },
  waiting: { column: 'waiting', type: 'int', merge: 'gauge', empty: null },
  kvCacheUsage: { column: 'kv_cache_usage', type: 'float8', merge: 'own gauge', empty: null },
  lateReports: { column: 'late_reports', type: 'int', merge: 'sum', empty: null },
} as const satisfies { [M in keyof WindowMetrics]: Metric<WindowMetrics[M]> }

/** Every distribution, with the names of its sum and its maximum. */
export const DISTRIBUTIONS = {
  latency: { sum: 'latencySumMs', max: 'latencyMaxMs' },
  timeToFirstToken: { sum: 'timeToFirstTokenSumMs', max: 'timeToFirstTokenMaxMs' },
  interTokenLatency: { sum: 'interTokenLatencySumMs', max: 'interTokenLatencyMaxMs' },
  queueTime: { sum: 'queueTimeSumMs', max: 'queueTimeMaxMs' },
} as const

export type DistributionName = keyof typeof DISTRIBUTIONS
export const DISTRIBUTION_NAMES = Object.keys(DISTRIBUTIONS) as DistributionName[]

/** What a source knows that knows nothing. */
export const NOTHING_KNOWN: WindowMetrics<never> = Object.freeze(
  Object.fromEntries(Object.keys(METRICS).map((name) => [name, null])),
) as unknown as WindowMetrics<never>

/** The metrics alone, of a form that holds more. Written out, because a loop over names takes thirty times as long. */
export function metricsOf<D extends Distribution | Uint8Array>(window: WindowMetrics<D>): WindowMetrics<D> {
  return {
    requests: window.requests,
    errors: window.errors,
    errorsByReason: window.errorsByReason,
    latencySumMs: window.latencySumMs,
    latencyMaxMs: window.latencyMaxMs,
    latency: window.latency,
    timeToFirstTokenSumMs: window.timeToFirstTokenSumMs,
    timeToFirstTokenMaxMs: window.timeToFirstTokenMaxMs,
    timeToFirstToken: window.timeToFirstToken,
    interTokenLatencySumMs: window.interTokenLatencySumMs,
    interTokenLatencyMaxMs: window.interTokenLatencyMaxMs,
    interTokenLatency: window.interTokenLatency,
    queueTimeSumMs: window.queueTimeSumMs,
    queueTimeMaxMs: window.queueTimeMaxMs,
    queueTime: window.queueTime,
    promptTokens: window.promptTokens,
    generatedTokens: window.generatedTokens,
    inFlight: window.inFlight,
    waiting: window.waiting,
    kvCacheUsage: window.kvCacheUsage,
    lateReports: window.lateReports,
  }
}
