import type { SampleRing } from './sample-ring.ts'
import { eachFigure, type Sample } from './sample.ts'

/**
 * Requests/s, error rate and tokens/s of several deployments together, by window. Percentiles stay unknown, because
 * they cannot be summed. The newest window is left to the live totals, because not all deployments may have reported it
 * yet.
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
      ...eachFigure(() => null),
      at: at * 1000,
      windowMs: 1000,
      requestsPerSecond: requests,
      errorRate: requests > 0 ? errors / requests : null,
      tokensPerSecond: tokens,
    }))
}

function orZero(value: number): number {
  return Number.isNaN(value) ? 0 : value
}
