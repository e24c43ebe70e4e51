interface Waiting {
  start: () => void
  isNeeded: () => boolean
}

/**
 * Rations work that blocks the event loop: one piece in each of its turns, and callers by rotation. So however much of
 * it one caller asks for, everybody else waits for one piece at a time.
 */
export class Turns {
  /** What waits, in order, by caller. The caller whose turn is next comes first. */
  readonly #waiting = new Map<string, Waiting[]>()
  readonly #maxWaiting: number
  readonly #refusal: () => Error
  /** A piece of work may have begun in this turn of the event loop. */
  #isTaken = false

  /** @param maxWaiting of one caller; what comes beyond that is refused */
  constructor({ maxWaiting, refusal }: { maxWaiting: number; refusal: () => Error }) {
    this.#maxWaiting = maxWaiting
    this.#refusal = refusal
  }

  /**
   * Resolves when it is the turn of this work, which the caller does at once, without waiting for anything else.
   * @param isNeeded asked again at that time: work that is no longer needed takes no turn
   * @throws `refusal()` when this caller has too much waiting
   */
  async take(caller: string, isNeeded: () => boolean): Promise<void> {
    if (!this.#isTaken) {
      this.#isTaken = true
      setImmediate(() => this.#next())
      return
    }
    const waiting = this.#waiting.get(caller) ?? []
    if (waiting.length >= this.#maxWaiting) throw this.#refusal()
    await new Promise<void>((start) => {
      waiting.push({ start, isNeeded })
      this.#waiting.set(caller, waiting)
    })
  }

  #next(): void {
    for (const [caller, waiting] of this.#waiting) {
      this.#waiting.delete(caller)
      const first = waiting.shift()
      // To the end of the rotation.
      if (waiting.length > 0) this.#waiting.set(caller, waiting)
      first?.start()
      if (first?.isNeeded() === true) {
        setImmediate(() => this.#next())
        return
      }
    }
    this.#isTaken = false
  }
}
