import type { Measurement } from '../../metrics/sample.ts'
import type { DistributionName } from '../../metrics/window-metrics.ts'
import type { CounterName, GaugeName } from './model-servers/mapping.ts'

/**
 * What one series of one figure has counted since it began: a counter, or a distribution as far as it is known. Times are
 * in milliseconds, whatever the source counts in.
 */
export interface CumulativeSeries {
  /** The same for the same series of the same source, and of no other: made from its figure, its family and its labels. */
  key: string
  figure: CounterName | DistributionName
  /** Of errors: why. */
  reason: string | null
  /** When it began to count, milliseconds since the epoch; null when nobody says. */
  startMs: number | null
  /** Of a counter its value, of a distribution how many there are in it. */
  count: number
  sumMs: number | null
  /** Upper bounds of buckets, ascending, without infinity; null when no bucket is known. */
  boundsMs: readonly number[] | null
  /** Not cumulative over the bounds; one more than those. */
  counts: readonly number[] | null
}

/** What a source answered at one moment. */
export interface Snapshot {
  /** The end of the window that it is for. */
  atMs: number
  series: readonly CumulativeSeries[]
  /** Only those that are known. */
  gauges: Readonly<Partial<Record<GaugeName, number>>>
  /** Figures that have a family with series: what did not change was 0, all else is unknown. */
  known: ReadonlySet<CounterName | DistributionName>
  /** When the one process began that all series are of, milliseconds since the epoch; null when nobody says. */
  processStartMs?: number | null
  /** How it was read: two snapshots with the same would show the same series of the same process. */
  readAs?: string
}

/**
 * The last cumulative value of each series: what the next sample counts from. It is JSON as it is, and small, because it
 * is written with every sample: see baseline.ts. What was read from the database goes through `readBaseline` first.
 */
export interface Baseline {
  version: 1
  /** The end of the window that it was taken for. */
  atMs: number
  /** When series began that do not say so themselves; null when nobody knows. */
  startMs: number | null
  readAs: string | null
  /** Upper bounds in milliseconds, joined by commas: once for all series that have them. */
  bounds: readonly string[]
  series: Readonly<Record<string, StoredSeries>>
}

/**
 * Count, sum in milliseconds, start, the number of its bounds in `bounds`, counts per bucket joined by commas, and when
 * it was last seen. What is null at the end is left out; a start that is left out is that of the baseline, and what was
 * seen last when the baseline was taken does not say so.
 */
export type StoredSeries = readonly (number | string | null)[]

export interface DeltaOptions {
  /**
   * A series that is seen for the first time counts whole if it began at this moment or later, in milliseconds since the
   * epoch; otherwise nothing of it counts. Default: the end of the last snapshot, and without one, nothing counts.
   */
  sinceMs?: number
}

/** What happened between two snapshots of one deployment, and what the next one counts from. */
export type DeltaOf = (
  before: Baseline | null,
  now: Snapshot,
  options?: DeltaOptions,
) => { measurement: Measurement; baseline: Baseline }
