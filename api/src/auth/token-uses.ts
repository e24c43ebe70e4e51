import type { Clock } from '../base/clock.ts'
import type { Part } from '../base/lifecycle.ts'
import { SerialTask } from '../base/serial-task.ts'

/** How long a token's use waits, to be written together with those of others. */
const BATCH_MS = 1000
/** A token's last use is written at most once in this time. */
const PAUSE_MS = 60_000

export interface TokenUsesOptions {
  clock: Clock
  monotonic: Clock
  write: (usedAt: ReadonlyMap<string, Date>) => Promise<void>
  onError: (error: unknown) => void
}

/** When API tokens were last used: noted in memory and written in batches, so that no request waits for it. */
export class TokenUses implements Part {
  readonly #options: TokenUsesOptions
  readonly #usedAtMs = new Map<string, number>()
  readonly #writtenAtMs = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  /** One statement at a time. */
  readonly #write: SerialTask

  constructor(options: TokenUsesOptions) {
    this.#options = options
    this.#write = new SerialTask(() => this.#writeDue(PAUSE_MS), options.onError)
  }

  note(tokenId: string): void {
    this.#usedAtMs.set(tokenId, this.#options.clock.now())
    this.#timer ??= setInterval(() => this.#write.requestIfIdle(), BATCH_MS).unref()
  }

  /** Writes what has not been written yet. */
  async stop(): Promise<void> {
    await this.#write.stop()
    await this.#writeDue(0).catch(this.#options.onError)
    // A token may have been used while this was being written.
    clearInterval(this.#timer)
  }

  async #writeDue(pauseMs: number): Promise<void> {
    const now = this.#options.monotonic.now()
    const due = [...this.#usedAtMs].filter(([id]) => now - (this.#writtenAtMs.get(id) ?? -Infinity) >= pauseMs)
    for (const [id] of due) {
      this.#usedAtMs.delete(id)
      this.#writtenAtMs.set(id, now)
    }
    if (this.#usedAtMs.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    // If this fails, the times are written with the next use of each token.
    if (due.length > 0) await this.#options.write(new Map(due.map(([id, usedAtMs]) => [id, new Date(usedAtMs)])))
  }
}
