import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * How much of an exposition is read in one go: some milliseconds, whatever is written there. A line that is longer is not
 * interrupted.
 */
export const SLICE_CHARACTERS = 32_768

/** Work that stops now and then so that others may go on, and then gives its result. */
export type Slices<Result> = Generator<undefined, Result>

/** The result, in one go. */
export function atOnce<Result>(slices: Slices<Result>): Result {
  for (;;) {
    const { done, value } = slices.next()
    if (done) return value
  }
}

/** The result, with a turn of the event loop between two slices. Rejects with the reason of `signal` once it aborts. */
export async function inTurns<Result>(slices: Slices<Result>, signal: AbortSignal): Promise<Result> {
  for (;;) {
    const { done, value } = slices.next()
    if (done) return value
    await nextTurn()
    signal.throwIfAborted()
  }
}
