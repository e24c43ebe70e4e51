import { describe, expect, it } from 'vitest'
import { eachFigure, type Sample } from '../../live/sample.ts'
import { ranked, RANKED_BY } from './ranking.ts'

const values = (of: Record<string, number>) => new Map(Object.entries(of))

describe('ranked', () => {
  it('puts the largest first when nothing was shown before', () => {
    expect(ranked(values({ a: 1, b: 3, c: 2 }), [], 10)).toEqual(['b', 'c', 'a'])
  })

  it('leaves rows where they are while their figures differ by noise', () => {
    expect(ranked(values({ a: 100, b: 103, c: 99 }), ['a', 'b', 'c'], 10)).toEqual(['a', 'b', 'c'])
  })

  it('moves a row past all others that it clearly exceeds', () => {
    expect(ranked(values({ a: 100, b: 80, c: 120 }), ['a', 'b', 'c'], 10)).toEqual(['c', 'a', 'b'])
  })

  it('lets a newcomer in only when it clearly exceeds the last row', () => {
    expect(ranked(values({ a: 100, b: 90, c: 92 }), ['a', 'b'], 2)).toEqual(['a', 'b'])
    expect(ranked(values({ a: 100, b: 90, c: 98 }), ['a', 'b'], 2)).toEqual(['a', 'c'])
  })

  it('drops rows without a figure, and fills their places', () => {
    expect(ranked(values({ b: 2, c: 1 }), ['a', 'b'], 2)).toEqual(['b', 'c'])
  })

  it('takes the largest of many', () => {
    const many = new Map(Array.from({ length: 1000 }, (_, index) => [`d${index}`, (index * 7919) % 1000]))
    expect(ranked(many, [], 3).map((id) => many.get(id))).toEqual([999, 998, 997])
  })
})

describe('the figures that lists are ordered by', () => {
  const sample = (part: Partial<Sample>): Sample => ({ ...eachFigure(() => null), at: 0, windowMs: 60_000, ...part })

  it('leaves out whoever has no requests, no percentile or no errors', () => {
    const idle = sample({ requests: 0, requestsPerSecond: 0, errorRate: null })
    expect(RANKED_BY.busiest(idle)).toBeNull()
    expect(RANKED_BY.slowest(idle)).toBeNull()
    expect(RANKED_BY.failing(sample({ requests: 100, errorRate: 0 }))).toBeNull()
  })

  it('puts one failed request of two after many of many, although its share is larger', () => {
    const coincidence = RANKED_BY.failing(sample({ requests: 2, errorRate: 0.5 })) ?? 0
    const alarming = RANKED_BY.failing(sample({ requests: 1000, errorRate: 0.02 })) ?? 0
    expect(alarming).toBeGreaterThan(coincidence)
    expect(coincidence).toBeGreaterThan(0)
  })
})
