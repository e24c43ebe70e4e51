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
  it('is added up in a time that grows with the number of points alone, whatever their bounds', () => {
    let reads = 0
    const tally = new ReportTally()
    const figures = [{ server: 0, group: 0, place: 0, reason: null, figure: 'latency', part: 'all' }] as const
    const points = Array.from({ length: 500 }, (_, n): ReportedPoint => {
      const bounds = [...Array.from({ length: 20 }, (_none, at) => at), 100 + n]
      const boundsMs = new Proxy(bounds, {
        get: (list, name, receiver) => {
          reads++
          return Reflect.get(list, name, receiver) as unknown
        },
      })
      const counts = [1, ...bounds.map(() => 0)]
      const buckets = { kind: 'bounds', boundsMs, counts } as const
      return {
        kind: 'point',
        from: 'a',
        timeMs: 1,
        series: null,
        startMs: 0,
        count: 1,
        sum: 1,
        maxMs: null,
        buckets,
        figures,
      }
    })
    for (const point of points) tally.addPoint(point, point)
    expect(tally.measurement().latency?.count).toBe(500)
    expect(reads / points.length).toBeLessThan(3000)
  })

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
