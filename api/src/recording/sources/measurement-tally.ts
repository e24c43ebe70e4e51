import { Distribution } from '../../metrics/distribution.ts'
import { fewReasons, MAX_REASON_CHARACTERS, OTHER_REASON } from '../../metrics/reasons.ts'
import type { Measurement } from '../../metrics/sample.ts'
import {
  DISTRIBUTION_NAMES,
  type DistributionName,
  DISTRIBUTIONS,
  NOTHING_KNOWN,
  type Reasons,
} from '../../metrics/window-metrics.ts'
import type { CumulativeSeries, Snapshot } from './cumulative.ts'
import type { Growth } from './growth.ts'
import type { CounterName } from './model-servers/mapping.ts'

/** What the columns of counts hold; those of tokens are wider. Nothing that is real gets there in a window. */
const MAX_COUNT = 2 ** 31 - 1
const LIMITS: Record<CounterName, number> = {
  requests: MAX_COUNT,
  errors: MAX_COUNT,
  promptTokens: Number.MAX_SAFE_INTEGER,
  generatedTokens: Number.MAX_SAFE_INTEGER,
}

const COUNTERS: readonly CounterName[] = ['requests', 'errors', 'promptTokens', 'generatedTokens']
const isDistribution = (name: CounterName | DistributionName): name is DistributionName => name in DISTRIBUTIONS

interface Times {
  distribution: Distribution
  /** NaN as soon as it is not known of some of them. */
  sumMs: number
}

/** Adds what series grew by up to the measurement of a window. */
export class MeasurementTally {
  readonly #counts = new Map<CounterName, number>()
  readonly #times = new Map<DistributionName, Times>()
  readonly #reasons = new Map<string, number>()
  #hasReasons = false
  readonly #seen = new Set<string>()

  /** Null: what it grew by is not known. */
  add({ figure, reason }: Pick<CumulativeSeries, 'figure' | 'reason'>, growth: Growth | null): void {
    this.#seen.add(figure)
    if (growth === null) return
    if (isDistribution(figure)) {
      this.#addTimes(figure, growth)
      return
    }
    this.#counts.set(figure, (this.#counts.get(figure) ?? 0) + growth.count)
    if (figure !== 'errors' || growth.count === 0) return
    if (reason !== null) this.#hasReasons = true
    const name = reason === null || reason === '' ? OTHER_REASON : reason.slice(0, MAX_REASON_CHARACTERS)
    this.#reasons.set(name, (this.#reasons.get(name) ?? 0) + growth.count)
  }

  /**
   * @param hasBaseline whether a figure that has a family, but no series of ours yet, is known to be 0: not in the first
   * look at a deployment.
   */
  measurement({ known, gauges }: Pick<Snapshot, 'known' | 'gauges'>, hasBaseline: boolean): Measurement {
    const isZero = (figure: CounterName | DistributionName) =>
      hasBaseline && known.has(figure) && !this.#seen.has(figure)
    const counts = Object.fromEntries(
      COUNTERS.map((name) => {
        const count = this.#counts.get(name) ?? (isZero(name) ? 0 : null)
        return [name, count !== null && count <= LIMITS[name] ? count : null]
      }),
    ) as Record<CounterName, number | null>
    const measurement: Measurement = {
      ...NOTHING_KNOWN,
      ...counts,
      errorsByReason: this.#reasonsOf(counts.errors),
      inFlight: wholeOrNull(gauges.inFlight),
      waiting: wholeOrNull(gauges.waiting),
      kvCacheUsage: gauges.kvCacheUsage ?? null,
    }
    for (const name of DISTRIBUTION_NAMES) {
      const times = this.#times.get(name)
      const { sum, max } = DISTRIBUTIONS[name]
      if (times !== undefined && times.distribution.count > 0) {
        measurement[name] = times.distribution
        measurement[sum] = Number.isNaN(times.sumMs) ? null : times.sumMs
      } else if (name === 'latency' && (times !== undefined || isZero(name))) {
        // No request took any time.
        measurement[sum] = 0
        measurement[max] = 0
      }
    }
    return measurement
  }

  #addTimes(name: DistributionName, { count, sumMs, boundsMs, counts }: Growth): void {
    const times = this.#times.get(name) ?? { distribution: new Distribution(), sumMs: 0 }
    this.#times.set(name, times)
    if (count === 0) return
    times.sumMs += sumMs ?? Number.NaN
    if (boundsMs !== null && counts !== null) times.distribution.recordBuckets(boundsMs, counts)
    else times.distribution.recordUnknown(count)
  }

  #reasonsOf(errors: number | null): Reasons | null {
    if (errors === null) return null
    if (errors === 0) return {}
    return this.#hasReasons ? fewReasons(Object.fromEntries(this.#reasons)) : null
  }
}

function wholeOrNull(gauge: number | undefined): number | null {
  return gauge === undefined || gauge > MAX_COUNT ? null : Math.round(gauge)
}
