/** How figures and times are written. Everything here is pure; `null`, `undefined` and `NaN` are "no data". */

export const NO_DATA = '–'

/** A figure and its unit, separate so that a table can align both. `unit` is empty if there is none. */
export interface Quantity {
  value: string
  unit: string
}

const NOTHING: Quantity = { value: NO_DATA, unit: '' }

/** A time span given in ms with three significant digits: `0.842 ms`, `84.2 ms`, `1.24 s`, `12.0 min`, `1.50 h`. */
export function latency(ms: number | null | undefined): Quantity {
  if (!isFigure(ms)) return NOTHING
  if (ms < 999.5) return { value: significant(ms), unit: 'ms' }
  if (ms < 99_950) return { value: significant(ms / 1000), unit: 's' }
  if (ms < 5_997_000) return { value: significant(ms / 60_000), unit: 'min' }
  return { value: significant(ms / 3_600_000), unit: 'h' }
}

/** A count or rate with three significant digits and `k`, `M`, `G` in the figure: `842`, `12.4k`. */
export function amount(value: number | null | undefined): string {
  if (!isFigure(value)) return NO_DATA
  for (const [size, letter] of SIZES) {
    if (Math.abs(value) >= size * 0.9995) return significant(value / size) + letter
  }
  return Number.isInteger(value) ? String(value) : significant(value)
}

const SIZES = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const

/** A fraction from 0 to 1 as per cent, without the sign: `0`, `<0.01`, `0.03`, `6.10`, `12.4`, `100`. */
export function percent(fraction: number | null | undefined): string {
  if (!isFigure(fraction)) return NO_DATA
  const value = fraction * 100
  if (value === 0) return '0'
  if (value < 0.01) return '<0.01'
  if (value < 9.995) return value.toFixed(2)
  return value < 99.95 ? value.toFixed(1) : value.toFixed(0)
}

/** A quantity as one text, for prose and charts: `84.2 ms`. */
export function written({ value, unit }: Quantity): string {
  return unit ? `${value} ${unit}` : value
}

/** Up to three significant digits, never in exponents. */
export function significant(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size < 0.001) return value < 0 ? '>-0.001' : '<0.001'
  if (size >= 999.5) return value.toFixed(0)
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3
  return value.toFixed(digits)
}

/**
 * A figure of any size or sign, such as a loss, with three significant digits: `0.00123`, `-4.20`, `123`. As a power of
 * ten where zeros would hide the digits: `1.23e-5`, `4.20e6`.
 */
export function anySize(value: number | null | undefined): string {
  if (!isFigure(value)) return NO_DATA
  if (value === 0) return '0'
  const size = Math.abs(Number(value.toPrecision(3)))
  if (size < 0.001 || size >= 100_000) return value.toExponential(2).replace('e+', 'e')
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(size))))
}

/** How long something has lasted, in its largest unit: `12 s`, `5 min`, `3 h`, `4 d`. Negative spans count as none. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** How long a run took, with its second unit: `48 s`, `5 min 12 s`, `1 h 3 min`, `2 d 4 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const [size, unit, small, smallUnit] =
    seconds < 3600
      ? ([60, 'min', 1, 's'] as const)
      : seconds < 86_400
        ? ([3600, 'h', 60, 'min'] as const)
        : ([86_400, 'd', 3600, 'h'] as const)
  const rest = Math.floor((seconds % size) / small)
  return `${Math.floor(seconds / size)} ${unit}${rest > 0 ? ` ${rest} ${smallUnit}` : ''}`
}

/** `14:02` today, `12 Mar, 14:02` this year, `12 Mar 2024, 14:02` before; in local time. */
export function moment(at: Date, now: Date = new Date()): string {
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`
  if (at.toDateString() === now.toDateString()) return time
  const day = `${at.getDate()} ${MONTHS[at.getMonth()]}`
  return at.getFullYear() === now.getFullYear() ? `${day}, ${time}` : `${day} ${at.getFullYear()}, ${time}`
}

/** `14:02:09`, in local time. */
export function timeOfDay(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

export const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function two(value: number): string {
  return String(value).padStart(2, '0')
}

export type ErrorLevel = 'none' | 'raised' | 'high'

/** Above 1 % is raised (amber), above 5 % high (red). */
export function errorLevel(rate: number | null | undefined): ErrorLevel {
  if (!isFigure(rate) || rate <= 0.01) return 'none'
  return rate <= 0.05 ? 'raised' : 'high'
}

function isFigure(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && Number.isFinite(value)
}
