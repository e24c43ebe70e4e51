import { Sweeper } from '../base/sweeper.ts'
import type { SampleStore } from './sample-store.ts'

/** Rows of one statement: short, so that the recorder never waits long on an embedded database. */
const CHUNK_ROWS = 2000
const SWEEP_EVERY_MS = 30_000

export interface RetentionOptions {
  store: SampleStore
  /** How long one-second samples are kept. */
  keepMs: number
  /** How long a window usually is. */
  intervalMs: number
  /** See SweepClock. */
  now: () => Promise<number>
  onError: (error: unknown) => void
}

/**
 * Removes samples past their retention and those of deleted deployments, in small batches. Past it is also what has been
 * followed by as many windows as the retention has: the time of sweeps may lag far behind, on a machine that is off more
 * than it is on, and what is stored must not grow with that.
 */
export class Retention extends Sweeper {
  constructor({ store, keepMs, intervalMs, now, onError }: RetentionOptions) {
    const windows = Math.ceil(keepMs / intervalMs)
    super({
      everyMs: SWEEP_EVERY_MS,
      now,
      sweeps: [
        (atMs) => store.removeBefore(atMs - keepMs, CHUNK_ROWS),
        () => store.removeSurpassed(keepMs, windows, CHUNK_ROWS),
        () => store.removeDeleted(CHUNK_ROWS),
      ],
      onError,
    })
  }
}
