export interface SweeperOptions {
  everyMs: number
  /** Removes one bounded batch and gives how much it was; called until nothing is left. */
  sweeps: readonly (() => Promise<number>)[]
  onError: (error: unknown) => void
}

/** Removes what is past its time now and then, batch by batch, so that no statement is long. */
export class Sweeper {
  readonly #options: SweeperOptions
  #timer: NodeJS.Timeout | null = null
  #sweeping: Promise<void> | null = null
  #stopped = false

  constructor(options: SweeperOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#sweeping ??= this.sweep()
        .catch(this.#options.onError)
        .finally(() => {
          this.#sweeping = null
        })
    }, this.#options.everyMs)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearInterval(this.#timer)
    await this.#sweeping
  }

  /** Removes all that is due. */
  async sweep(): Promise<void> {
    for (const sweep of this.#options.sweeps) {
      // oxlint-disable-next-line no-await-in-loop
      while (!this.#stopped && (await sweep()) > 0);
    }
  }
}
