import { expect, it } from 'vitest'
import { packReports, unpackReports } from './packed-reports.ts'
import type { Reported, ReportedPoint } from './reported.ts'

const figures: ReportedPoint['figures'] = [
  { figure: 'errors', part: 'count', reason: 'line\nbreak \u0000 \ud800 "quoted" \\n', server: 0, group: 0, place: 1 },
]
const point: ReportedPoint = {
  kind: 'point',
  from: 'a',
  timeMs: 1_000_000.25,
  series: null,
  startMs: null,
  count: 6,
  sum: 4.5,
  maxMs: null,
  buckets: { kind: 'bounds', boundsMs: [250, 1000], counts: [1, 2, 3] },
  figures,
}
const reports: Reported[] = [
  point,
  { ...point, from: 'b', series: 's', startMs: 12, maxMs: 3, figures: [] },
  { ...point, buckets: { kind: 'bounds', boundsMs: [250, 1000.5], counts: [3, 2, 1] } },
  { ...point, sum: null, buckets: null },
  {
    ...point,
    buckets: { kind: 'exponential', unitMs: 1000, scale: 3, offset: -7, counts: [1, 0, 2], zero: 3, zeroMs: 0 },
  },
  {
    kind: 'requests',
    requests: [
      { latencyMs: 1, timeToFirstTokenMs: null, queueTimeMs: 2, promptTokens: 3, generatedTokens: 4, error: 'a\nb' },
    ],
  },
]

it('Reports that are unpacked are those that were packed, whatever texts are in them, and take one line', () => {
  const packed = packReports(reports)
  expect(unpackReports(packed)).toEqual(reports)
  expect(packed).not.toContain('\n')
})

it('Reports of points with bounds of their own are packed in a time that grows with their number alone', () => {
  let reads = 0
  const each = Array.from({ length: 500 }, (_, n): ReportedPoint => {
    const bounds = [...Array.from({ length: 20 }, (_none, at) => at), 100 + n]
    const boundsMs = new Proxy(bounds, {
      get: (list, name, receiver) => {
        reads++
        return Reflect.get(list, name, receiver) as unknown
      },
    })
    return { ...point, buckets: { kind: 'bounds', boundsMs, counts: [0] } }
  })
  expect(unpackReports(packReports(each))).toEqual(each)
  expect(reads / each.length).toBeLessThan(3000)
})
