import { describe, expect, it } from 'vitest'
import { SampleRing } from './sample-ring.ts'
import { eachFigure } from './sample.ts'
import { sumOf } from './sum-of.ts'

function ringOf(...rows: [at: number, requestsPerSecond: number, errorRate: number | null][]): SampleRing {
  const ring = new SampleRing(10)
  for (const [at, requestsPerSecond, errorRate] of rows) {
    ring.push(at, { ...eachFigure(() => null), p95Ms: 2, requestsPerSecond, errorRate })
  }
  return ring
}

describe('sumOf', () => {
  it('adds requests and weights error rates by them', () => {
    const [first] = sumOf([ringOf([1, 30, 0.1], [2, 1, 0]), ringOf([1, 10, 0.5], [2, 1, 0])])
    expect(first).toMatchObject({ at: 1000, requestsPerSecond: 40, errorRate: 0.2 })
  })

  it('invents no percentile, and no error rate without requests', () => {
    const [first] = sumOf([ringOf([1, 0, null], [2, 1, 0])])
    expect(first).toMatchObject({ requestsPerSecond: 0, errorRate: null, p95Ms: null })
  })

  it('leaves the newest window, which may be incomplete, to the live totals', () => {
    expect(sumOf([ringOf([1, 1, 0], [2, 1, 0]), ringOf([1, 1, 0])]).map(({ at }) => at)).toEqual([1000])
    expect(sumOf([])).toEqual([])
  })
})
