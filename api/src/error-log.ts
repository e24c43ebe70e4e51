import { isUnavailable } from '@gaugeline/prisma'
import type { Logger } from 'pino'

/** Logs each error, but throttles those of an unavailable database to one a minute: it is asked every two seconds. */
export function errorLog(log: Logger, what: string): (error: unknown) => void {
  let quietUntilMs = -Infinity
  return (error) => {
    if (isUnavailable(error)) {
      if (performance.now() < quietUntilMs) return
      quietUntilMs = performance.now() + 60_000
    }
    log.error({ err: error }, what)
  }
}
