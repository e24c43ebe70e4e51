/** How fast something may be spent: `capacity` at once, `perSecond` for ever. */
export interface Rate {
  readonly capacity: number
  readonly perSecond: number
}

/** Fills steadily up to its capacity. */
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

  /** Takes `amount` when there is as much. */
  take(amount: number): boolean {
    if (this.level < amount) return false
    this.#level -= amount
    return true
  }

  /** Until there is as much; 0 when there is. */
  secondsUntil(amount: number): number {
    return Math.max(0, (amount - this.level) / this.#rate.perSecond)
  }
}
