import type { KeptTimes } from '../base/kept-times.ts'
import type { PartitionedTable } from './partitions.ts'

const HOUR_MS = 3_600_000
/** Round widths of partitions, in hours: some of a day, some days, some weeks. */
const WIDTHS_HOURS = [1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 672, 2016]
/** A partition goes as a whole, when its newest row is old: so much more than asked is stored at most. */
const PARTITIONS_KEPT = 8

/** A table, or one resolution of it, and how long its rows are kept. */
export interface StoredTable extends PartitionedTable {
  keepMs: number
}

/** The samples first, then the merged windows from the finest to the coarsest. */
export function storedTables({ samplesMs, merged }: KeptTimes): [samples: StoredTable, ...merged: StoredTable[]] {
  return [
    { table: 'samples', keepMs: samplesMs, widthMs: partitionWidth(samplesMs) },
    ...merged.map(({ resolutionMs, keepMs }) => ({
      table: 'merged_windows' as const,
      resolutionMs,
      keepMs,
      widthMs: partitionWidth(keepMs),
    })),
  ]
}

/** The longest round width of which eight fit into the time that rows are kept; at least an hour. */
export function partitionWidth(keepMs: number): number {
  const hours = WIDTHS_HOURS.findLast((width) => width * HOUR_MS * PARTITIONS_KEPT <= keepMs) ?? 1
  return hours * HOUR_MS
}
