/** How a source that is not simulated is doing. */
export type SourceStatus = 'WAITING' | 'UP' | 'DEGRADED' | 'DOWN'

/**
 * A source is DEGRADED after two misses in a row, and DOWN after three, or when 30 s have passed since the first of
 * them, whichever comes first; a source that has never answered stays WAITING until then. One answer makes it UP.
 */
export const MISSES_TO_DEGRADED = 2
export const MISSES_TO_DOWN = 3
export const DOWN_AFTER_MS = 30_000

/**
 * A change of status, to be written, told and sent; or the same status with another error, which is written and nothing
 * else.
 */
export interface SourceTransition {
  deploymentKey: number
  deploymentId: string
  status: SourceStatus
  /** One sentence that says what is wrong and what would be right; null when it is up. */
  error: string | null
  atMs: number
}

/**
 * Follows the answers and misses of one source, and tells of each change of its status. It goes on from the status that
 * is stored, so a restart tells nothing again.
 */
export class SourceHealth {
  readonly #source: Pick<SourceTransition, 'deploymentKey' | 'deploymentId'>
  readonly #onTransition: (transition: SourceTransition) => void
  /** Undefined until it was read: what happens before is told then. */
  #status: SourceStatus | undefined
  #misses = 0
  #firstMissMs = 0
  /** The last answer or miss; undefined before the first. */
  #last: { atMs: number; error: string | null } | undefined
  /** The error that was told last. */
  #told: string | null = null

  constructor(
    source: Pick<SourceTransition, 'deploymentKey' | 'deploymentId'>,
    onTransition: (transition: SourceTransition) => void,
  ) {
    this.#source = source
    this.#onTransition = onTransition
  }

  /** What is stored. Only the first time counts: from then on, this is who changes it. */
  begin(status: SourceStatus, lastError: string | null): void {
    if (this.#status !== undefined) return
    this.#status = status
    this.#told = lastError
    // The misses that made it so were counted before a restart.
    if (status === 'DEGRADED' && this.#last?.error !== null) this.#misses += MISSES_TO_DEGRADED
    this.#tell()
  }

  answered(atMs: number): void {
    this.#misses = 0
    this.#last = { atMs, error: null }
    this.#tell()
  }

  /** @param error one sentence that says what is wrong and what would be right */
  missed(atMs: number, error: string): void {
    if (this.#misses === 0 || this.#last === undefined) this.#firstMissMs = atMs
    this.#misses += 1
    this.#last = { atMs, error }
    this.#tell()
  }

  #tell(): void {
    if (this.#status === undefined || this.#last === undefined) return
    const status = this.#statusAfter(this.#status, this.#last.atMs)
    const { error } = this.#last
    const isOtherError = (status === 'DEGRADED' || status === 'DOWN') && error !== this.#told
    if (status === this.#status && !isOtherError) return
    this.#status = status
    this.#told = error
    const { deploymentKey, deploymentId } = this.#source
    this.#onTransition({ deploymentKey, deploymentId, status, ...this.#last })
  }

  #statusAfter(status: SourceStatus, atMs: number): SourceStatus {
    if (this.#misses === 0) return 'UP'
    if (this.#misses >= MISSES_TO_DOWN || atMs - this.#firstMissMs >= DOWN_AFTER_MS) return 'DOWN'
    return status === 'UP' && this.#misses >= MISSES_TO_DEGRADED ? 'DEGRADED' : status
  }
}
