const FIRST_MS = 300
/** A tab is to be back within ten seconds of its server. */
const LONGEST_MS = 5_000

/**
 * How long to wait, in ms, before connecting again after `failures` failures in a row: doubling from 0.3 s to 5 s.
 * Half of it is random, so that a thousand clients of a server that went down do not reconnect at the same moment.
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16))
  return ceiling / 2 + random() * (ceiling / 2)
}

/**
 * Waits `ms`, or less if there is reason to believe that a retry succeeds now: the network is back, or the person has
 * returned to the tab.
 */
export function waitOrWake(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      removeEventListener('online', done)
      document.removeEventListener('visibilitychange', visible)
      resolve()
    }
    const visible = () => {
      if (document.visibilityState === 'visible') done()
    }
    const timer = setTimeout(done, ms)
    addEventListener('online', done)
    document.addEventListener('visibilitychange', visible)
  })
}
