import type { Logger } from 'pino'

const QUIET_MS = 60_000

/**
 * Logs each error under the same text, but of the usual ones only one a minute: a database that is unavailable is asked
 * every two seconds.
 */
export function errorLog(log: Logger, what: string, isUsual: (error: unknown) => boolean): (error: unknown) => void {
  let quietUntilMs = -Infinity
  return (error) => {
    if (isUsual(error)) {
      if (performance.now() < quietUntilMs) return
      quietUntilMs = performance.now() + QUIET_MS
    }
    log.error({ err: error }, what)
  }
}
