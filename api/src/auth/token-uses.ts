import type { Clock } from '../base/clock.ts'

/** How long a token's use waits to be written with those of others. */
const BATCH_MS = 1000
/** A token's last use is written this often at most. */
const PAUSE_MS = 60_000

export interface TokenUsesOptions {
  clock: Clock
  write: (usedAt: ReadonlyMap<string, Date>) => Promise<void>
  onError: (error: unknown) => void
}

/** When API tokens were last used: noted in memory, written in batches, beside the requests and not in them. */
export class TokenUses {
  readonly #options: TokenUsesOptions
  readonly #usedAtMs = new Map<string, number>()
  readonly #writtenAtMs = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(options: TokenUsesOptions) {
    this.#options = options
  }

  note(tokenId: string): void {
    this.#usedAtMs.set(tokenId, this.#options.clock.now())
    this.#timer ??= setInterval(() => this.#writeDue(PAUSE_MS), BATCH_MS).unref()
  }

  /** Writes what has not been written yet. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#writing
    this.#writeDue(0)
    clearInterval(this.#timer)
    await this.#writing
  }

  #writeDue(pauseMs: number): void {
    const now = this.#options.clock.now()
    const due = [...this.#usedAtMs].filter(([id]) => now - (this.#writtenAtMs.get(id) ?? -Infinity) >= pauseMs)
    for (const [id] of due) {
      this.#usedAtMs.delete(id)
      this.#writtenAtMs.set(id, now)
    }
    if (due.length > 0) this.#write(new Map(due.map(([id, usedAtMs]) => [id, new Date(usedAtMs)])))
    if (this.#usedAtMs.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #write(usedAt: ReadonlyMap<string, Date>): void {
    // One statement at a time; what a failed one held is written with the token's next use.
    this.#writing = this.#writing.then(() => this.#options.write(usedAt)).catch(this.#options.onError)
  }
}
