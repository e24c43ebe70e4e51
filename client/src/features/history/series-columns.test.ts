import { describe, expect, it } from 'vitest'
import { eachFigure } from '../../live/sample.ts'
import { type HistoryPoint, SeriesColumns } from './series-columns.ts'

function point(second: number, requests: number | null = second): HistoryPoint {
  return { ...eachFigure(() => null), at: second * 1000, windowMs: 10_000, requests }
}

function columns(...seconds: number[]): SeriesColumns {
  const series = new SeriesColumns()
  series.replace(seconds.map((second) => point(second)))
  return series
}

const withDetails = (second: number, details: HistoryPoint['details']): HistoryPoint => ({ ...point(second), details })

describe('the columns of a series', () => {
  it('hold a detail from its first window on, with nothing known before it and where it is missing', () => {
    const inFlight = (value: number) => ({ sources: [], reasons: [], figures: new Map([['inFlight', value] as const]) })
    const series = columns(10, 20)
    series.put(withDetails(30, inFlight(7)))
    series.put(withDetails(40, { sources: [], reasons: [], figures: new Map() }))
    series.put(withDetails(20, inFlight(5)))
    expect(series.column('inFlight')).toEqual([Number.NaN, 5, 7, Number.NaN])
    expect([series.has(['inFlight'], 0), series.has(['waiting'], 0)]).toEqual([true, false])
    series.trim(30)
    expect(series.column('inFlight')).toEqual([5, 7, Number.NaN])
  })

  it('take a window that is known already as newer, and one that was missed in its place', () => {
    const series = columns(10, 20, 40)
    series.put(point(20, 99))
    series.put(point(30))
    series.put(point(50))
    expect(series.times).toEqual([10, 20, 30, 40, 50])
    expect(series.figures.requests).toEqual([10, 99, 30, 40, 50])
  })

  it('leave out what is older than everything, and hold what is missing as NaN', () => {
    const series = columns(10)
    series.put(point(0))
    series.put(point(20, null))
    expect(series.times).toEqual([10, 20])
    expect(series.figures.requests).toEqual([10, Number.NaN])
  })

  it('forget what has left the range, but for the window that reaches into it', () => {
    const series = columns(10, 20, 30, 40)
    series.trim(35)
    expect(series.times).toEqual([30, 40])
    series.trim(Infinity)
    expect(series.times).toEqual([30, 40])
  })

  it.each([
    [14, 0],
    [19, 1],
    [34, 1],
    [46, 2],
    [54, 2],
    [-6, -1],
    [0, 0],
    [66, -1],
  ])('find the window under a crosshair at %d s, and none in a gap', (second, index) => {
    expect(columns(10, 20, 50).indexAt(second, 10)).toBe(index)
  })
})
