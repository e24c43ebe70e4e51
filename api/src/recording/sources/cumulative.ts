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
}

/** The last cumulative value of each series: what the next sample counts from. It is stored as JSON. */
export interface Baseline {
  /** The end of the window that it was taken for. */
  atMs: number
  series: Readonly<Record<string, StoredSeries>>
}

/** A series without what its key says. */
export type StoredSeries = Pick<CumulativeSeries, 'startMs' | 'count' | 'sumMs' | 'boundsMs' | 'counts'>

/** What happened between two snapshots of one deployment, and what the next one counts from. */
export type DeltaOf = (before: Baseline | null, now: Snapshot) => { measurement: Measurement; baseline: Baseline }
