import type { Database } from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import { MetricsHistory } from './history.ts'
import { HistoryStore } from './history-store.ts'
import { MergedWindows } from './merged-windows.ts'
import type { SampleStore } from './sample-store.ts'

/** Wires what looks back over samples and merged windows. */
export function createMetricsHistory(
  database: Pick<Database, 'pool' | 'kind'>,
  samples: SampleStore,
  intervalMs: number,
  clock: Clock,
): MetricsHistory {
  return new MetricsHistory({
    samples,
    windows: new MergedWindows(database),
    store: new HistoryStore(database),
    intervalMs,
    clock,
  })
}
