/**
 * Runs a piece of work one run at a time. A request that comes while a run is in flight leads to one more run after it,
 * however many such requests there are: the run in flight may have started before the change that the request is about.
 */
export class SerialTask {
  readonly #work: () => Promise<void>
  readonly #onError: (error: unknown) => void
  #inFlight: Promise<void> | null = null
  /** The one more run that was asked for while another was in flight. */
  #next: Promise<void> | null = null
  #isStopped = false

  /** @param onError receives the errors of runs that nobody waits for, once per run */
  constructor(work: () => Promise<void>, onError: (error: unknown) => void) {
    this.#work = work
    this.#onError = onError
  }

  /** Resolves at the end of a run that starts after this call; rejects with the error of that run. */
  run(): Promise<void> {
    // Checked first: between the end of a run and the start of the next one, nothing is in flight.
    if (this.#next !== null) return this.#next
    if (this.#inFlight === null) return this.#begin()
    const begin = () => this.#begin()
    this.#next = this.#inFlight.then(begin, begin)
    return this.#next
  }

  /** Runs now, or once more after the run in flight. */
  request(): void {
    if (this.#next === null) this.run().catch(this.#onError)
  }

  /** Runs now, unless a run is in flight or about to start: for timers, whose next tick comes anyway. */
  requestIfIdle(): void {
    if (this.#inFlight === null) this.request()
  }

  /** Starts no further run, and resolves when the one in flight has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.allSettled([this.#inFlight])
  }

  #begin(): Promise<void> {
    this.#next = null
    if (this.#isStopped) return Promise.resolve()
    this.#inFlight = this.#runOnce()
    return this.#inFlight
  }

  async #runOnce(): Promise<void> {
    try {
      await this.#work()
    } finally {
      this.#inFlight = null
    }
  }
}
