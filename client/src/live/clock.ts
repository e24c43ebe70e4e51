import { useSyncExternalStore } from 'react'

// One timer for every age on the page. It stops with its last reader.
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

/** What `select` makes of the time (ms since 1970), read once a second; renders again only when the answer changes. */
export function useClock<Value extends string | number | boolean>(select: (now: number) => Value): Value {
  return useSyncExternalStore(subscribe, () => select(timer === undefined ? Date.now() : now))
}

let skew = 0

/** What the server's clock shows when ours shows `now`, both in ms since 1970. */
export function serverNow(now: number = Date.now()): number {
  return now + skew
}

/**
 * Learns the server's clock from the `Date` of an answer. That header has whole seconds, so less than two are no
 * difference.
 */
export function learnServerTime(date: string | null): void {
  const difference = date === null ? Number.NaN : Date.parse(date) + 500 - Date.now()
  if (!Number.isNaN(difference)) skew = Math.abs(difference) < 2000 ? 0 : difference
}
