import { setTimeout as timeout } from 'node:timers/promises'

/** Resolves after so many milliseconds, or as soon as the signal aborts. */
export async function sleepUntilAborted(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await timeout(Math.max(0, ms), undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
