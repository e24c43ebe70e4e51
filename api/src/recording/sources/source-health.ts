/** How a source that is not simulated is doing. */
export type SourceStatus = 'WAITING' | 'UP' | 'DEGRADED' | 'DOWN'

/**
 * A source is DEGRADED after two misses in a row, and DOWN after three or 30 s without an answer, whichever comes first;
 * a source that has never answered stays WAITING until then. One answer makes it UP.
 */
export const MISSES_TO_DEGRADED = 2
export const MISSES_TO_DOWN = 3
export const DOWN_AFTER_MS = 30_000

/** A change of status, to be written, told and sent. */
export interface SourceTransition {
  deploymentKey: number
  deploymentId: string
  status: SourceStatus
  /** One sentence that says what is wrong and what would be right; null when it is up. */
  error: string | null
  atMs: number
}
