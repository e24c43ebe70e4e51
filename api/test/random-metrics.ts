import { Distribution } from '../src/metrics/distribution.ts'
import { DISTRIBUTIONS, type StoredMetrics } from '../src/metrics/window-metrics.ts'
import type { Random } from '../src/recording/sources/simulator/random.ts'

type Added = Omit<
  StoredMetrics,
  'requests' | 'errors' | 'latency' | 'latencySumMs' | 'latencyMaxMs' | 'promptTokens' | 'generatedTokens' | 'inFlight'
>

const BOUNDS_MS = [10, 25, 50, 100, 250]

/**
 * What language models and model servers measure besides, each of it at times unknown: times in coarse buckets, of which
 * only the sum or the number is known, or measured one by one; many reasons, and one named like a part of every object.
 */
export function randomMetrics(random: Random): Added {
  const chance = (share: number) => random.uniform() < share
  const integer = (low: number, high: number) => Math.floor(random.between(low, high + 1))
  const metrics: Record<string, unknown> = {}
  for (const name of ['timeToFirstToken', 'interTokenLatency', 'queueTime'] as const) {
    const { sum, max } = DISTRIBUTIONS[name]
    const distribution = new Distribution()
    let [sumMs, maxMs] = [0, 0]
    for (let left = integer(0, 4); left > 0; left -= 1) {
      // Whole eighths: their sums are exact in any order.
      const ms = integer(1, 2000) / 8
      distribution.record(ms)
      sumMs += ms
      maxMs = Math.max(maxMs, ms)
    }
    if (chance(0.1)) distribution.recordBuckets(BOUNDS_MS, [1, 0, 2, 0, 1, integer(0, 2)])
    if (chance(0.05)) distribution.recordUnknown(3)
    metrics[name] = distribution.count > 0 ? distribution.encode() : null
    const isCoarse = distribution.encode()[0] !== 1
    metrics[sum] = isCoarse && chance(0.5) ? null : sumMs
    metrics[max] = isCoarse ? null : maxMs
    if (chance(0.1)) metrics[name] = metrics[sum] = metrics[max] = null
  }
  const reasons: Record<string, number> = Object.create(null) as Record<string, number>
  for (let left = integer(0, 2); left > 0; left -= 1) reasons[`reason ${integer(10, 39)}`] = integer(1, 5)
  if (chance(0.1)) reasons['constructor'] = 1
  if (chance(0.1)) reasons['other'] = 2
  return {
    ...metrics,
    errorsByReason: chance(0.2) ? null : reasons,
    waiting: integer(0, 9),
    kvCacheUsage: integer(0, 16) / 16,
    lateReports: chance(0.7) ? null : integer(0, 3),
  } as Added
}
