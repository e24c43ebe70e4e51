import { expect, it } from 'vitest'
import { MODEL_SERVERS } from '../model-servers/all.ts'
import type { HistogramPoint } from './otlp.ts'
import { PointReader } from './report-points.ts'
import { ReportRules } from './report-rules.ts'

const rules = new ReportRules(MODEL_SERVERS)

/** A histogram that a collector has scraped, with the bounds 0.25 and 1 and the unit that it says. */
function read(name: string, unit: string, bounds = [0.25, 1]) {
  const point: HistogramPoint = {
    attributes: new Map(),
    startNanos: 1e18,
    timeNanos: 1.000_000_005e18,
    hasNoValue: false,
    count: 6,
    sum: 4.5,
    max: null,
    bounds,
    counts: [1, 2, 3],
  }
  const data = { kind: 'histogram', temporality: 'CUMULATIVE', points: [point] } as const
  const reporter = { identity: 'r', from: 'r' }
  const given = new PointReader(reporter, { scope: '', name, unit, data }, data, rules.of(name)).read('d', point)
  if (given === null || !('point' in given)) throw new TypeError(`${name} was not read.`)
  return given.point
}

it.each([
  // The number of these is that of requests too.
  ['sglang:e2e_request_latency_seconds', 1000],
  ['request_predict_seconds', 1000],
  ['gen_ai_server_request_duration_seconds', 1000],
  ['ray_serve_http_request_latency_ms', 1],
  ['vllm:time_to_first_token_seconds', 1000],
])('%s is read in the unit of its server where the metric says none', (name, unitMs) => {
  const expected = { sum: 4.5 * unitMs, buckets: { kind: 'bounds', boundsMs: [0.25 * unitMs, unitMs] } }
  expect(read(name, '')).toMatchObject(expected)
  expect(read(name, 's')).toMatchObject({ sum: 4500, buckets: { boundsMs: [250, 1000] } })
})

it('The same list of bounds is read in the unit of each metric', () => {
  const bounds = [0.25, 1]
  for (const [unit, boundsMs] of [
    ['s', [250, 1000]],
    ['ms', bounds],
    ['s', [250, 1000]],
  ] as const) {
    expect(read('gen_ai.server.request.duration', unit, bounds).buckets).toMatchObject({ boundsMs })
  }
})

it('A reason takes no more memory than what is shown of it, however long it came', () => {
  const data = { kind: 'sum', temporality: 'DELTA', isMonotonic: true } as const
  const [metric, own] = ['tgi_request_failure', rules.of('tgi_request_failure')]
  const points = ['a', 'b'].map((letter) => ({
    attributes: new Map([['err', letter.repeat(1_000_000)]]),
    startNanos: 1e18,
    timeNanos: 1e18 + 1e9,
    hasNoValue: false,
    value: 1,
  }))
  const given = { ...data, points }
  const reader = new PointReader(
    { identity: 'r', from: 'r' },
    { scope: '', name: metric, unit: '', data: given },
    given,
    own,
  )
  for (const point of points) {
    const one = reader.read('d', point)
    if (one === null || !('point' in one)) throw new TypeError('It was not read.')
    const errors = one.point.figures.find(({ figure }) => figure === 'errors')
    expect(errors?.reason).toBe(point.attributes.get('err')?.slice(0, 200))
  }
})
