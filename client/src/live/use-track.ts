import { useCallback, useSyncExternalStore } from 'react'
import { connection } from '../graphql/connection.ts'
import type { ErrorLevel } from '../ui/format.ts'
import { span } from '../ui/format.ts'
import { serverNow, useClock } from './clock.ts'
import type { FleetFigures, Track } from './fleet-figures.ts'
import { endOf, type Sample } from './sample.ts'

function useSelected<Value>(fleet: FleetFigures, key: string, select: (track: Track) => Value): Value {
  const subscribe = useCallback((listener: () => void) => fleet.subscribe(key, listener), [fleet, key])
  return useSyncExternalStore(subscribe, () => select(fleet.track(key)))
}

/** The newest sample of a deployment or of a filter's totals. Renders again when it changes, at most once a frame. */
export function useTrack(fleet: FleetFigures, key: string): Sample | undefined {
  return useSelected(fleet, key, ({ latest }) => latest)
}

/** How alarming its errors are, and since when in ms since 1970. */
export function useAlarm(fleet: FleetFigures, key: string): { level: ErrorLevel; sinceMs: number } {
  const level = useSelected(fleet, key, ({ alarm }) => alarm.level)
  const sinceMs = useSelected(fleet, key, ({ alarm }) => alarm.sinceMs)
  return { level, sinceMs }
}

const LATE_AFTER_WINDOWS = 3
/** A sample is one of at most a minute. */
const LONGEST_INTERVAL_MS = 60_000
/** Where a tab has one event stream at most, what else it shows is asked for every five seconds. */
const ROUND_MS = 6_000

/**
 * Empty while the figures are fresh; their age (`12 s`) once three of the windows that they are made of are missing.
 * `key` names the track, which knows how often they come. With `isStale`, it is known already that no more will come.
 */
export function useLateness(fleet: FleetFigures, key: string, sample: Sample | undefined, isStale = false): string {
  const intervalMs = useSelected(fleet, key, (track) => Math.min(track.intervalMs, LONGEST_INTERVAL_MS))
  return useClock((now) => {
    if (!sample) return ''
    const age = serverNow(now) - endOf(sample)
    const allowedMs = LATE_AFTER_WINDOWS * intervalMs + (connection.get().via === 'sse' ? ROUND_MS : 0)
    return isStale || age > allowedMs ? span(age) : ''
  })
}
