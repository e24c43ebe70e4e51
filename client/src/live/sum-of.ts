import type { Sample } from './fleet-figures.ts'
import type { SampleRing } from './sample-ring.ts'

/**
 * Requests/s, error rate and tokens/s of several deployments together, by window. Percentiles stay unknown: they cannot
 * be summed. The newest window, which not all of them may have reported yet, is left to the live totals.
 */
export function sumOf(rings: readonly SampleRing[]): Sample[] {
  const sums = new Map<number, { requests: number; errors: number; tokens: number }>()
  for (const ring of rings) {
    for (const { at, requestsPerSecond, errorRate, tokensPerSecond } of ring.rows()) {
      const sum = sums.get(at) ?? { requests: 0, errors: 0, tokens: 0 }
      const requests = orZero(requestsPerSecond)
      sum.requests += requests
      sum.errors += requests * orZero(errorRate)
      sum.tokens += orZero(tokensPerSecond)
      sums.set(at, sum)
    }
  }
  return [...sums]
    .sort(([a], [b]) => a - b)
    .slice(0, -1)
    .map(([at, { requests, errors, tokens }]) => ({
      at: at * 1000,
      windowMs: 1000,
      p50Ms: null,
      p95Ms: null,
      p99Ms: null,
      requestsPerSecond: requests,
      errorRate: requests > 0 ? errors / requests : null,
      tokensPerSecond: tokens,
    }))
}

function orZero(value: number | null): number {
  return value === null || Number.isNaN(value) ? 0 : value
}
