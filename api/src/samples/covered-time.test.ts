import { describe, expect, it } from 'vitest'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'
import { CoveredTime } from './covered-time.ts'

describe('covered time', () => {
  const covered = (...spans: [number, number][]) => {
    const time = new CoveredTime()
    for (const [startMs, endMs] of spans) time.add(startMs, endMs)
    return time.totalMs
  }

  it('counts what lies in several spans once', () => {
    expect(covered()).toBe(0)
    expect(covered([0, 1], [1, 2], [2, 3])).toBe(3)
    expect(covered([0, 1], [4, 5], [0, 5])).toBe(5)
    expect(covered([0, 5], [0, 1], [1, 2], [7, 8])).toBe(6)
    expect(covered([3, 3], [5, 4])).toBe(0)
  })

  it('is that of each moment counted by itself, whatever spans there are', () => {
    const random = new Random(seedOf('spans'))
    for (let round = 0; round < 200; round += 1) {
      const spans = Array.from({ length: 1 + random.poisson(4) }, (): [number, number] => {
        const start = Math.floor(random.between(0, 30))
        return [start, start + Math.floor(random.between(0, 12))]
      })
      const moments = new Set(spans.flatMap(([start, end]) => Array.from({ length: end - start }, (_, n) => start + n)))
      expect([spans, covered(...spans)]).toEqual([spans, moments.size])
    }
  })
})
