import type { Database } from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import type { Sample } from '../metrics/sample.ts'
import type { PartitionedTable } from './partitions.ts'
import { ResolutionStore } from './resolution-store.ts'
import { RollUp } from './resolutions.ts'

interface CreateOptions {
  database: Database
  /** Where windows are stored. */
  tables: readonly PartitionedTable[]
  /** Samples in memory. */
  recent: { inMemory(deploymentKey: number): readonly Sample[] }
  clock: Clock
  log: { info(what: string): void }
  /** Makes what logs errors, each with this text. */
  logError: (what: string) => (error: unknown) => void
}

/** Wires what merges samples. Starts nothing. */
export function createRollUp({ database, tables, recent, clock, log, logError }: CreateOptions): RollUp {
  return new RollUp({
    // Through a connection of its own: it takes none from callers, and does not wait for theirs.
    store: new ResolutionStore({ kind: database.kind, pool: database.reserved }, tables),
    recent: (deploymentKey) => recent.inMemory(deploymentKey),
    clock,
    onStall: logError('the merging of samples is stalled'),
    onRecovery: () => log.info('the merging of samples has resumed'),
    onError: logError('the samples of a deployment could not be merged; it is left out for five minutes'),
  })
}
