import { useSyncExternalStore } from 'react'

// One timer for every age on the page. It stops when the last component unsubscribes.
const listeners = new Set<() => void>()
let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (timer === undefined) {
    now = Date.now()
    timer = setInterval(() => {
      now = Date.now()
      for (const one of listeners) one()
    }, 1000)
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/**
 * The value that `select` derives from the time (ms since 1970), once a second. Renders only when the value changes.
 */
export function useClock<Value extends string | number | boolean>(select: (now: number) => Value): Value {
  return useSyncExternalStore(subscribe, () => select(timer === undefined ? Date.now() : now))
}

let skew = 0

/** The server's time when this machine's clock shows `now`, both in ms since 1970. */
export function serverNow(now: number = Date.now()): number {
  return now + skew
}

/**
 * Learns the server's time from the `Date` header of a response. The header is in whole seconds, so a difference of
 * less than two seconds counts as none.
 */
export function learnServerTime(date: string | null): void {
  const difference = date === null ? Number.NaN : Date.parse(date) + 500 - Date.now()
  if (!Number.isNaN(difference)) skew = Math.abs(difference) < 2000 ? 0 : difference
}
