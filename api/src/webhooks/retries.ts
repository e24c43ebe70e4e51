/** Seconds before the second attempt, the third …; together about a day. */
export const RETRY_AFTER_S = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 28_800] as const
export const MAX_ATTEMPTS = RETRY_AFTER_S.length + 1
/**
 * A wait is longer or shorter by up to this fraction, so that deliveries that failed together are not retried together.
 */
const JITTER = 0.2

/** No delivery waits longer for its next attempt, in milliseconds. */
export const LONGEST_WAIT_MS = Math.max(...RETRY_AFTER_S) * 1000 * (1 + JITTER)

/**
 * How long to wait after attempt number `attempt` (1 is the first) failed; null when it was the last.
 * @param random from 0 to 1
 */
export function retryAfterMs(attempt: number, random: number): number | null {
  const seconds = RETRY_AFTER_S[attempt - 1]
  return seconds === undefined ? null : Math.round(seconds * 1000 * (1 + JITTER * (2 * random - 1)))
}
