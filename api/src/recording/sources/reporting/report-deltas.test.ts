import { describe, expect, it } from 'vitest'
import type { ReportedPoint } from '../../../samples/reported.ts'
import {
  increaseOf,
  instrumentsOf,
  MAX_SILENCE_MS,
  readReportBaseline,
  type ReportedState,
  writeReportBaseline,
} from './report-deltas.ts'

const SINCE = 1_000_000
const point = (
  series: string | null,
  timeMs: number,
  count: number,
  startMs: number | null = SINCE,
): ReportedPoint => ({
  kind: 'point',
  from: 'a',
  timeMs: SINCE + timeMs,
  series,
  startMs,
  count,
  sum: count * 10,
  maxMs: null,
  buckets: null,
  figures: [],
})

/** How much each point adds, in the order in which they are looked at. */
function increases(points: readonly ReportedPoint[], states = new Map<string, ReportedState>(), sinceMs = SINCE) {
  const instruments = instrumentsOf(states)
  return points.map((one) => {
    const increase = increaseOf(one, states, { sinceMs, instruments })
    return increase === null || increase === 'counted' ? increase : increase.count
  })
}

describe('what cumulative reports add', () => {
  it('counts a new series whole, and then what it grew by', () => {
    expect(increases([point('a', 1000, 5), point('a', 2000, 7), point('a', 3000, 7)])).toEqual([5, 2, 0])
  })

  it('counts a delta as it is', () => {
    expect(increases([point(null, 1000, 5), point(null, 1000, 5)])).toEqual([5, 5])
  })

  it('counts a point that was overtaken by a newer one in that one', () => {
    expect(increases([point('a', 2000, 7), point('a', 1000, 5), point('a', 3000, 9)])).toEqual([7, 'counted', 2])
  })

  it('counts from the beginning where counts fell', () => {
    expect(increases([point('a', 1000, 5), point('a', 2000, 2)])).toEqual([5, 2])
  })

  it('counts from the beginning where a bucket fell, though there are more in all', () => {
    const of = (timeMs: number, counts: number[]) => {
      const buckets = { kind: 'bounds', boundsMs: [100], counts } as const
      return {
        ...point(
          'a',
          timeMs,
          counts.reduce((sum, count) => sum + count),
        ),
        buckets,
      }
    }
    expect(increases([of(1000, [1, 4]), of(2000, [9, 0])])).toEqual([5, 9])
  })

  it('counts nothing of a series that began before anybody listened, or nobody knows when, but what it grows by', () => {
    expect(increases([point('a', 1000, 50, SINCE - 1), point('a', 2000, 52, SINCE - 1)])).toEqual([null, 2])
    expect(increases([point('a', 1000, 50, SINCE + 1000), point('a', 2000, 52, SINCE + 1000)])).toEqual([null, 2])
    expect(increases([point('a', 1000, 50, null), point('a', 2000, 52, null)])).toEqual([null, 2])
  })

  it('counts a new series whole if others of the same beginning were reported before, and it was not', () => {
    const of = (name: string, at: number, count: number) => point(name, at, count, SINCE - 9e6)
    const first = () => {
      const states = new Map<string, ReportedState>()
      expect(increases([of('process1 ok', 1000, 50)], states)).toEqual([null])
      return states
    }
    expect(increases([of('process1 timeout', 11_000, 3), of('process1 ok', 11_000, 55)], first())).toEqual([3, 5])
    // Of another process, with the first report, as old as that, after a long silence, or before a pause: nobody knows.
    expect(increases([of('process2 timeout', 11_000, 3)], first())).toEqual([null])
    expect(increases([of('process1 ok', 1000, 50), of('process1 timeout', 1000, 3)])).toEqual([null, null])
    expect(increases([of('process1 timeout', 1000, 3)], first())).toEqual([null])
    expect(increases([of('process1 timeout', 1001 + MAX_SILENCE_MS, 3)], first())).toEqual([null])
    expect(increases([of('process1 timeout', 11_000, 3)], first(), SINCE + 2000)).toEqual([null])
    expect(increases([point('process1 timeout', 11_000, 3, null)], first())).toEqual([null])
  })

  it('counts nothing of a silence of more than five minutes, and goes on from there', () => {
    const later = MAX_SILENCE_MS + 2000
    expect(increases([point('a', 1000, 5), point('a', later, 900), point('a', later + 1000, 901)])).toEqual([
      5,
      null,
      1,
    ])
    // Forgotten meanwhile, as after a restart of the server.
    expect(increases([point('a', later, 900)])).toEqual([null])
  })

  it('counts nothing of the time in which the deployment was paused', () => {
    const states = new Map<string, ReportedState>([['a', { timeMs: SINCE - 500, count: 5, sum: 50, buckets: null }]])
    expect(increases([point('a', 1000, 9, SINCE - 1000), point('a', 2000, 10, SINCE - 1000)], states)).toEqual([
      null,
      1,
    ])
  })

  it('is stored and read back, without what was silent for ten minutes', () => {
    const states = new Map<string, ReportedState>()
    increases([point('old', 1000, 5), point('a', 2 * MAX_SILENCE_MS + 2000, 5)], states)
    const stored: unknown = JSON.parse(JSON.stringify(writeReportBaseline(states, SINCE + 2 * MAX_SILENCE_MS + 2000)))
    expect([...readReportBaseline(stored).keys()]).toEqual(['a'])
    expect(readReportBaseline({ version: 1, series: { a: [1] } })).toEqual(new Map())
    expect(readReportBaseline(null)).toEqual(new Map())
  })
})
