import { describe, expect, it } from 'vitest'
import { reasonsToDraw, stackOf } from './reasons.ts'

const reasons = (counts: Record<string, number>) => Object.entries(counts).map(([reason, count]) => ({ reason, count }))

describe('errors by reason', () => {
  it('are drawn for the four most frequent reasons of the range, and the rest as other', () => {
    const windows = [reasons({ a: 1, b: 2, c: 3, d: 4, e: 5 }), reasons({ a: 10 })]
    expect(reasonsToDraw(windows)).toEqual(['a', 'e', 'd', 'c', 'other'])
    expect(reasonsToDraw([reasons({ other: 9, timeout: 1 })])).toEqual(['timeout', 'other'])
  })

  it('stand on top of each other, per second; a window without data is a gap, and one without errors is zero', () => {
    const windows = [reasons({ abort: 10, rare: 5 }), [], []]
    expect(stackOf(windows, ['abort', 'other'], 5, (index) => index < 2)).toEqual([
      [2, 0, Number.NaN],
      [3, 0, Number.NaN],
    ])
  })
})
