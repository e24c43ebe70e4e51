import { describe, expect, it } from 'vitest'
import type { Baseline, CumulativeSeries, Snapshot } from './cumulative.ts'
import { deltaOf } from './deltas.ts'
import { seriesKey } from './series-key.ts'

const AT_MS = 1_800_000_000_000

function counter(count: number, over: Partial<CumulativeSeries> = {}): CumulativeSeries {
  const key = seriesKey('requests.0', 0, 'engine 0')
  const nothing = { reason: null, startMs: null, sumMs: null, boundsMs: null, counts: null }
  return { key, figure: 'requests', count, ...nothing, ...over }
}

describe('a new series of a process that answered before', () => {
  const startMs = AT_MS - 1e6
  const error = (count: number, over: Partial<CumulativeSeries> = {}) =>
    counter(count, { figure: 'errors', startMs, key: seriesKey('errors.0', 0, 'abort'), reason: 'abort', ...over })
  const requests = counter(9, { startMs })
  const look = (series: readonly CumulativeSeries[], over: Partial<Snapshot> = {}): Snapshot => ({
    atMs: AT_MS,
    series,
    gauges: {},
    known: new Set(series.map(({ figure }) => figure)),
    processStartMs: startMs,
    readAs: 'v1',
    ...over,
  })
  const errorsAfter = (before: Snapshot, now: Snapshot) =>
    deltaOf(deltaOf(null, before).baseline, { ...now, atMs: before.atMs + 5000 }).measurement.errors

  it('counts whole: it was not there the last time', () => {
    expect(errorsAfter(look([requests]), look([requests, error(2)]))).toBe(2)
  })

  it('counts nothing when another process answers, or nobody says which, or it is read in another way', () => {
    expect(errorsAfter(look([requests], { processStartMs: startMs - 5 }), look([requests, error(2)]))).toBeNull()
    const unknown = { processStartMs: null }
    expect(errorsAfter(look([requests], unknown), look([requests, error(2)], unknown))).toBeNull()
    expect(errorsAfter(look([requests], { readAs: 'v0' }), look([requests, error(2)]))).toBeNull()
  })

  it('counts nothing when it says under another name what was counted before', () => {
    const renamed = error(9, { key: seriesKey('errors.0', 1, 'abort') })
    expect(errorsAfter(look([requests, error(9)]), look([requests, renamed]))).toBeNull()
  })

  it('counts whole by the name that the others have now, whatever another name is remembered of', () => {
    const named = (rule: number, label: string, count: number) =>
      error(count, { key: seriesKey('errors.0', rule, label), reason: label })
    const looks = [
      [requests, named(1, 'abort', 9)],
      [requests, named(0, 'abort', 9)],
      [requests, named(0, 'abort', 9), named(0, 'timeout', 2)],
    ]
    let before: Baseline | null = null
    const errors = looks.map((seen, at) => {
      const { measurement, baseline } = deltaOf(before, look(seen, { atMs: AT_MS + at * 5000 }))
      // As the database gives it back, which puts keys in an order of its own.
      const series = Object.fromEntries(Object.entries(baseline.series).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      before = { ...baseline, series }
      return measurement.errors
    })
    expect(errors).toEqual([null, null, 2])
  })
})
