import { type Cells, cellsOf } from './cells.ts'
import { MAX_LATENCY_MS } from './histogram-buckets.ts'

/** More bounds than any server has by default: vLLM has 20, Text Generation Inference 35. */
export const MAX_BOUNDS = 256

/**
 * A histogram with explicit bounds, in milliseconds, as other servers have them: `counts[i]` latencies lie above
 * `boundsMs[i - 1]` and not above `boundsMs[i]`; the first of them not above the lowest bound, the last above the
 * highest. https://opentelemetry.io/docs/specs/otel/metrics/data-model/#histogram
 */
export class BoundedHistogram {
  readonly boundsMs: Float64Array
  readonly counts: Float64Array
  #count = 0

  /**
   * Copies both. Without a bound there is no distribution: that is unknown mass.
   * @throws RangeError unless there are 1 to 256 bounds that ascend, each from 0 to 2^32 ms, with one count more than
   * that, each a whole number from 0 on, that add up to at most 2^53 - 1.
   */
  constructor(boundsMs: ArrayLike<number>, counts: ArrayLike<number>) {
    this.boundsMs = Float64Array.from(boundsMs)
    this.counts = Float64Array.from(counts)
    checkBounds(this.boundsMs)
    if (counts.length !== boundsMs.length + 1) {
      throw new RangeError(`${boundsMs.length} bounds have ${boundsMs.length + 1} counts, not ${counts.length}.`)
    }
    for (const count of this.counts) {
      if (!Number.isSafeInteger(count) || count < 0) {
        throw new RangeError(`A count of latencies is a whole number from 0 on, not ${count}.`)
      }
      this.#count += count
    }
    if (this.#count > Number.MAX_SAFE_INTEGER) throw new RangeError('Counts add up to at most 2^53 - 1.')
  }

  get count(): number {
    return this.#count
  }

  /** Adds one with the same bounds. */
  merge({ counts, count }: BoundedHistogram): void {
    for (const [at, more] of counts.entries()) this.counts[at] = (this.counts[at] ?? 0) + more
    this.#count += count
  }

  cells(): Cells {
    return cellsOf(this.counts, (at) => ({
      lowerMs: this.boundsMs[at - 1] ?? 0,
      upperMs: this.boundsMs[at] ?? Infinity,
    }))
  }
}

/**
 * The one order of sets of bounds: more bounds come first, as they tell more, then the lower ones. Negative when `a`
 * comes before `b`, 0 when they are equal.
 */
export function compareBounds(a: Float64Array, b: Float64Array): number {
  if (a.length !== b.length) return b.length - a.length
  for (const [at, boundMs] of a.entries()) {
    const difference = boundMs - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function checkBounds(boundsMs: Float64Array): void {
  if (boundsMs.length < 1 || boundsMs.length > MAX_BOUNDS) {
    throw new RangeError(`A histogram has 1 to ${MAX_BOUNDS} bounds, not ${boundsMs.length}.`)
  }
  let previousMs = -1
  for (const boundMs of boundsMs) {
    if (!(boundMs >= 0 && boundMs <= MAX_LATENCY_MS)) {
      throw new RangeError(`A bound is from 0 to ${MAX_LATENCY_MS} milliseconds, not ${boundMs}.`)
    }
    if (boundMs <= previousMs) throw new RangeError(`Bounds ascend, but ${boundMs} follows ${previousMs}.`)
    previousMs = boundMs
  }
}
