const DATE_TIME = /^(\d{4}-\d{2}-(\d{2}))T([01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i

/** Reads a point in time as RFC 3339 writes it: ISO 8601 with an offset. Undefined for anything else. */
export function parseDateTime(value: string): Date | undefined {
  const [text, day, dayOfMonth] = DATE_TIME.exec(value) ?? []
  if (text === undefined || day === undefined) return undefined
  const date = new Date(text.toUpperCase())
  // JavaScript reads 30 February as 2 March.
  const exists = new Date(day).getUTCDate() === Number(dayOfMonth)
  return exists && !Number.isNaN(date.getTime()) ? date : undefined
}

const MS_PER_DAY = 86_400_000
const digits = (count: number, width: number) =>
  Array.from({ length: count }, (_, value) => String(value).padStart(width, '0'))
const [TWO, THREE] = [digits(60, 2), digits(1000, 3)]

/** The day that was written last, in days since the epoch, and its text with the `T`: most times are of a few days. */
let lastDay = NaN
let lastDayText = ''

/**
 * The same text as `date.toISOString()`, a fifth of whose time it takes.
 * @throws RangeError for an invalid date
 */
export function dateTimeText(date: Date): string {
  const ms = date.getTime()
  const day = Math.floor(ms / MS_PER_DAY)
  if (day !== lastDay) {
    const text = date.toISOString()
    lastDayText = text.slice(0, text.indexOf('T') + 1)
    lastDay = day
  }
  const ofDay = ms - day * MS_PER_DAY
  const seconds = Math.floor(ofDay / 1000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  return `${lastDayText}${TWO[hours]}:${TWO[minutes - hours * 60]}:${TWO[seconds - minutes * 60]}.${THREE[ofDay - seconds * 1000]}Z`
}
