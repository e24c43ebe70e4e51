import type { ExpositionScanner } from './scanner.ts'

export const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** One histogram at one time, checked while its samples are read, which come in any order but for its buckets. */
export class HistogramPoint {
  readonly #scanner: ExpositionScanner
  readonly #bounds = new Map<string, number>()
  #lastBound = Number.NEGATIVE_INFINITY
  #lastCount = 0
  #hasBuckets = false
  #hasNegativeBound = false
  #count: number | null = null
  #sum: number | null = null
  /** Where its last sample is. */
  #at = 0

  constructor(scanner: ExpositionScanner) {
    this.#scanner = scanner
  }

  begin(): void {
    this.#lastBound = Number.NEGATIVE_INFINITY
    this.#lastCount = 0
    this.#hasBuckets = false
    this.#hasNegativeBound = false
    this.#count = null
    this.#sum = null
  }

  add(suffix: string, bound: string | undefined, value: number): void {
    this.#at = this.#scanner.at
    if (suffix === '_bucket') this.#addBucket(bound, value)
    else if (suffix === '_count' || suffix === '_gcount') this.#count = value
    else if (suffix === '_sum' || suffix === '_gsum') this.#sum = value
  }

  #addBucket(written: string | undefined, count: number): void {
    const bound = this.#boundOf(written)
    if (this.#hasBuckets && bound <= this.#lastBound) {
      this.#scanner.fail(`the bucket ${bound} follows the bucket ${this.#lastBound}`, 'the bounds of buckets ascend')
    }
    if (count < this.#lastCount) {
      this.#scanner.fail(
        'a bucket counts less than the one below',
        'each bucket counts all that is not above its bound',
      )
    }
    this.#hasBuckets = true
    this.#hasNegativeBound ||= bound < 0
    this.#lastBound = bound
    this.#lastCount = count
  }

  #boundOf(written: string | undefined): number {
    if (written === '+Inf') return Number.POSITIVE_INFINITY
    const known = written === undefined ? undefined : this.#bounds.get(written)
    if (known !== undefined) return known
    if (written === undefined || !DECIMAL.test(written)) {
      this.#scanner.fail('a bucket has no upper bound', 'its label le is a number or +Inf')
    }
    const bound = Number(written)
    this.#bounds.set(written, bound)
    return bound
  }

  end(isGauge: boolean): void {
    const fail = (wrong: string, right: string) => this.#scanner.fail(wrong, right, this.#at)
    if (this.#lastBound !== Number.POSITIVE_INFINITY) {
      fail('a histogram has no bucket without a bound', 'its last bucket is le="+Inf"')
    }
    if (this.#count !== null && this.#count !== this.#lastCount) {
      fail(`a histogram counts ${this.#count}, and its buckets ${this.#lastCount}`, 'both are the same')
    }
    if (this.#hasNegativeBound && !isGauge) {
      // Of values that may be negative, a sum could fall.
      if (this.#sum !== null) fail('a histogram with negative buckets has a sum', 'it has none')
    } else if ((this.#count === null) !== (this.#sum === null)) {
      fail('a histogram has a sum or a count without the other', 'it has both, or none')
    }
    if (isGauge && !this.#hasNegativeBound && this.#sum !== null && !(this.#sum >= 0)) {
      fail(`the sum of a histogram is ${this.#sum}`, 'it is 0 or more where no bucket is negative')
    }
  }
}
