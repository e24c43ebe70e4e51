import type { Bus } from '../bus/bus.ts'
import type { SampleStore } from '../samples/sample-store.ts'
import type { Cursors } from './cursors.ts'
import { Fleet, type FleetDirectory } from './fleet.ts'
import { RecentSamples } from './recent-samples.ts'
import { SampleLogs } from './sample-logs.ts'
import { TrailingMetrics } from './trailing-metrics.ts'

interface LiveMetricsOptions<M extends { key: number }, F> {
  store: SampleStore
  bus: Bus
  cursors: Cursors
  directory: FleetDirectory<M, F>
  keyOf: (filter: F) => string
  now: () => number
  intervalMs: number
  /** Makes what is called with each error of a part. */
  errorsOf: (what: string) => (error: unknown) => void
}

export interface LiveMetrics<M extends { key: number }, F> {
  recent: RecentSamples
  trailing: TrailingMetrics
  sampleLogs: SampleLogs
  fleet: Fleet<M, F>
}

/** The live views of samples, which are made from one another. */
export function createLiveMetrics<M extends { key: number }, F>({
  store,
  bus,
  cursors,
  directory,
  keyOf,
  now,
  intervalMs,
  errorsOf,
}: LiveMetricsOptions<M, F>): LiveMetrics<M, F> {
  const recent = new RecentSamples({ store, bus, now })
  const trailing = new TrailingMetrics({ store, recent })
  const onLogError = errorsOf('watched samples could not be read')
  const sampleLogs = new SampleLogs({ store, trailing, bus, cursors, intervalMs, onError: onLogError })
  const onFleetError = errorsOf('the trailing metrics of the fleet could not be read')
  const fleet = new Fleet({ bus, directory, recent, trailing, keyOf, intervalMs, onError: onFleetError })
  return { recent, trailing, sampleLogs, fleet }
}
