import { useEffect, useEffectEvent } from 'react'
import { backoffMs, waitOrWake } from '../../graphql/backoff.ts'
import { connection, isUpToDate } from '../../graphql/connection.ts'
import { reachable } from '../../graphql/reachable.ts'

/** The first wait is about a second: pages that are shown again for each try begin with it every time. */
const FIRST = 2

/**
 * Calls `retry`, as long as the component is there, whenever the server can be reached: with a backoff, at once when
 * the network or the person comes back, and when the connection of the streams does.
 */
export function useRetry(retry: () => unknown): void {
  const again = useEffectEvent(retry)
  useEffect(() => {
    let isGone = false
    async function run(): Promise<void> {
      for (let failures = FIRST; ; failures += 1) {
        await waitOrWake(backoffMs(failures))
        const isReachable = !isGone && (await reachable())
        if (isGone) return
        if (isReachable) await again()
      }
    }
    void run()
    const stop = connection.subscribe(() => {
      if (isUpToDate(connection.get())) void again()
    })
    return () => {
      isGone = true
      stop()
    }
  }, [])
}
