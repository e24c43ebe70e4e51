import { Distribution, NO_TOTALS } from './distribution.ts'
import { SLOTS } from './histogram-buckets.ts'
import { MalformedHistogramError, StoredEntries } from './histogram-encoding.ts'
import { HISTOGRAM_VERSION } from './latency-histogram.ts'
import { type LatencyTotals, measuredQuantile, type Quantile } from './quantile.ts'
import type { LatencyBucket } from './spread.ts'

/** What figures are read from. */
export type ReadableDistribution = Pick<Distribution, 'count' | 'unknownCount' | 'quantile' | 'buckets'>

/**
 * A distribution in its stored form, to read figures from. Where all latencies were measured one by one, which most are,
 * quantiles are found in the bytes.
 * @throws MalformedHistogramError like `Distribution.decode`
 */
export function readDistribution(bytes: Uint8Array): ReadableDistribution {
  return bytes[0] === HISTOGRAM_VERSION ? new MeasuredLatencies(bytes) : Distribution.decode(bytes)
}

class MeasuredLatencies implements ReadableDistribution {
  readonly unknownCount = 0
  readonly #bytes: Uint8Array
  readonly #entries: StoredEntries

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#entries = new StoredEntries(bytes, 1, SLOTS)
    const trailing = bytes.length - this.#entries.end
    if (trailing > 0) throw new MalformedHistogramError(`${trailing} trailing bytes`)
  }

  get count(): number {
    return this.#entries.count
  }

  quantile(q: number, totals: LatencyTotals = NO_TOTALS): Quantile | null {
    return this.count === 0 ? null : measuredQuantile(this.#entries, q, totals)
  }

  buckets(perDoubling: number, maxMs: number | null = null): LatencyBucket[] {
    return Distribution.decode(this.#bytes).buckets(perDoubling, maxMs)
  }
}
