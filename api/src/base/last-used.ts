/** A map that holds so many entries at most: those used last. */
export class LastUsed<T> {
  readonly #max: number
  /** In the order of their last use. */
  readonly #entries = new Map<string, T>()

  constructor(max: number) {
    this.#max = max
  }

  /** Looking is not using. */
  has(key: string): boolean {
    return this.#entries.has(key)
  }

  get(key: string): T | undefined {
    const value = this.#entries.get(key)
    if (value !== undefined) this.set(key, value)
    return value
  }

  set(key: string, value: T): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#max) break
      this.#entries.delete(oldest)
    }
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }
}
