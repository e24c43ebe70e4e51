import type { Database } from '@gaugeline/prisma'
import { MetricsHistory, type MetricsHistoryOptions } from './history.ts'
import { HistoryStore } from './history-store.ts'
import { MergedWindows } from './merged-windows.ts'

interface CreateOptions extends Pick<MetricsHistoryOptions, 'samples' | 'intervalMs' | 'clock'> {
  database: Database
}

/** Wires what looks back. */
export function createMetricsHistory({ database, ...options }: CreateOptions): MetricsHistory {
  return new MetricsHistory({ ...options, windows: new MergedWindows(database), store: new HistoryStore(database) })
}
