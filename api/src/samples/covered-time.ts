/** How much of a range was recorded, by whichever of several series: spans that overlap cover it once. */
export class CoveredTime {
  /** Of all spans that end at one moment, the earliest start. */
  readonly #startByEnd = new Map<number, number>()
  /** The newest span with those that it goes on from: most windows begin where the one before ended. */
  #startMs = 0
  #endMs = 0

  /** Adds `[startMs, endMs)`. */
  add(startMs: number, endMs: number): void {
    if (startMs >= endMs) return
    if (startMs !== this.#endMs) {
      this.#keep()
      this.#startMs = startMs
    }
    this.#endMs = endMs
  }

  /** In milliseconds. */
  get totalMs(): number {
    this.#keep()
    let totalMs = 0
    let coveredFromMs = Infinity
    // From the last end on: of each span, what lies before all that came so far is new.
    for (const [endMs, startMs] of [...this.#startByEnd].toSorted(([a], [b]) => b - a)) {
      totalMs += Math.max(0, Math.min(endMs, coveredFromMs) - startMs)
      coveredFromMs = Math.min(coveredFromMs, startMs)
    }
    return totalMs
  }

  #keep(): void {
    const known = this.#startByEnd.get(this.#endMs)
    if (known === undefined || this.#startMs < known) this.#startByEnd.set(this.#endMs, this.#startMs)
  }
}
