import { describe, expect, it } from 'vitest'
import { backoffMs } from './backoff.ts'

describe('backoffMs', () => {
  it('doubles from 0.3 s and stops growing at 5 s', () => {
    const longest = [0, 1, 2, 3, 4, 5, 6, 50, 5000].map((failures) => backoffMs(failures, () => 1))
    expect(longest).toEqual([300, 600, 1200, 2400, 4800, 5000, 5000, 5000, 5000])
  })

  it('spreads clients over the second half of the wait, and never waits for nothing', () => {
    expect(backoffMs(3, () => 0)).toBe(1200)
    expect(backoffMs(3, () => 0.5)).toBe(1800)
  })
})
