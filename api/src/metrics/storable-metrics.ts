import { DISTRIBUTION_NAMES, DISTRIBUTIONS, type MeasuredMetrics } from './window-metrics.ts'

/** Of requests, errors, and times in a distribution: what a column of counts holds. */
export const MAX_COUNT = 2 ** 31 - 1
/** Of tokens, so that those of any number of windows add up. */
const MAX_TOKENS = 1e12
/** Of requests in flight and waiting, so that those of any number of deployments add up. */
const MAX_GAUGE = 1e6
/** 285,000 years. */
const MAX_MS = Number.MAX_SAFE_INTEGER

/**
 * What was measured, without what can only be a mistake of who measured it: that is not known then. One figure that the
 * database refuses, now or once windows are merged, would hold up the samples of all deployments.
 */
export function storableMetrics<Measured extends MeasuredMetrics>(measured: Measured): Measured {
  const storable: Measured = {
    ...measured,
    requests: within(MAX_COUNT, measured.requests),
    errors: within(MAX_COUNT, measured.errors),
    lateReports: within(MAX_COUNT, measured.lateReports),
    promptTokens: within(MAX_TOKENS, measured.promptTokens),
    generatedTokens: within(MAX_TOKENS, measured.generatedTokens),
    inFlight: within(MAX_GAUGE, measured.inFlight),
    waiting: within(MAX_GAUGE, measured.waiting),
    kvCacheUsage: within(1, measured.kvCacheUsage),
  }
  if (storable.errors === null) storable.errorsByReason = null
  for (const name of DISTRIBUTION_NAMES) {
    const { sum, max } = DISTRIBUTIONS[name]
    const isTooMany = (measured[name]?.count ?? 0) > MAX_COUNT
    if (isTooMany) storable[name] = null
    storable[sum] = isTooMany ? null : within(MAX_MS, measured[sum])
    storable[max] = isTooMany ? null : within(MAX_MS, measured[max])
  }
  return storable
}

function within(max: number, value: number | null): number | null {
  return value !== null && value >= 0 && value <= max ? value : null
}
