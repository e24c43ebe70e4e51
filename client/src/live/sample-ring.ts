import { eachFigure, type Figure, FIGURES, type Figures } from './sample.ts'

/**
 * The newest `capacity` samples of one series, by window start. The ring is bounded: a sample that does not fit evicts
 * the oldest. It ignores a sample that is not newer than the newest, so a resumed stream never adds one twice. `NaN` is
 * "no data".
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
    this.#columns = eachFigure(() => new Float64Array(capacity))
  }

  get length(): number {
    return this.#length
  }

  /** Window start of the newest sample in seconds since 1970; -Infinity when there is none. */
  get newest(): number {
    return this.#length === 0 ? -Infinity : this.#value(this.#at, this.#length - 1)
  }

  /** `at` is the window's start in seconds since 1970. Returns false if the sample is not newer than the newest. */
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

  /** One figure for each of `times()`. */
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

  /** The samples as rows, oldest first; `at` in seconds since 1970. */
  *rows(): Generator<Record<Figure, number> & { at: number }> {
    for (let index = 0; index < this.#length; index += 1) {
      const figures = eachFigure((figure) => this.#value(this.#columns[figure], index))
      yield { at: this.#value(this.#at, index), ...figures }
    }
  }

  #value(column: Float64Array, index: number): number {
    return column[(this.#start + index) % this.capacity] ?? Number.NaN
  }

  #read(column: Float64Array): number[] {
    return Array.from({ length: this.#length }, (_, index) => this.#value(column, index))
  }
}
