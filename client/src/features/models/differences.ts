import { amount, NO_DATA, percent, significant } from '../../ui/format.ts'

/** Compares the figures of versions over a range. Pure. */

/** A figure of one version. */
export interface Compared {
  /** `null` is "unknown". */
  value: number | null
  /** Why it is unknown, or how well it is known, in a word or two. */
  note?: string | undefined
  /** The same in a sentence. */
  about?: string | undefined
}

/** How much a figure differs from that of the version that others are compared with. */
interface Difference {
  absolute: number
  /** As a fraction of the other; undefined where that is zero. */
  relative: number | undefined
}

/** `undefined` where one of the two is unknown: nothing can be said then. */
export function differenceOf(of: Compared | undefined, base: Compared | undefined): Difference | undefined {
  if (of?.value == null || base?.value == null) return undefined
  const absolute = of.value - base.value
  return { absolute, relative: base.value === 0 ? (absolute === 0 ? 0 : undefined) : absolute / base.value }
}

/** How the figures of a row are written. They stand side by side, so they share a unit. */
export interface RowUnit {
  /** For the name of the row; empty if there is none. */
  unit: string
  /** The unit of differences, where it is another one. */
  unitOfDifference: string
  write: (value: number | null) => string
  /** Without a sign. */
  writeDifference: (absolute: number) => string
}

const LATENCY_UNITS = [
  [3_600_000, 'h', 5_997_000],
  [60_000, 'min', 99_950],
  [1000, 's', 999.5],
] as const

/** The unit of latencies that stand side by side: that of the largest. */
export function latencyUnitOf(values: readonly (number | null)[]): RowUnit {
  const largest = Math.max(0, ...values.map((value) => value ?? 0))
  const [size, unit] = LATENCY_UNITS.find(([, , from]) => largest >= from) ?? [1, 'ms']
  return {
    unit,
    unitOfDifference: '',
    write: (value) => (value === null ? NO_DATA : significant(value / size)),
    writeDifference: (absolute) => significant(absolute / size),
  }
}

export const AMOUNT_UNIT: RowUnit = { unit: '', unitOfDifference: '', write: amount, writeDifference: amount }

/** Shares differ by percentage points: `1 %` and `2 %` differ by 100 %, or by one point. */
export const SHARE_UNIT: RowUnit = { unit: '%', unitOfDifference: 'pp', write: percent, writeDifference: percent }

const MINUS = '\u2212'

/** `+12.3`, `−0.40 pp`, `0`. */
export function absoluteWords({ absolute }: Difference, { writeDifference, unitOfDifference }: RowUnit): string {
  if (absolute === 0) return '0'
  const written = writeDifference(Math.abs(absolute))
  return `${absolute < 0 ? MINUS : '+'}${written}${unitOfDifference && ` ${unitOfDifference}`}`
}

/** `+8.1 %`, `−40 %`; empty where there is no such share. */
export function relativeWords({ relative }: Difference): string {
  if (relative === undefined) return ''
  const share = Math.abs(relative) * 100
  if (share === 0) return '0 %'
  return `${relative < 0 ? MINUS : '+'}${shareWords(share)} %`
}

function shareWords(share: number): string {
  if (share < 0.01) return '<0.01'
  if (share < 0.095) return share.toFixed(2)
  if (share < 9.95) return share.toFixed(1)
  return share < 999.5 ? share.toFixed(0) : amount(share)
}
