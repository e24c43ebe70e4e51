/** Callbacks that wait for the next change: each is called once, then forgotten. */
export class Waiters {
  #waiting = new Set<() => void>()

  /** Calls back once, at the next `wake`. Returns the function that unsubscribes. */
  add(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => void this.#waiting.delete(wake)
  }

  /** Calls every callback that waits now; one that is added meanwhile waits for the next `wake`. */
  wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}
