import type { Database } from '@gaugeline/prisma'
import { mergedWindowsTable, RESOLUTIONS_MS } from './merged-window.ts'
import { ResolutionStore } from './resolution-store.ts'
import { RollUp, type RollUpOptions } from './resolutions.ts'

interface CreateOptions extends Pick<RollUpOptions, 'recent' | 'clock' | 'onRecovery'> {
  database: Database
  /** Makes what logs errors, each with this text. */
  logError: (what: string) => (error: unknown) => void
}

/** Wires what merges samples. Starts nothing. */
export function createRollUp({ database, recent, clock, onRecovery, logError }: CreateOptions): RollUp {
  return new RollUp({
    // Through a connection of its own: it takes none from callers, and does not wait for theirs.
    store: new ResolutionStore(
      { kind: database.kind, pool: database.reserved },
      RESOLUTIONS_MS.map((resolutionMs) => mergedWindowsTable(resolutionMs)),
    ),
    recent,
    clock,
    onStall: logError('the merging of samples is stalled'),
    onRecovery,
    onError: logError('the samples of a deployment could not be merged; it is left out for five minutes'),
  })
}
