import { describe, expect, it } from 'vitest'
import { Random, seedOf } from '../recording/sources/simulator/random.ts'
import { MAX_ROWS, resolutionFor } from './history-resolution.ts'

const NOON = Date.UTC(2026, 10, 23, 12)
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const WEEK = 7 * DAY
const YEAR = 365 * DAY

const widthFor = (fromMs: number, toMs: number, maxPoints: number, intervalMs: number) =>
  resolutionFor({ fromMs, toMs, maxPoints }, { intervalMs }).widthMs

describe('the resolution of a history', () => {
  it.each([
    ['five minutes in 300 points', 5 * MINUTE, 300, SECOND],
    ['five minutes and a second in 300 points', 5 * MINUTE + SECOND, 300, 2 * SECOND],
    ['an hour in 300 points', HOUR, 300, 15 * SECOND],
    ['an hour in 60 points', HOUR, 60, MINUTE],
    ['an hour in 59 points', HOUR, 59, 2 * MINUTE],
    ['a day in 300 points', DAY, 300, 5 * MINUTE],
    ['a day in 2000 points', DAY, 2000, MINUTE],
    ['twelve hours in one point', 12 * HOUR, 1, 12 * HOUR],
  ])('of %s is the finest readable one that fits', (_what, spanMs, maxPoints, resolutionMs) => {
    expect(widthFor(NOON, NOON + spanMs, maxPoints, SECOND)).toBe(resolutionMs)
  })

  it('counts windows that the ends only touch', () => {
    expect(widthFor(NOON + 500, NOON + 10_500, 10, SECOND)).toBe(2 * SECOND)
    expect(widthFor(NOON + 500, NOON + 10_500, 11, SECOND)).toBe(SECOND)
  })

  it('is never finer than the windows that are recorded, and as fine as them where they are short', () => {
    expect(widthFor(NOON, NOON + MINUTE, 2000, 5 * SECOND)).toBe(5 * SECOND)
    // Whole windows only: two of six seconds would not fill a point of ten.
    expect(widthFor(NOON, NOON + MINUTE, 8, 6 * SECOND)).toBe(30 * SECOND)
    expect(widthFor(NOON, NOON + SECOND, 100, 10)).toBe(10)
    expect(widthFor(NOON, NOON + SECOND, 99, 10)).toBe(SECOND)
  })

  it('keeps to the bound for any span, from a millisecond to ten thousand years', () => {
    const random = new Random(seedOf('spans'))
    for (let round = 0; round < 2000; round += 1) {
      const fromMs = Math.floor(random.between(0, NOON))
      const toMs = Math.min(fromMs + Math.ceil(10 ** random.between(0, 14)), 253_402_300_799_999)
      const maxPoints = Math.ceil(2000 ** random.between(0, 1))
      const width = widthFor(fromMs, toMs, maxPoints, SECOND)
      const points = Math.ceil(toMs / width) - Math.floor(fromMs / width)
      expect([fromMs, toMs, maxPoints, points <= maxPoints, points > 0]).toEqual([fromMs, toMs, maxPoints, true, true])
    }
  })

  it('keeps to a single point also where the span lies across a week’s border', () => {
    const border = Math.ceil(NOON / WEEK) * WEEK
    const width = widthFor(border - HOUR, border + HOUR, 1, SECOND)
    expect(Math.ceil((border + HOUR) / width) - Math.floor((border - HOUR) / width)).toBe(1)
  })

  it('is found at once for years before the epoch, and for a span across it', () => {
    expect(widthFor(-62_167_219_200_000, -62_167_219_200_000 + DAY, 24, SECOND)).toBe(HOUR)
    expect(widthFor(-62_167_219_200_000, 253_402_300_799_999, 1, SECOND)).toBeGreaterThan(253_402_300_799_999)
  })

  it('is a multiple of the windows that are kept for so long, and is merged from the longest that make it up', () => {
    const range = { fromMs: NOON - HOUR, toMs: NOON, maxPoints: 2000 }
    const of = (finestMs: number, maxPoints = 2000) =>
      resolutionFor({ ...range, maxPoints }, { intervalMs: SECOND, finestMs })
    expect(of(SECOND)).toEqual({ widthMs: 2 * SECOND, storedMs: SECOND, rows: 3600 })
    expect(of(10 * SECOND)).toEqual({ widthMs: 10 * SECOND, storedMs: 10 * SECOND, rows: 360 })
    expect(of(10 * SECOND, 300)).toEqual({ widthMs: 30 * SECOND, storedMs: 10 * SECOND, rows: 360 })
    expect(of(SECOND, 300)).toEqual({ widthMs: 15 * SECOND, storedMs: SECOND, rows: 3600 })
    expect(of(MINUTE)).toEqual({ widthMs: MINUTE, storedMs: MINUTE, rows: 60 })
    expect(of(HOUR)).toEqual({ widthMs: HOUR, storedMs: HOUR, rows: 1 })
  })

  it('is wider where many deployments are merged, so that not too many windows are read', () => {
    const of = (deployments: number, spanMs: number) =>
      resolutionFor(
        { fromMs: NOON - spanMs, toMs: NOON, maxPoints: 300 },
        { intervalMs: SECOND, seriesAt: () => deployments },
      )
    expect(of(1, DAY)).toMatchObject({ widthMs: 5 * MINUTE, rows: 288 })
    expect(of(200, DAY)).toMatchObject({ widthMs: HOUR, rows: 4800 })
    expect(of(60, 5 * MINUTE)).toMatchObject({ widthMs: SECOND, rows: 18_000 })
    expect(of(200, 5 * MINUTE)).toMatchObject({ widthMs: 10 * SECOND, rows: 6000 })
    expect(of(1, YEAR).rows).toBeLessThan(MAX_ROWS)
  })

  it('counts only windows from a time at which something may be recorded', () => {
    const recorded = { fromMs: NOON - HOUR, toMs: NOON }
    const range = { fromMs: 0, toMs: NOON + 100 * YEAR, maxPoints: 300 }
    expect(resolutionFor(range, { intervalMs: SECOND, recorded, seriesAt: () => 100 }).rows).toBeLessThan(1000)
  })
})
