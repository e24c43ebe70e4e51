export type FamilyType =
  'counter' | 'gauge' | 'histogram' | 'gaugehistogram' | 'summary' | 'info' | 'stateset' | 'unknown'

export interface ExpositionSample {
  /** As it is written, with `_total`, `_bucket`, `_sum`, `_count` or `_created`. */
  name: string
  labels: Readonly<Record<string, string>>
  /** NaN and -1 are values here: what they mean is known by who reads it. */
  value: number
  /** Milliseconds since the epoch, whatever the format counts in; null when nothing is said. */
  timestampMs: number | null
}

export interface Family {
  /** Without the suffixes of its samples. */
  name: string
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
