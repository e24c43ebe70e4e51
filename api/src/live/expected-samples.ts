import type { Sample } from '../metrics/sample.ts'

/** A simulated deployment has reported lately while its newest sample is not so many of its windows old. */
const SIMULATED_WINDOWS = 2
/** One that is measured may miss two samples, or half a minute: then its source is down. */
const MEASURED_WINDOWS = 3
const MEASURED_MS = 30_000
/** What is measured is stored so long after the end of its window at most: scrapes take their time, reports have a grace. */
const LATE_MS = 3000

/** How long after its end a sample is the newest one of a deployment that goes on being measured. */
export function isNewestForMs({ source, windowMs }: Sample): number {
  if (source === 'SIMULATED') return SIMULATED_WINDOWS * windowMs
  return Math.min(MEASURED_WINDOWS * windowMs, windowMs + MEASURED_MS) + LATE_MS
}

/** How long after a moment no sample that ends by it will be stored any more, of a deployment that has such samples. */
export function isCompleteAfterMs({ source, windowMs }: Sample): number {
  return SIMULATED_WINDOWS * windowMs + (source === 'SIMULATED' ? 0 : LATE_MS)
}
