import { describe, expect, it } from 'vitest'
import { packReports, unpackReports } from './packed-reports.ts'
import type { ReportedPoint } from './reported.ts'

const point = (boundsMs: readonly number[]): ReportedPoint => ({
  kind: 'point',
  from: 'a',
  timeMs: 1,
  series: null,
  startMs: 0,
  count: 0,
  sum: 1,
  maxMs: null,
  buckets: { kind: 'bounds', boundsMs, counts: [0] },
  figures: [],
})

describe('packed reports', () => {
  it('write bounds that several points have once', () => {
    const packed = packReports([point([1, 2.5]), point([1, 2.5]), point([1, 7])])
    expect(packed.match(/2\.5/g)).toHaveLength(1)
    expect(unpackReports(packed)).toEqual([point([1, 2.5]), point([1, 2.5]), point([1, 7])])
  })

  it('of points with bounds of their own are made in a time that grows with their number alone', () => {
    let reads = 0
    const reports = Array.from({ length: 500 }, (_, n) => {
      const bounds = [...Array.from({ length: 20 }, (_none, at) => at), 100 + n]
      const counting = new Proxy(bounds, {
        get: (list, name, receiver) => {
          reads++
          return Reflect.get(list, name, receiver) as unknown
        },
      })
      return point(counting)
    })
    expect(unpackReports(packReports(reports))).toEqual(reports)
    expect(reads / reports.length).toBeLessThan(3000)
  })
})
