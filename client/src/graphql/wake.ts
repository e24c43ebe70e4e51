const TICK_MS = 1_000
const SLEPT_MS = 5_000

/**
 * Calls back when this machine has slept: a timer finds that much more time has passed than it waited. A hidden tab,
 * whose timers the browser holds back, does not count.
 */
export function onWake(listener: () => void): void {
  let before = Date.now()
  setInterval(() => {
    const now = Date.now()
    if (now - before > SLEPT_MS && document.visibilityState === 'visible') listener()
    before = now
  }, TICK_MS)
}
