import type { SampleStore } from './sample-store.ts'

/** Rows of one statement: short, so that the recorder never waits long on an embedded database. */
const CHUNK_ROWS = 2000
const SWEEP_EVERY_MS = 30_000

export interface RetentionOptions {
  store: SampleStore
  /** How long one-second samples are kept. */
  keepMs: number
  now: () => number
  onError: (error: unknown) => void
}

/** Removes samples past their retention and those of deleted deployments, in small batches. */
export class Retention {
  readonly #options: RetentionOptions
  #timer: NodeJS.Timeout | null = null
  #sweeping: Promise<void> | null = null
  #stopped = false

  constructor(options: RetentionOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#sweeping ??= this.sweep()
        .catch(this.#options.onError)
        .finally(() => {
          this.#sweeping = null
        })
    }, SWEEP_EVERY_MS)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearInterval(this.#timer)
    await this.#sweeping
  }

  /** Removes all that is due. */
  async sweep(): Promise<void> {
    const { store, keepMs, now } = this.#options
    const cutoff = now() - keepMs
    // oxlint-disable no-await-in-loop
    while (!this.#stopped && (await store.removeBefore(cutoff, CHUNK_ROWS)) > 0);
    while (!this.#stopped && (await store.removeDeleted(CHUNK_ROWS)) > 0);
    // oxlint-enable no-await-in-loop
  }
}
