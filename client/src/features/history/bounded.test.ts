import { describe, expect, it } from 'vitest'
import { boundedQuantity, boundedWords, boundsWords } from './bounded.ts'

const NaN_ = Number.NaN

describe('a percentile', () => {
  it('that is known is written as any figure, without a range', () => {
    const known = { value: 84.21, low: NaN_, high: NaN_ }
    expect([boundedWords(known), boundsWords(known)]).toEqual(['84.2 ms', undefined])
    expect(boundsWords({ value: 100, low: 99.5, high: 100.5 })).toBeUndefined()
  })

  it('between two bounds is written with both, in one unit if they have the same', () => {
    expect(boundedWords({ value: 1840, low: 1200, high: 2500 })).toBe('1.84 s (1.2–2.5 s)')
    expect(boundedWords({ value: 842, low: 500, high: 1000 })).toBe('842 ms (500 ms – 1 s)')
    expect(boundsWords({ value: 150, low: 0, high: 300 })).toBe('0–300 ms')
  })

  it('beyond the bounds is written as what it is above or below', () => {
    expect(boundedQuantity({ value: NaN_, low: 30_000, high: NaN_ })).toEqual({ value: '> 30', unit: 's' })
    expect(boundedWords({ value: NaN_, low: 0, high: 300 })).toBe('< 300 ms')
    expect(boundedWords({ value: NaN_, low: NaN_, high: NaN_ })).toBe('–')
  })
})
