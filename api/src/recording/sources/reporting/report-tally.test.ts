import { describe, expect, it } from 'vitest'
import type { ReportedPoint, ReportedRequest } from '../../../samples/reported.ts'
import { ReportTally } from './report-tally.ts'

const request = (error: string | null): ReportedRequest => ({
  latencyMs: 5,
  timeToFirstTokenMs: null,
  queueTimeMs: null,
  promptTokens: null,
  generatedTokens: null,
  error,
})

describe('what was reported for a window', () => {
  it('has reasons of any name', () => {
    const tally = new ReportTally()
    const names = ['constructor', 'toString', '__proto__']
    tally.addRequests([...names, ...names].map(request))
    const { errorsByReason } = tally.measurement()
    expect(Object.entries(errorsByReason ?? {})).toEqual(names.map((name) => [name, 2]))
  })

  it('has no distribution of more than can be, however many points say so', () => {
    const tally = new ReportTally()
    const bounds = { kind: 'bounds', boundsMs: [100], counts: [1e12, 0] } as const
    const placed = { server: 0, group: 0, place: 0, reason: null }
    const point: ReportedPoint = {
      kind: 'point',
      from: 'a',
      timeMs: 1,
      series: null,
      startMs: 0,
      count: 1e12,
      sum: 1,
      maxMs: null,
      buckets: bounds,
      figures: [
        { ...placed, figure: 'latency', part: 'all' },
        { ...placed, figure: 'requests', part: 'count' },
      ],
    }
    for (let n = 0; n < 10_000; n++) tally.addPoint(point, { ...point, buckets: n % 2 === 0 ? bounds : null })
    expect(tally.measurement()).toMatchObject({ latency: null, latencySumMs: null, requests: 1e16 })
  })
})
