import { describe, expect, it } from 'vitest'
import type { Measurement } from '../../metrics/sample.ts'
import { readBaseline } from './baseline.ts'
import type { Baseline, CumulativeSeries, Snapshot } from './cumulative.ts'
import { deltaOf, sinceStart } from './deltas.ts'
import { seriesKey } from './series-key.ts'

const AT_MS = 1_800_000_000_000
const BOUNDS_MS = [100, 300, 1000]

function counter(count: number, over: Partial<CumulativeSeries> = {}): CumulativeSeries {
  const figure = over.figure ?? 'requests'
  const key = seriesKey(`${figure}.0`, 0, 'engine 0')
  return { key, figure, reason: null, startMs: null, count, sumMs: null, boundsMs: null, counts: null, ...over }
}

function histogram(counts: readonly number[], sumMs: number | null, over: Partial<CumulativeSeries> = {}) {
  const count = counts.reduce((sum, of) => sum + of, 0)
  return counter(count, { figure: 'latency', sumMs, boundsMs: BOUNDS_MS, counts, ...over })
}

function snapshot(atMs: number, series: readonly CumulativeSeries[], over: Partial<Snapshot> = {}): Snapshot {
  return { atMs, series, gauges: {}, known: new Set(series.map(({ figure }) => figure)), ...over }
}

/** What is measured in the last of some snapshots, each five seconds after the one before; baselines are stored. */
function last(...looks: readonly (readonly CumulativeSeries[])[]): Measurement {
  let before: Baseline | null = null
  let measured: Measurement | undefined
  for (const [at, series] of looks.entries()) {
    const { measurement, baseline } = deltaOf(before, snapshot(AT_MS + at * 5000, series))
    measured = measurement
    before = readBaseline(JSON.parse(JSON.stringify(baseline)))
  }
  if (measured === undefined) throw new RangeError('There is no snapshot.')
  return measured
}

describe('the first look', () => {
  it('counts nothing, and shows gauges', () => {
    const now = snapshot(AT_MS, [counter(70), histogram([1, 2, 3, 4], 5000)], {
      gauges: { inFlight: 2.4, kvCacheUsage: 0.5 },
    })
    const { measurement } = deltaOf(null, now)
    expect(measurement).toMatchObject({ requests: null, errors: null, latency: null, latencySumMs: null })
    expect(measurement).toMatchObject({ inFlight: 2, waiting: null, kvCacheUsage: 0.5 })
  })

  it('counts what is known to have begun within the window', () => {
    const series = [
      counter(7, { startMs: AT_MS - 4000 }),
      counter(50, { startMs: AT_MS - 60_000, key: seriesKey('requests.0', 0, 'engine 1') }),
    ]
    expect(deltaOf(null, snapshot(AT_MS, series), { sinceMs: AT_MS - 5000 }).measurement.requests).toBe(7)
    expect(deltaOf(null, snapshot(AT_MS, series)).measurement.requests).toBeNull()
  })

  it('does not believe a start in the future', () => {
    const series = [counter(7, { startMs: AT_MS + 120_000 })]
    expect(deltaOf(null, snapshot(AT_MS, series), { sinceMs: AT_MS - 5000 }).measurement.requests).toBeNull()
  })
})

describe('what happened since the last look', () => {
  it('is what each series grew by, buckets by buckets', () => {
    const other = { key: seriesKey('latency.0', 0, 'engine 1') }
    const measured = last(
      [counter(70), histogram([1, 2, 3, 4], 5000), histogram([9, 0, 0, 0], 90, other)],
      [counter(75), histogram([1, 4, 3, 5], 9000), histogram([10, 0, 0, 0], 110, other)],
    )
    expect(measured).toMatchObject({ requests: 5, latencySumMs: 4020, latencyMaxMs: null })
    expect(measured.latency?.cumulative(BOUNDS_MS)).toEqual([1, 3, 3])
    expect(measured.latency?.count).toBe(4)
  })

  it('is zero where nothing moved, and unknown where nothing is said', () => {
    const look = [counter(70), histogram([1, 2, 3, 4], 5000), counter(3, { figure: 'promptTokens' })]
    expect(last(look, look)).toMatchObject({
      requests: 0,
      errors: null,
      errorsByReason: null,
      latency: null,
      latencySumMs: 0,
      latencyMaxMs: 0,
      queueTimeSumMs: null,
      promptTokens: 0,
      generatedTokens: null,
    })
  })

  it('is zero for errors of a family of which no series is an error so far', () => {
    const known = new Set(['requests', 'errors'] as const)
    const first = deltaOf(null, snapshot(AT_MS, [counter(5)], { known }))
    expect(first.measurement.errors).toBeNull()
    const { measurement } = deltaOf(first.baseline, snapshot(AT_MS + 5000, [counter(6)], { known }))
    expect(measurement).toMatchObject({ requests: 1, errors: 0, errorsByReason: {} })
  })

  it('tells at most 16 reasons apart, cut at 64 characters', () => {
    const errors = (by: number) =>
      Array.from({ length: 20 }, (_, at) =>
        counter(by * (at + 1), {
          figure: 'errors',
          reason: at === 19 ? 'x'.repeat(100) : `reason ${at}`,
          key: seriesKey('errors.0', 0, `${at}`),
        }),
      )
    const { errors: all, errorsByReason } = last(errors(1), errors(2))
    expect(all).toBe(210)
    expect(Object.keys(errorsByReason ?? {})).toHaveLength(17)
    expect(errorsByReason).toMatchObject({ ['x'.repeat(64)]: 20, 'reason 18': 19, 'reason 4': 5, other: 1 + 2 + 3 + 4 })
  })

  it('has no sum where the sums say what cannot be', () => {
    for (const [before, after] of [
      [9000, 5000],
      [5000, 5000],
      [null, 5000],
      [5000, null],
    ] as const) {
      const measured = last([histogram([1, 2, 3, 4], before)], [histogram([1, 2, 4, 4], after)])
      expect(measured.latencySumMs).toBeNull()
      expect(measured.latency?.count).toBe(1)
    }
    // One engine without a sum: the mean of the others is not that of all.
    const other = { key: seriesKey('latency.0', 0, 'engine 1') }
    const measured = last(
      [histogram([1, 0, 0, 0], 50), histogram([1, 0, 0, 0], null, other)],
      [histogram([2, 0, 0, 0], 90), histogram([2, 0, 0, 0], null, other)],
    )
    expect([measured.latencySumMs, measured.latency?.count]).toEqual([null, 2])
  })
})

describe('a series that begins anew', () => {
  it('counts what it has counted since: when its number fell', () => {
    expect(last([counter(70)], [counter(3)])).toMatchObject({ requests: 3 })
    const measured = last([histogram([1, 2, 3, 4], 5000)], [histogram([1, 0, 0, 1], 4100)])
    expect(measured.latency?.cumulative(BOUNDS_MS)).toEqual([1, 1, 1])
    expect(measured.latencySumMs).toBe(4100)
  })

  it('counts what it has counted since: when one bucket fell, though its number did not', () => {
    const measured = last([histogram([5, 5, 0, 0], 2000)], [histogram([1, 9, 2, 0], 4000)])
    expect(measured.latency?.cumulative(BOUNDS_MS)).toEqual([1, 10, 12])
    expect(measured.latencySumMs).toBe(4000)
  })

  it('counts what it has counted since: when it has other bounds', () => {
    const other = histogram([2, 3], 700, { boundsMs: [200] })
    const measured = last([histogram([1, 2, 0, 0], 600)], [other])
    expect(measured.latency?.cumulative([200])).toEqual([2])
    expect([measured.latency?.count, measured.latencySumMs]).toEqual([5, 700])
  })

  it('is not taken for another process when only its bounds changed: then its number is known, and no bucket', () => {
    const startMs = AT_MS - 1e6
    const other = histogram([2, 3], 700, { boundsMs: [200], startMs })
    const measured = last([histogram([1, 2, 0, 0], 600, { startMs })], [other])
    expect([measured.latency?.count, measured.latency?.unknownCount, measured.latencySumMs]).toEqual([2, 2, 100])
  })

  it('did not, when its buckets come or go: their number is known all the same', () => {
    const bare = counter(3, { figure: 'latency', sumMs: 600 })
    for (const looks of [
      [[bare], [histogram([1, 2, 2, 0], 700)]],
      [[histogram([1, 1, 1, 0], 600)], [{ ...bare, count: 5, sumMs: 700 }]],
    ]) {
      const measured = last(...looks)
      expect([measured.latency?.count, measured.latency?.unknownCount, measured.latencySumMs]).toEqual([2, 2, 100])
    }
  })

  it('counts what it has counted since: when it started after the last look, though it has counted more by now', () => {
    const look = (count: number, startMs: number) => [counter(count, { startMs })]
    expect(last(look(70, AT_MS - 1e6), look(90, AT_MS + 3000)).requests).toBe(90)
    // A second more or less is the same start, computed anew from a clock that was set.
    expect(last(look(70, AT_MS - 1e6), look(90, AT_MS - 1e6 + 1000)).requests).toBe(20)
  })

  it('counts nothing when another process answers that is as old: nobody knows what of it is new', () => {
    const look = (count: number, startMs: number) => [counter(count, { startMs })]
    const [one, two] = [AT_MS - 1e6, AT_MS - 2e6]
    expect(last(look(70, one), look(90, two)).requests).toBeNull()
    expect(last(look(70, one), look(30, two), look(72, one)).requests).toBeNull()
    // Both began less than a minute ago: whoever begins anew does so later.
    expect(last(look(7, AT_MS - 5000), look(9, AT_MS - 20_000)).requests).toBeNull()
  })
})

describe('a series that comes or goes', () => {
  const replica = (name: string, count: number, startMs: number | null = null) =>
    counter(count, { key: seriesKey('requests.0', 0, name), startMs })

  it('counts nothing when it is seen for the first time, beside those that were there', () => {
    expect(last([replica('a', 10)], [replica('a', 12), replica('b', 500)]).requests).toBe(2)
    expect(
      last([replica('a', 10)], [replica('a', 12), replica('b', 500)], [replica('a', 12), replica('b', 501)]).requests,
    ).toBe(1)
  })

  it('counts whole when it says that it began since', () => {
    expect(last([replica('a', 10)], [replica('a', 12), replica('b', 5, AT_MS + 100)]).requests).toBe(7)
    expect(last([replica('a', 10)], [replica('a', 12), replica('b', 5, AT_MS - 100)]).requests).toBe(2)
  })

  it('does not count twice when it is gone for a while', () => {
    expect(
      last([replica('a', 10), replica('b', 500)], [replica('a', 12)], [replica('a', 12), replica('b', 503)]).requests,
    ).toBe(3)
  })

  it('counts nothing of more than a minute without it, and goes on from there', () => {
    const { baseline } = deltaOf(null, snapshot(AT_MS, [replica('a', 10), replica('b', 500)]))
    const look = (before: Baseline, at: number, series: CumulativeSeries[]) => deltaOf(before, snapshot(at, series))
    const without = look(baseline, AT_MS + 5000, [replica('a', 10)]).baseline
    expect(look(without, AT_MS + 60_000, [replica('a', 11), replica('b', 503)]).measurement.requests).toBe(4)
    const back = look(without, AT_MS + 65_000, [replica('a', 11), replica('b', 503)])
    expect(back.measurement.requests).toBe(1)
    expect(look(back.baseline, AT_MS + 70_000, [replica('a', 11), replica('b', 504)]).measurement.requests).toBe(1)
    // Nor of a restart in that time, unless it is known to be later.
    expect(look(without, AT_MS + 65_000, [replica('b', 3)]).measurement.requests).toBeNull()
    expect(look(without, AT_MS + 65_000, [replica('b', 3, AT_MS + 6000)]).measurement.requests).toBe(3)
  })

  it('is forgotten after ten minutes', () => {
    const both = [replica('a', 10), replica('b', 500)]
    const { baseline } = deltaOf(null, snapshot(AT_MS, both))
    const kept = deltaOf(baseline, snapshot(AT_MS + 600_000, [replica('a', 10)])).baseline
    expect(deltaOf(kept, snapshot(AT_MS + 605_000, both)).measurement.requests).toBe(0)
    const forgotten = deltaOf(kept, snapshot(AT_MS + 600_001, [replica('a', 10)])).baseline
    expect(Object.keys(forgotten.series)).toHaveLength(1)
  })

  it('adds nothing while it is frozen', () => {
    expect(last([replica('a', 10), replica('dead', 500)], [replica('a', 11), replica('dead', 500)]).requests).toBe(1)
  })
})

describe('a stored baseline', () => {
  it('is small: 500 targets write one every five seconds', () => {
    const bounds = Array.from({ length: 20 }, (_, at) => 300 * (at + 1))
    const times = ['latency', 'timeToFirstToken', 'interTokenLatency', 'queueTime'] as const
    const series = times.flatMap((figure) =>
      ['0', '1'].map((engine) =>
        counter(9000, {
          figure,
          key: seriesKey(`${figure}.0`, 0, engine),
          startMs: AT_MS,
          sumMs: 123_456.789,
          boundsMs: bounds,
          counts: [...bounds.map((_, at) => (at % 3 === 0 ? 40 : 0)), 0],
        }),
      ),
    )
    const { baseline } = deltaOf(null, snapshot(AT_MS, series, { processStartMs: AT_MS }))
    expect(baseline.bounds).toHaveLength(1)
    expect(JSON.stringify(baseline).length / series.length).toBeLessThan(130)
  })

  it('of another version is none', () => {
    const { baseline } = deltaOf(null, snapshot(AT_MS, [counter(1)]))
    expect(readBaseline(baseline)).toBe(baseline)
    for (const other of [{ ...baseline, version: 2 }, { version: 'reports 1' }, null, undefined, 'text', []]) {
      expect(readBaseline(other)).toBeNull()
    }
  })
})

it('everything since the start is one window, also where it is more than a window may hold of tokens', () => {
  const tokens = counter(8e12, { figure: 'promptTokens' })
  expect(sinceStart(snapshot(AT_MS, [tokens, histogram([1, 2, 3, 4], 5000)]))).toMatchObject({
    promptTokens: 8e12,
    latencySumMs: 5000,
    requests: null,
  })
})
