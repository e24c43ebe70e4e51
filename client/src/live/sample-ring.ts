/** The figures of a sample that are drawn, in the order of the ring's columns. `NaN` stands for "no data". */
export const FIGURES = ['p50Ms', 'p95Ms', 'p99Ms', 'requestsPerSecond', 'errorRate', 'tokensPerSecond'] as const
export type Figure = (typeof FIGURES)[number]

export type Figures = Record<Figure, number | null>

/**
 * The newest `capacity` samples of one series, by window start. Bounded: what no longer fits falls out at the old end.
 * A sample that is not newer than the newest is ignored, so a resumed stream never doubles one.
 */
export class SampleRing {
  readonly capacity: number
  readonly #at: Float64Array
  readonly #columns: Record<Figure, Float64Array>
  #start = 0
  #length = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.#at = new Float64Array(capacity)
    const column = () => new Float64Array(capacity)
    this.#columns = {
      p50Ms: column(),
      p95Ms: column(),
      p99Ms: column(),
      requestsPerSecond: column(),
      errorRate: column(),
      tokensPerSecond: column(),
    }
  }

  get length(): number {
    return this.#length
  }

  /** Window start of the newest sample in seconds since 1970; -Infinity when there is none. */
  get newest(): number {
    return this.#length === 0 ? -Infinity : this.#value(this.#at, this.#length - 1)
  }

  /** `at` is the window's start in seconds since 1970. Gives false when the sample was not newer than the newest. */
  push(at: number, figures: Figures): boolean {
    if (!(at > this.newest)) return false
    let slot: number
    if (this.#length < this.capacity) {
      slot = (this.#start + this.#length) % this.capacity
      this.#length += 1
    } else {
      slot = this.#start
      this.#start = (this.#start + 1) % this.capacity
    }
    this.#at[slot] = at
    for (const figure of FIGURES) this.#columns[figure][slot] = figures[figure] ?? Number.NaN
    return true
  }

  clear(): void {
    this.#start = 0
    this.#length = 0
  }

  /** Window starts, oldest first. */
  times(): number[] {
    return this.#read(this.#at)
  }

  /** One figure beside `times()`; `NaN` where there was no data. */
  column(figure: Figure): number[] {
    return this.#read(this.#columns[figure])
  }

  /** Whether a window that began at or after `from` (seconds since 1970) has any of these figures. */
  has(figures: readonly Figure[], from: number): boolean {
    for (let index = this.#length - 1; index >= 0 && this.#value(this.#at, index) >= from; index -= 1) {
      if (figures.some((figure) => !Number.isNaN(this.#value(this.#columns[figure], index)))) return true
    }
    return false
  }

  /** Everything again as rows, oldest first; `at` in seconds since 1970. */
  *rows(): Generator<Figures & { at: number }> {
    for (let index = 0; index < this.#length; index += 1) {
      const value = (figure: Figure) => this.#value(this.#columns[figure], index)
      yield {
        at: this.#value(this.#at, index),
        p50Ms: value('p50Ms'),
        p95Ms: value('p95Ms'),
        p99Ms: value('p99Ms'),
        requestsPerSecond: value('requestsPerSecond'),
        errorRate: value('errorRate'),
        tokensPerSecond: value('tokensPerSecond'),
      }
    }
  }

  #value(column: Float64Array, index: number): number {
    return column[(this.#start + index) % this.capacity] ?? Number.NaN
  }

  #read(column: Float64Array): number[] {
    return Array.from({ length: this.#length }, (_, index) => this.#value(column, index))
  }
}
