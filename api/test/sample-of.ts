import { LatencyHistogram } from '../src/metrics/latency-histogram.ts'
import type { Sample } from '../src/metrics/sample.ts'
import { NOTHING_KNOWN } from '../src/metrics/window-metrics.ts'

/** A sample whose requests took so long; one second with none of them unless said otherwise. */
export function sampleOf(given: Partial<Sample> & { latenciesMs?: readonly number[] } = {}): Sample {
  const { latenciesMs = [], ...rest } = given
  const histogram = new LatencyHistogram()
  for (const latencyMs of latenciesMs) histogram.record(latencyMs)
  return {
    deploymentKey: 1,
    sequence: 1,
    windowStartMs: Date.UTC(2026, 10, 23, 12),
    windowMs: 1000,
    ...NOTHING_KNOWN,
    requests: latenciesMs.length,
    errors: 0,
    latencySumMs: latenciesMs.reduce((sum, latencyMs) => sum + latencyMs, 0),
    latencyMaxMs: latenciesMs.reduce((max, latencyMs) => Math.max(max, latencyMs), 0),
    latency: latenciesMs.length > 0 ? histogram.encode() : null,
    source: 'SIMULATED',
    ...rest,
  }
}
