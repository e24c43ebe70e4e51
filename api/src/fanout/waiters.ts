/** Those who wait for the next change: each is called once, then forgotten. */
export class Waiters {
  #waiting = new Set<() => void>()

  /** Calls back once, at the next `wake`; gives the function that withdraws. */
  add(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => void this.#waiting.delete(wake)
  }

  /** Calls all who wait now; who begins to wait meanwhile waits for the next time. */
  wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}
