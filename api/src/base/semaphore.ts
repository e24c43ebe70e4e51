export interface SemaphoreOptions {
  /** Permits: this many may be held at a time. */
  max: number
  /** This many may wait for a permit; any caller beyond that is refused. */
  maxWaiting: number
  refusal: () => Error
}

/** A counting semaphore with a bounded queue, served in the order of arrival. */
export class Semaphore {
  readonly #options: SemaphoreOptions
  #held = 0
  /** Each passes the permit that was just released on to the next in line. */
  readonly #waiting = new Set<() => void>()

  constructor(options: SemaphoreOptions) {
    this.#options = options
  }

  /**
   * Waits for a permit and returns the function that releases it, to be called exactly once.
   * @throws `refusal()` when the queue is full, and the reason of `signal` once it aborts
   */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    if (this.#held < this.#options.max) this.#held += 1
    else await this.#turn(signal)
    // The signal may abort after the permit was passed on and before the caller resumes.
    if (signal?.aborted === true) {
      this.#release()
      throw signal.reason
    }
    return () => this.#release()
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.size >= this.#options.maxWaiting) throw this.#options.refusal()
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(pass)
        reject(signal?.reason as Error)
      }
      const pass = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      signal?.addEventListener('abort', leave, { once: true })
      this.#waiting.add(pass)
    })
  }

  #release(): void {
    const [pass] = this.#waiting
    if (pass === undefined) {
      this.#held -= 1
      return
    }
    this.#waiting.delete(pass)
    pass()
  }
}
