import { describe, expect, it } from 'vitest'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'
import { addReasons, fewReasons, noReasons } from './reasons.ts'
import type { Reasons } from './window-metrics.ts'

const sum = (reasons: Reasons) => Object.values(reasons).reduce((total, count) => total + count, 0)
const merged = (parts: readonly Reasons[]) => {
  const counts = noReasons()
  for (const part of parts) addReasons(counts, part)
  return counts
}
const sorted = (reasons: Reasons) => Object.entries(reasons).toSorted(([a], [b]) => (a < b ? -1 : 1))

describe('reasons that are merged', () => {
  const random = new Random(seedOf('reasons'))
  const parts = Array.from({ length: 60 }, () =>
    Object.fromEntries(
      Array.from({ length: 3 }, () => [`reason ${Math.floor(random.between(10, 60))}`, random.poisson(2) + 1]),
    ),
  )

  it('are the same in any order and grouping, and count every error', () => {
    const all = merged(parts)
    expect(sum(all)).toBe(parts.reduce((total, part) => total + sum(part), 0))
    expect(Object.keys(all)).toHaveLength(17)
    for (let round = 0; round < 20; round += 1) {
      const shuffled = parts.toSorted(() => random.uniform() - 0.5)
      const size = 1 + Math.floor(random.between(0, 20))
      const groups = Array.from({ length: Math.ceil(parts.length / size) }, (_, at) =>
        merged(shuffled.slice(at * size, (at + 1) * size)),
      )
      expect(sorted(merged(groups))).toEqual(sorted(all))
    }
  })

  it('have names that anything may have', () => {
    const odd: Reasons = JSON.parse('{"__proto__": 1, "constructor": 2, "toString": 3}')
    expect(sorted(merged([odd, odd]))).toEqual([
      ['__proto__', 2],
      ['constructor', 4],
      ['toString', 6],
    ])
  })
})

describe('the reasons of a sample', () => {
  it('are the 16 most frequent, and other', () => {
    const given = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`code ${10 + at}`, 1 + at]))
    const few = fewReasons({ ...given, other: 5, nothing: 0 })
    expect(Object.keys(few)).toHaveLength(17)
    expect(few).toMatchObject({ 'code 29': 20, 'code 14': 5, other: 5 + 1 + 2 + 3 + 4 })
    expect(few).not.toHaveProperty('nothing')
  })

  it('are named as every database takes them, and not at length', () => {
    const given = { ['x'.repeat(100)]: 1, 'in\ntwo\0 lines': 2, '\ud800': 3, '  ': 4, ['😀'.repeat(70)]: 5 }
    expect(sorted(fewReasons(given))).toEqual([
      ['in two lines', 2],
      ['other', 7],
      ['x'.repeat(64), 1],
      ['😀'.repeat(32), 5],
    ])
  })
})
