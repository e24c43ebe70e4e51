export type FamilyType =
  'counter' | 'gauge' | 'histogram' | 'gaugehistogram' | 'summary' | 'info' | 'stateset' | 'unknown'

export interface ExpositionSample {
  /** As it is written, with `_total`, `_bucket`, `_sum`, `_count` or `_created`. */
  name: string
  /** Without a prototype: whatever a label is called, it is there only if it was written. */
  labels: Readonly<Record<string, string>>
  /** NaN and -1 are values here: what they mean is known by who reads it. */
  value: number
  /** Milliseconds since the epoch, whatever the format counts in; null when nothing is said. */
  timestampMs: number | null
}

/**
 * All samples of one metric, each series once. Buckets come in the order in which they were written, which is ascending in
 * OpenMetrics and may be any in the text format.
 */
export interface Family {
  /**
   * Without the suffixes of its samples: the counter that the text format calls `x_total` is `x`, as in OpenMetrics. Its
   * own name may end in one too. In the text format, the start times of `x` are a gauge, the family `x_created`; in
   * OpenMetrics they are samples of `x`.
   */
  name: string
  /** Where the text format says none, what its suffixes and the labels `le` and `quantile` tell; else unknown. */
  type: FamilyType
  unit: string | null
  help: string | null
  samples: readonly ExpositionSample[]
}

/** OpenMetrics 1.0 is read strictly, the text format 0.0.4 of Prometheus leniently. */
export type ExpositionFormat = 'openmetrics' | 'text'

/** Says which line is wrong, what is wrong with it, and what would be right. */
export class ExpositionError extends Error {
  override name = 'ExpositionError'
}

/** The end of an exposition is missing. */
export class ExpositionTruncatedError extends ExpositionError {
  override name = 'ExpositionTruncatedError'
}

/** There are more samples or families, or more labels on a sample, than are read. */
export class ExpositionTooLargeError extends ExpositionError {
  override name = 'ExpositionTooLargeError'
}

export const MAX_EXPOSITION_SAMPLES = 50_000
export const MAX_SAMPLE_LABELS = 64
export const MAX_EXPOSITION_FAMILIES = 10_000

export function tooManyFamilies(): ExpositionTooLargeError {
  return new ExpositionTooLargeError(
    `It has more than ${MAX_EXPOSITION_FAMILIES} metrics, which is the most that is read.`,
  )
}
