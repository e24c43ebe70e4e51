const BUCKETS_PER_MS = 10
const MAX_MS = 60_000

/** Counts of tenths of milliseconds; what took longer than a minute counts as the last. */
export class Latencies {
  readonly #counts = new Uint32Array(MAX_MS * BUCKETS_PER_MS + 1)
  #total = 0

  add(ms: number): void {
    const bucket = Math.min(MAX_MS * BUCKETS_PER_MS, Math.max(0, Math.round(ms * BUCKETS_PER_MS)))
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#total += 1
  }

  /** Nearest rank, in milliseconds. */
  quantile(q: number): number {
    const rank = Math.max(1, Math.ceil(q * this.#total))
    let seen = 0
    const bucket = this.#counts.findIndex((count) => (seen += count) >= rank)
    return bucket < 0 ? NaN : bucket / BUCKETS_PER_MS
  }

  clear(): void {
    this.#counts.fill(0)
    this.#total = 0
  }
}
