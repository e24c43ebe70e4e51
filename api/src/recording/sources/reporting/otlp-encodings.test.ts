import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { deltaSum, histogram, nanos, requestOf } from '../../../../test/otlp-requests.ts'
import { protobufOf } from '../../../../test/otlp-protobuf.ts'
import { Random, seedOf } from '../simulator/random.ts'
import { MalformedReportError } from './otlp.ts'
import { readOtlpJson } from './otlp-json.ts'
import { readOtlpProtobuf } from './otlp-protobuf.ts'

const TIME = Date.UTC(2026, 10, 23, 12)
const times = { startTimeUnixNano: nanos(TIME - 1000), timeUnixNano: nanos(TIME) }
const attributes = [
  { key: 'error.type', value: { stringValue: 'Zeitüberschreitung ⏱' } },
  { key: 'stream', value: { boolValue: true } },
  { key: 'replica', value: { intValue: '12' } },
  { key: 'share', value: { doubleValue: 0.25 } },
]
const exponentialPoint = {
  ...times,
  attributes,
  count: '9',
  sum: 4.5,
  scale: -3,
  zeroCount: '2',
  positive: { offset: -40, bucketCounts: ['0', '300', '4'] },
  negative: { offset: 7, bucketCounts: [] },
  zeroThreshold: 0.001,
  max: 2,
}
const GIVEN: [string, object][] = [
  ['a sum', deltaSum({ name: 'vllm:generation_tokens', timeMs: TIME, value: 41.5, attributes: { a: 'b' } })],
  [
    'a histogram',
    histogram({
      name: 'gen_ai.server.request.duration',
      timeMs: TIME,
      bounds: [0.1, 1],
      counts: [1, 2, 3],
      sum: 4,
      max: 3,
    }),
  ],
  [
    'an exponential histogram',
    requestOf(
      { name: 'x', timeMs: TIME },
      { exponentialHistogram: { aggregationTemporality: 2, dataPoints: [exponentialPoint] } },
      's',
    ),
  ],
  [
    'a gauge',
    requestOf({ name: 'x', timeMs: TIME }, { gauge: { dataPoints: [{ ...times, attributes, asInt: '7' }] } }),
  ],
  [
    'a point without a value',
    requestOf({ name: 'x', timeMs: TIME }, { gauge: { dataPoints: [{ ...times, flags: 1 }] } }),
  ],
  [
    'a summary',
    requestOf(
      { name: 'x', timeMs: TIME },
      { summary: { dataPoints: [{ ...times, count: '3', sum: 5, quantileValues: [{ quantile: 0.5, value: 1 }] }] } },
    ),
  ],
]

describe('OTLP', () => {
  it.each(GIVEN)('says the same in protobuf and in JSON: %s', (_name, request) => {
    const read = readOtlpJson(JSON.parse(JSON.stringify(request)))
    expect(read[0]?.metrics[0]?.data?.points).toHaveLength(1)
    expect(readOtlpProtobuf(protobufOf(request))).toEqual(read)
  })

  it('says the same in protobuf and in JSON of points with the bounds of the one before, and with others', () => {
    const point = (explicitBounds: number[]) => ({
      ...times,
      count: '6',
      sum: 4,
      bucketCounts: ['1', '2', '3'],
      explicitBounds,
    })
    const dataPoints = [[0.1, 1], [0.1, 1], [0.1, 2], [], [0.1, 1]].map(point)
    const request = requestOf({ name: 'x', timeMs: TIME }, { histogram: { aggregationTemporality: 1, dataPoints } })
    expect(readOtlpProtobuf(protobufOf(request))).toEqual(readOtlpJson(JSON.parse(JSON.stringify(request))))
  })

  it('names of enums, numbers of 64 bits as numbers and fields that nobody knows are understood in JSON', () => {
    const written = JSON.stringify(histogram({ name: 'x', timeMs: TIME, bounds: [1], counts: [1, 2] }))
    const other = written
      .replace(
        '"aggregationTemporality":1',
        '"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","later":{"a":[1]}',
      )
      .replaceAll(/"(\d+)"/g, '$1')
    expect(other).not.toBe(written)
    expect(readOtlpJson(JSON.parse(other))).toEqual(readOtlpJson(JSON.parse(written)))
  })

  it.each([
    ['a list', [], /^The body must be a JSON object/],
    ['a text for a list', { resourceMetrics: 'x' }, /^resourceMetrics must be a list/],
    [
      'a text for a count',
      requestOf({ name: 'x', timeMs: 1 }, { sum: { dataPoints: [{ asInt: 'many' }] } }),
      /^resourceMetrics\[0\]\.scopeMetrics\[0\]\.metrics\[0\]\.sum\.dataPoints\[0\]\.asInt must be a number/,
    ],
  ])('in JSON is refused with the path to what is wrong: %s', (_name, body, message) => {
    expect(() => readOtlpJson(body)).toThrow(MalformedReportError)
    expect(() => readOtlpJson(body)).toThrow(message)
  })

  it('in protobuf is refused as soon as it is cut off anywhere but between two resources', () => {
    const whole = protobufOf(histogram({ name: 'x', timeMs: TIME, bounds: [1], counts: [1, 2] }))
    for (let length = 1; length < whole.length; length++) {
      expect(() => readOtlpProtobuf(whole.subarray(0, length))).toThrow(MalformedReportError)
    }
  })

  it('in protobuf with bytes that were changed is read or refused, and nothing else', () => {
    const random = new Random(seedOf('changed bytes'))
    const requests = GIVEN.map(([, request]) => protobufOf(request))
    for (let round = 0; round < 4000; round++) {
      const bytes = Buffer.from(requests[round % requests.length] ?? [])
      for (let change = 0; change <= round % 4; change++) {
        bytes[random.between(0, bytes.length - 1)] = random.between(0, 255)
      }
      try {
        readOtlpProtobuf(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedReportError)
      }
    }
  })

  const example = new URL('../../../../../../shared/data/expositions/otlp_metrics_example.json', import.meta.url)
  it.skipIf(!existsSync(example))('reads the example of its makers (skipped without ../shared)', () => {
    const body = JSON.parse(readFileSync(example, 'utf8')) as object
    const [{ metrics, resource } = { metrics: [], resource: new Map() }] = readOtlpJson(body)
    expect(resource.get('service.name')).toBe('my.service')
    expect(metrics.map(({ name, data }) => [name, data?.kind, data?.points.length])).toEqual([
      ['my.counter', 'sum', 1],
      ['my.gauge', 'gauge', 1],
      ['my.histogram', 'histogram', 1],
      ['my.exponential.histogram', 'exponential', 1],
    ])
    expect(readOtlpProtobuf(protobufOf(body))).toEqual(readOtlpJson(body))
  })
})

describe('a request of many empty parts', () => {
  const many = 80_001
  const none = (size: number) => Array.from({ length: size }, () => ({}))
  const of = (metrics: object[]) => ({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] })
  const refusal = 'A request has at most 80000 resources, scopes, metrics and data points together.'

  it.each([
    ['resources', { resourceMetrics: none(many) }],
    ['scopes', { resourceMetrics: [{ scopeMetrics: none(many) }] }],
    ['metrics', of(none(many))],
    ['data points', of([{ gauge: { dataPoints: none(many) } }])],
    ['data points of several metrics', of(none(9).map(() => ({ gauge: { dataPoints: none(9000) } })))],
  ])('is refused before all of its %s are read', (_what, request) => {
    expect(() => readOtlpJson(request)).toThrow(refusal)
    expect(() => readOtlpProtobuf(protobufOf(request))).toThrow(refusal)
  })

  it('is read when each data point is in a metric and a resource of its own', () => {
    const [resourceMetrics] = of([{ name: 'x', gauge: { dataPoints: [{}] } }]).resourceMetrics
    const request = { resourceMetrics: Array.from({ length: 20_000 }, () => resourceMetrics) }
    expect(readOtlpProtobuf(protobufOf(request))).toHaveLength(20_000)
    expect(readOtlpJson(request)).toHaveLength(20_000)
  })
})
