const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?(?:Z|\+00:00)?$/

/**
 * Ticks of 100 ns since the epoch of a UTC time such as `2023-11-16 18:15:46.6805900`, with up to seven digits of a
 * second; null for anything else, a 30th of February included. A bigint, as a double no longer holds that many ticks
 * exactly.
 */
export function parseTimestamp(text: string): bigint | null {
  const match = TIMESTAMP.exec(text)
  if (!match) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  // What does not exist, Date carries over into the next unit.
  const isReal =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second
  return isReal ? BigInt(date.getTime()) * 10_000n + BigInt((match[7] ?? '').padEnd(7, '0')) : null
}
