import { expect, it } from 'vitest'
import { dateTimeText } from './date-time.ts'

it('times are written as JavaScript writes them, whichever was written before', () => {
  const day = 86_400_000
  const times = [
    0,
    1,
    -1,
    999,
    day - 1,
    day,
    -day,
    1.79e12,
    1.79e12 + 3_599_999,
    253_402_300_800_000,
    8.64e15,
    -8.64e15,
  ]
  for (let n = 0; n < 500; n += 1) times.push((n * 7_919_000_777) % 4e12)
  for (const time of times) expect(dateTimeText(new Date(time))).toBe(new Date(time).toISOString())
  expect(() => dateTimeText(new Date(NaN))).toThrow(RangeError)
})
