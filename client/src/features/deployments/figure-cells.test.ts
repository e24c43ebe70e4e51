import { describe, expect, it } from 'vitest'
import { eachFigure } from '../../live/sample.ts'
import type { DetailFigure } from '../history/details.ts'
import { figureCells, NO_DETAIL } from './figure-cells.ts'

const figures = { ...eachFigure(() => null), requests: 500, requestsPerSecond: 8.33, errorRate: 0 }
const reading = (known: Partial<Record<DetailFigure, number>>) => (name: DetailFigure) => known[name] ?? Number.NaN
const shown = (cells: ReturnType<typeof figureCells>) =>
  cells.map(({ name, quantity: { value, unit }, note }) => [name, `${value} ${unit}`.trim(), note])

describe('the current figures', () => {
  it('are six, and eight where first tokens are known', () => {
    expect(figureCells(figures, NO_DETAIL, false)).toHaveLength(6)
    const eight = shown(figureCells(figures, reading({ 'timeToFirstToken.p95': 210, inFlight: 7, waiting: 3 }), true))
    expect(eight[3]).toEqual(['TTFT p95', '210 ms', ''])
    expect(eight[7]).toEqual(['In flight', '7', '3 waiting'])
  })

  it('say the bounds of a percentile, and that it lies above all of them', () => {
    const read = reading({ 'latency.p95.low': 2500, 'latency.p95.high': 5000, 'latency.p99.low': 30_000 })
    const cells = shown(figureCells({ ...figures, p50Ms: 900, p95Ms: 3210 }, read, false))
    expect(cells.slice(0, 3)).toEqual([
      ['p50', '900 ms', ''],
      ['p95', '3.21 s', '2.5–5 s'],
      ['p99', '> 30 s', ''],
    ])
  })

  it('label a mean as a mean where nothing else is known', () => {
    const cells = shown(figureCells(figures, reading({ 'latency.mean': 84.2 }), false))
    expect(cells.slice(0, 2)).toEqual([
      ['mean', '84.2 ms', ''],
      ['p95', '–', 'only a mean is known'],
    ])
  })

  it('say that too few requests carry a percentile', () => {
    const cells = shown(figureCells({ ...figures, requests: 7, p50Ms: 100 }, NO_DETAIL, false))
    expect(cells.slice(1, 3).map(([, , note]) => note)).toEqual(['too few', 'too few'])
  })
})
