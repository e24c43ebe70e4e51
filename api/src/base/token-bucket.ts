/** How fast something may be spent: `capacity` at once, `perSecond` in the long run. */
export interface Rate {
  readonly capacity: number
  readonly perSecond: number
}

/** A token bucket: fills steadily up to its capacity. */
export class TokenBucket {
  readonly #rate: Rate
  readonly #now: () => number
  #level: number
  #filledAt: number

  /** @param now monotonic milliseconds */
  constructor(rate: Rate, now: () => number) {
    this.#rate = rate
    this.#now = now
    this.#level = rate.capacity
    this.#filledAt = now()
  }

  get level(): number {
    const now = this.#now()
    const { capacity, perSecond } = this.#rate
    this.#level = Math.min(capacity, this.#level + ((now - this.#filledAt) / 1000) * perSecond)
    this.#filledAt = now
    return this.#level
  }

  /** Takes `amount` if the bucket holds that much. */
  take(amount: number): boolean {
    if (this.level < amount) return false
    this.#level -= amount
    return true
  }

  /** Seconds until the bucket holds `amount`; 0 if it does now. */
  secondsUntil(amount: number): number {
    return Math.max(0, (amount - this.level) / this.#rate.perSecond)
  }
}
