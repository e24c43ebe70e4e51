import {
  DISTRIBUTION_NAMES,
  type DistributionName,
  DISTRIBUTIONS,
  METRICS,
  type WindowMetrics,
} from './window-metrics.ts'

/** Every metric but the distributions and the reasons. */
export type NumberName = Exclude<keyof WindowMetrics, DistributionName | 'errorsByReason'>
export type Numbers = Record<NumberName, number | null>

const NAMES = Object.keys(METRICS) as (keyof WindowMetrics)[]
const isNumber = (name: keyof WindowMetrics): name is NumberName =>
  METRICS[name].merge !== 'histogram' && METRICS[name].merge !== 'reasons'
export const NUMBERS = NAMES.filter(isNumber)
const SUMS = NUMBERS.filter((name) => METRICS[name].merge === 'sum')
const TOTALS = DISTRIBUTION_NAMES.map((name) => ({ name, ...DISTRIBUTIONS[name] }))
/** States at the end of a window: they merge in one way over time and in another over deployments. */
export const GAUGES = NUMBERS.filter((name) => METRICS[name].merge === 'gauge' || METRICS[name].merge === 'own gauge')
/** Those of them that are added up over deployments; the others say nothing of several, and of a fleet of one neither. */
export const SUMMED_GAUGES = GAUGES.filter((name) => METRICS[name].merge === 'gauge')

/** The numbers before any window was added. */
export function noNumbers(): Numbers {
  return Object.fromEntries(NUMBERS.map((name) => [name, null])) as Numbers
}

/**
 * Adds the numbers of a window to `numbers`, its gauges left out. A total that is not known of everything becomes NaN
 * in it, and stays so whatever is added; `knownNumbers` gives null for it.
 */
export function addNumbers(numbers: Numbers, window: WindowMetrics): void {
  for (const name of SUMS) numbers[name] = sumOf(numbers[name], window[name])
  for (const { name, sum, max } of TOTALS) {
    if (window[name] !== null) {
      numbers[sum] = sumOf(numbers[sum], window[sum] ?? Number.NaN)
      numbers[max] = maxOf(numbers[max], window[max] ?? Number.NaN)
      continue
    }
    // Whatever it is, it is no total of anything that is counted.
    if (window[sum] !== null) numbers[sum] = sumOf(numbers[sum], 0)
    if (window[max] !== null) numbers[max] = maxOf(numbers[max], 0)
  }
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

function maxOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b)
}
