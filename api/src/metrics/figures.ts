import { type DistributionName, METRICS, type WindowMetrics } from './window-metrics.ts'

/** Every metric but the distributions and the reasons. */
export type NumberName = Exclude<keyof WindowMetrics, DistributionName | 'errorsByReason'>
export type Numbers = Record<NumberName, number | null>

const NAMES = Object.keys(METRICS) as (keyof WindowMetrics)[]
const isNumber = (name: keyof WindowMetrics): name is NumberName =>
  METRICS[name].merge !== 'histogram' && METRICS[name].merge !== 'reasons'
export const NUMBERS = NAMES.filter(isNumber)
/** States at the end of a window: they merge in one way over time and in another over deployments. */
export const GAUGES = NUMBERS.filter((name) => METRICS[name].merge === 'gauge' || METRICS[name].merge === 'own gauge')
/** Those of them that are added up over deployments; the others say nothing of several, and of a fleet of one neither. */
export const SUMMED_GAUGES = GAUGES.filter((name) => METRICS[name].merge === 'gauge')

const NO_NUMBERS = Object.fromEntries(NUMBERS.map((name) => [name, null])) as Numbers

/** The numbers before any window was added. */
export function noNumbers(): Numbers {
  return { ...NO_NUMBERS }
}

/**
 * Adds the numbers of a window to `numbers`, its gauges left out. A total that is not known of everything becomes NaN
 * in it, and stays so whatever is added; `knownNumbers` gives null for it. Written out: see `metricsOf`.
 */
export function addNumbers(numbers: Numbers, window: WindowMetrics): void {
  numbers.requests = sumOf(numbers.requests, window.requests)
  numbers.errors = sumOf(numbers.errors, window.errors)
  numbers.promptTokens = sumOf(numbers.promptTokens, window.promptTokens)
  numbers.generatedTokens = sumOf(numbers.generatedTokens, window.generatedTokens)
  numbers.lateReports = sumOf(numbers.lateReports, window.lateReports)
  const isTimed = window.latency !== null
  numbers.latencySumMs = sumOf(numbers.latencySumMs, totalOf(isTimed, window.latencySumMs))
  numbers.latencyMaxMs = maxOf(numbers.latencyMaxMs, totalOf(isTimed, window.latencyMaxMs))
  const hasFirst = window.timeToFirstToken !== null
  numbers.timeToFirstTokenSumMs = sumOf(numbers.timeToFirstTokenSumMs, totalOf(hasFirst, window.timeToFirstTokenSumMs))
  numbers.timeToFirstTokenMaxMs = maxOf(numbers.timeToFirstTokenMaxMs, totalOf(hasFirst, window.timeToFirstTokenMaxMs))
  const hasMore = window.interTokenLatency !== null
  numbers.interTokenLatencySumMs = sumOf(
    numbers.interTokenLatencySumMs,
    totalOf(hasMore, window.interTokenLatencySumMs),
  )
  numbers.interTokenLatencyMaxMs = maxOf(
    numbers.interTokenLatencyMaxMs,
    totalOf(hasMore, window.interTokenLatencyMaxMs),
  )
  const isQueued = window.queueTime !== null
  numbers.queueTimeSumMs = sumOf(numbers.queueTimeSumMs, totalOf(isQueued, window.queueTimeSumMs))
  numbers.queueTimeMaxMs = maxOf(numbers.queueTimeMaxMs, totalOf(isQueued, window.queueTimeMaxMs))
}

export function knownNumbers(numbers: Numbers): Numbers {
  const known = { ...numbers }
  for (const name of NUMBERS) if (Number.isNaN(known[name])) known[name] = null
  return known
}

/** What is not known adds nothing. */
export function sumOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : a + b
}

function totalOf(isOfAny: boolean, total: number | null): number | null {
  if (isOfAny) return total ?? Number.NaN
  // Whatever it is, it is no total of anything that is counted.
  return total === null ? null : 0
}

function maxOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b)
}
