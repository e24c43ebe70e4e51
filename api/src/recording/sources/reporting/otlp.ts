/**
 * The metrics of OTLP, as far as they are read: one form for both encodings.
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
 */

/** By name; a value that is no text as it would be written. */
export type Attributes = ReadonlyMap<string, string>

export type Temporality = 'UNSPECIFIED' | 'DELTA' | 'CUMULATIVE'

/** What every data point has. Times are nanoseconds since the epoch; 0 is unknown. */
interface PointBase {
  attributes: Attributes
  startNanos: number
  timeNanos: number
  /** The reporter says that there is no value. */
  hasNoValue: boolean
}

export interface NumberPoint extends PointBase {
  /** Null when it has none. */
  value: number | null
}

export interface HistogramPoint extends PointBase {
  count: number
  sum: number | null
  max: number | null
  bounds: readonly number[]
  counts: readonly number[]
}

/** Bucket `offset + i` counts values in `(base^(offset + i), base^(offset + i + 1)]` with `base = 2^(2^-scale)`. */
export interface ExponentialBuckets {
  offset: number
  counts: readonly number[]
}

export interface ExponentialPoint extends PointBase {
  count: number
  sum: number | null
  max: number | null
  scale: number
  zeroCount: number
  zeroThreshold: number
  positive: ExponentialBuckets
  negative: ExponentialBuckets
}

/** Its quantiles are not read: they are of an unknown time, and cannot be merged. */
export interface SummaryPoint extends PointBase {
  count: number
  sum: number
}

export type MetricData =
  | { kind: 'gauge'; points: readonly NumberPoint[] }
  | { kind: 'sum'; points: readonly NumberPoint[]; temporality: Temporality; isMonotonic: boolean }
  | { kind: 'histogram'; points: readonly HistogramPoint[]; temporality: Temporality }
  | { kind: 'exponential'; points: readonly ExponentialPoint[]; temporality: Temporality }
  | { kind: 'summary'; points: readonly SummaryPoint[] }

export interface Metric {
  /** What made it: two libraries of one program may have metrics of the same name. Its name and version. */
  scope: string
  name: string
  unit: string
  /** Null for a metric without data, and of a kind that is not known. */
  data: MetricData | null
}

/** The metrics of one resource, whatever their scopes. */
export interface ResourceMetrics {
  resource: Attributes
  metrics: Metric[]
}

/** A request that is not OTLP. The message is one sentence: what is wrong, and what would be right. */
export class MalformedReportError extends Error {
  override name = 'MalformedReportError'
}

export const TEMPORALITIES: readonly Temporality[] = ['UNSPECIFIED', 'DELTA', 'CUMULATIVE']

/** The bit of a data point's flags that says that it has no value. */
export const NO_RECORDED_VALUE = 1

/** More than any request that is no mistake has. */
export const MAX_DATA_POINTS = 20_000

/** Resources, scopes, metrics and data points. Each may be two bytes long, and takes hundreds once it is read. */
const MAX_PARTS = 4 * MAX_DATA_POINTS

/** Counts the parts of a request while it is read. */
export class Parts {
  #count = 0

  /** @throws MalformedReportError */
  add(more = 1): void {
    this.#count += more
    if (this.#count > MAX_PARTS) {
      throw new MalformedReportError(
        `A request has at most ${MAX_PARTS} resources, scopes, metrics and data points together.`,
      )
    }
  }
}
