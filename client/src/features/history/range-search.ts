import { oneOf } from '../../search-params.ts'

// What the first script needs of ranges: reading them from the address.

/** Ranges that end now, by their name in the URL. */
export const TRAILING = ['live', '15m', '1h', '6h', '24h', '7d', '30d'] as const
export type TrailingName = (typeof TRAILING)[number]

export const DEFAULT_RANGE: TrailingName = '15m'

/** The range as the URL holds it: `range`, or `from` and `to`, or nothing for the default. */
export interface RangeSearch {
  range?: TrailingName
  from?: string
  to?: string
}

/** Nothing is recorded outside; the API refuses it. */
export const EARLIEST_MS = 0
const LATEST_MS = Date.UTC(2200, 0)
export const LONGEST_MS = 10 * 366 * 86_400_000

/** Reads what anybody may have written into the address. Whatever makes no range is left out. */
export function readRangeSearch(search: Record<string, unknown>): RangeSearch {
  const fromMs = instantOf(search['from'])
  const toMs = instantOf(search['to'])
  if (fromMs !== undefined && toMs !== undefined && isRange(fromMs, toMs)) {
    return { range: undefined, from: writeInstant(fromMs), to: writeInstant(toMs) }
  }
  const range = oneOf(TRAILING, search['range'])
  return { range: range === DEFAULT_RANGE ? undefined : range, from: undefined, to: undefined }
}

/** Whether a person may ask for this range. */
export function isRange(fromMs: number, toMs: number): boolean {
  return fromMs >= EARLIEST_MS && toMs <= LATEST_MS && toMs - fromMs >= 1000 && toMs - fromMs <= LONGEST_MS
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/

export function instantOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' && INSTANT.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}

/** `2026-11-30T13:05:00Z`: as short as it can be written. */
export function writeInstant(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
