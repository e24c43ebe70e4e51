import { Sweeper } from '../base/sweeper.ts'
import type { SampleStore } from './sample-store.ts'

/** Rows of one statement: short, so that the recorder never waits long on an embedded database. */
const CHUNK_ROWS = 2000
const SWEEP_EVERY_MS = 30_000

export interface RetentionOptions {
  store: SampleStore
  /** How long one-second samples are kept. */
  keepMs: number
  /** See SweepClock. */
  now: () => Promise<number>
  onError: (error: unknown) => void
}

/** Removes samples past their retention and those of deleted deployments, in small batches. */
export class Retention extends Sweeper {
  constructor({ store, keepMs, now, onError }: RetentionOptions) {
    super({
      everyMs: SWEEP_EVERY_MS,
      now,
      sweeps: [(atMs) => store.removeBefore(atMs - keepMs, CHUNK_ROWS), () => store.removeDeleted(CHUNK_ROWS)],
      onError,
    })
  }
}
