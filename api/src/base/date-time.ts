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
