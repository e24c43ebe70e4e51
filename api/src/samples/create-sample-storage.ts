import type { Database } from '@gaugeline/prisma'
import type { Clock, TimeSources } from '../base/clock.ts'
import type { KeptTimes } from '../base/kept-times.ts'
import type { SampleRetention } from '../base/server-info.ts'
import { MetricsHistory } from './history.ts'
import { HistoryStore } from './history-store.ts'
import { MergedWindows } from './merged-windows.ts'
import { Partitions } from './partitions.ts'
import { REPORTS_EFFECT } from './report-inbox.ts'
import { Retention } from './retention.ts'
import { SampleStore } from './sample-store.ts'
import { BASELINE_EFFECT, SourceStates } from './source-states.ts'
import { type StoredTable, storedTables } from './stored-tables.ts'
import { SweepClock } from './sweep-clock.ts'

/** What sources store and consume with a sample. */
export const SAMPLE_EFFECTS = { baseline: BASELINE_EFFECT, reports: REPORTS_EFFECT }

export interface SampleStorageOptions {
  database: Database
  keep: KeptTimes
  intervalMs: number
  time: TimeSources
  /** The time of the windows that are recorded. */
  clock: Clock
  onRetentionError: (error: unknown) => void
}

export interface SampleStorage {
  sampleStore: SampleStore
  /** Through connections of its own: callers who take all others do not hold it up. */
  recorderStore: SampleStore
  sourceStates: SourceStates
  metricsHistory: MetricsHistory
  /** What is stored, the samples first. */
  tables: readonly StoredTable[]
  sweepClock: SweepClock
  retention: Retention
  /** The same for whoever asks the server. */
  kept: SampleRetention[]
}

/** Wires what stores samples and removes them. Starts nothing. */
export function createSampleStorage(options: SampleStorageOptions): SampleStorage {
  const { database, keep, intervalMs, time, clock, onRetentionError } = options
  const tables = storedTables(keep)
  const [{ widthMs }] = tables
  const sampleStore = new SampleStore(database, {}, widthMs)
  const recorderStore = new SampleStore({ kind: database.kind, pool: database.reserved }, SAMPLE_EFFECTS, widthMs)
  const sourceStates = new SourceStates({ pool: database.reserved })
  const windows = new MergedWindows(database)
  const store = new HistoryStore(database)
  const metricsHistory = new MetricsHistory({ samples: sampleStore, windows, store, intervalMs, clock })
  const partitions = new Partitions(database)
  const sweepClock = new SweepClock(database.prisma, sampleStore, time)
  const now = () => sweepClock.now()
  const retention = new Retention({ database, partitions, tables, now, clock, onError: onRetentionError })
  const merged = keep.merged.filter(({ resolutionMs }) => resolutionMs > intervalMs)
  const kept = [{ resolutionMs: intervalMs, keepMs: keep.samplesMs }, ...merged]
  return { sampleStore, recorderStore, sourceStates, metricsHistory, tables, sweepClock, retention, kept }
}
