import { expect, it } from 'vitest'
import { eachFigure } from '../../live/sample.ts'
import { chartsCsv } from './charts-csv.ts'
import type { HistoryFeed } from './history-feed.ts'
import { SeriesColumns } from './series-columns.ts'

function feedOf(seconds: readonly number[]): HistoryFeed {
  const series = new SeriesColumns()
  series.replace(
    seconds.map((second) => ({ ...eachFigure(() => null), at: second * 1000, windowMs: 10_000, requests: second })),
  )
  return { series: () => series, range: () => [10, 40], stepSeconds: 10 } as unknown as HistoryFeed
}

it('writes what is drawn: the windows of the range, with nothing where there is no figure', () => {
  expect(chartsCsv(feedOf([-10, 0, 20, 50]), ['a'])).toBe(
    [
      'series,at,windowSeconds,p50Ms,p95Ms,p99Ms,requests,requestsPerSecond,errorRate,tokensPerSecond',
      'a,1970-01-01T00:00:00.000Z,10,,,,0,,,',
      'a,1970-01-01T00:00:20.000Z,10,,,,20,,,',
      '',
    ].join('\r\n'),
  )
})

it('quotes names, and keeps a spreadsheet from taking one for a formula', () => {
  const csv = chartsCsv(feedOf([20]), ['a,"b"', '=1+1'])
  expect(csv.split('\r\n').map((line) => line.split(',19')[0])).toEqual([expect.anything(), '"a,""b"""', "'=1+1", ''])
})
