import { useCallback, useSyncExternalStore } from 'react'
import { span } from '../ui/format.ts'
import { serverNow, useClock } from './clock.ts'
import type { FleetFigures } from './fleet-figures.ts'
import type { Sample } from './sample.ts'

/** The newest sample of a deployment or of a filter's totals. Renders again when it changes, at most once a frame. */
export function useTrack(fleet: FleetFigures, key: string): Sample | undefined {
  const subscribe = useCallback((listener: () => void) => fleet.subscribe(key, listener), [fleet, key])
  return useSyncExternalStore(subscribe, () => fleet.track(key).latest)
}

const LATE_AFTER_WINDOWS = 3

/** Empty while a sample is fresh; its age (`12 s`) once it is late by more than three windows. */
export function useLateness(sample: Sample | undefined): string {
  return useClock((now) => {
    if (!sample) return ''
    const age = serverNow(now) - sample.at - sample.windowMs
    return age > LATE_AFTER_WINDOWS * sample.windowMs ? span(age) : ''
  })
}
