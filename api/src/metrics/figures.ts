import { METRICS, type WindowMetrics } from './window-metrics.ts'

/** Every metric but the distribution. */
export type NumberName = Exclude<keyof WindowMetrics, 'latency'>
export type Numbers = Record<NumberName, number | null>

const NAMES = Object.keys(METRICS) as (keyof WindowMetrics)[]
export const NUMBERS = NAMES.filter((name): name is NumberName => name !== 'latency')
const SUMS = NUMBERS.filter((name) => METRICS[name].merge === 'sum')
const TOTAL_SUMS = NUMBERS.filter((name) => METRICS[name].merge === 'total sum')
const TOTAL_MAXIMA = NUMBERS.filter((name) => METRICS[name].merge === 'total max')
/** They merge in one way over time and in another over deployments. */
export const GAUGES = NUMBERS.filter((name) => METRICS[name].merge === 'gauge')

/** The numbers before any window was added. */
export function noNumbers(): Numbers {
  return Object.fromEntries(NUMBERS.map((name) => [name, null])) as Numbers
}

/**
 * Adds the numbers of a window to `numbers`, its gauges left out. A total that is not known of all latencies becomes NaN
 * in it, and stays so whatever is added; `knownNumbers` gives null for it.
 */
export function addNumbers(numbers: Numbers, window: WindowMetrics): void {
  for (const name of SUMS) numbers[name] = sumOf(numbers[name], window[name])
  for (const name of TOTAL_SUMS) numbers[name] = sumOf(numbers[name], totalOf(window, name))
  for (const name of TOTAL_MAXIMA) numbers[name] = maxOf(numbers[name], totalOf(window, name))
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

function totalOf(window: WindowMetrics, name: NumberName): number | null {
  const total = window[name]
  if (window.latency !== null) return total ?? Number.NaN
  // Whatever it is, it is no total of latencies that are counted.
  return total === null ? null : 0
}
