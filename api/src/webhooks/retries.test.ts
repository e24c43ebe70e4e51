import { describe, expect, it } from 'vitest'
import { MAX_ATTEMPTS, RETRY_AFTER_S, retryAfterMs } from './retries.ts'

describe('retries', () => {
  it('wait longer each time, for about a day, and then end', () => {
    const waits = RETRY_AFTER_S.map((_, index) => retryAfterMs(index + 1, 0.5) ?? 0)
    expect(waits).toEqual(RETRY_AFTER_S.map((seconds) => seconds * 1000))
    expect(waits).toEqual(waits.toSorted((a, b) => a - b))
    const hours = waits.reduce((sum, wait) => sum + wait) / 3_600_000
    expect(hours).toBeGreaterThan(20)
    expect(hours).toBeLessThan(28)
    expect(retryAfterMs(MAX_ATTEMPTS, 0.5)).toBeNull()
  })

  it('have a jitter of a fifth in either direction', () => {
    expect([0, 0.5, 1].map((random) => retryAfterMs(1, random))).toEqual([4000, 5000, 6000])
  })
})
