export interface SemaphoreOptions {
  /** Permits: this many may be held at a time. */
  max: number
  /** This many may wait for a permit; any caller beyond that is refused. */
  maxWaiting: number
  refusal: () => Error
}

interface Waiting {
  /** Hands on the permit that was just released. */
  pass: () => void
  refuse: (reason: Error) => void
}

/** A counting semaphore with a bounded queue, served in the order of arrival. */
export class Semaphore {
  readonly #options: SemaphoreOptions
  #held = 0
  readonly #waiting = new Set<Waiting>()

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

  /** Whether a permit is free. */
  get hasRoom(): boolean {
    return this.#held < this.#options.max
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.size >= this.#options.maxWaiting) throw this.#options.refusal()
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(waiting)
        reject(signal?.reason as Error)
      }
      const waiting = {
        pass: () => {
          signal?.removeEventListener('abort', leave)
          resolve()
        },
        refuse: (reason: Error) => {
          signal?.removeEventListener('abort', leave)
          reject(reason)
        },
      }
      signal?.addEventListener('abort', leave, { once: true })
      this.#waiting.add(waiting)
    })
  }

  /** Refuses all who wait now. */
  refuseWaiting(reason: Error): void {
    for (const waiting of this.#waiting) waiting.refuse(reason)
    this.#waiting.clear()
  }

  #release(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#held -= 1
      return
    }
    this.#waiting.delete(next)
    next.pass()
  }
}
