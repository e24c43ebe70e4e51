const TIMESTAMP = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?(?:Z|\+00:00)?$/

/**
 * Ticks of 100 ns since the epoch of a UTC time such as `2023-11-16 18:15:46.6805900`, with up to seven digits of a
 * second; null for anything else, a 30th of February included. A bigint, as a double no longer holds that many ticks
 * exactly.
 */
export function parseTimestamp(text: string): bigint | null {
  const match = TIMESTAMP.exec(text)
  if (!match) return null
  const [, day = '', time = '', fraction = ''] = match
  const epochMs = Date.parse(`${day}T${time}Z`)
  // A day or an hour that does not exist may be carried over into the next: then it reads otherwise.
  if (Number.isNaN(epochMs) || !new Date(epochMs).toISOString().startsWith(`${day}T${time}`)) return null
  return BigInt(epochMs) * 10_000n + BigInt(fraction.padEnd(7, '0'))
}
