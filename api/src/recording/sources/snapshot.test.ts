import { describe, expect, it } from 'vitest'
import { familiesIn } from '../../../test/expositions.ts'
import { parseExposition } from './scraping/parse-exposition.ts'
import { type ExposedSnapshot, snapshotOf, type SnapshotOptions, wantedFamilies } from './snapshot.ts'
import { AmbiguousModelsError } from './snapshot-errors.ts'

/** Reads samples, one a line; families are made of them. */
function read(lines: readonly string[], options: Partial<SnapshotOptions> = {}): ExposedSnapshot {
  const text = ['# TYPE anything unknown', ...lines].join('\n')
  return snapshotOf(familiesIn(text), { mapping: null, labels: {}, atMs: 1_800_000_000_000, ...options })
}

const sum = (snapshot: ExposedSnapshot, figure: string) =>
  snapshot.series.filter((of) => of.figure === figure).reduce((total, { count }) => total + count, 0)

const histogram = (buckets: readonly (readonly [string, number])[], rest: readonly string[] = []): string[] => [
  ...buckets.map(([le, upTo]) => `vllm:e2e_request_latency_seconds_bucket{le="${le}"} ${upTo}`),
  ...rest.map((line) => `vllm:e2e_request_latency_seconds_${line}`),
]

describe('a histogram', () => {
  const series = (...lines: string[]) => read(lines).series.find(({ figure }) => figure === 'latency')

  it('is counted per bucket, in milliseconds, whatever the order of its bounds', () => {
    const buckets = [
      ['+Inf', 10],
      ['1.1', 7],
      ['0.3', 2],
      ['2.5', 9],
    ] as const
    expect(series(...histogram(buckets, ['count 10', 'sum 8.25']))).toMatchObject({
      count: 10,
      sumMs: 8250,
      boundsMs: [300, 1100, 2500],
      counts: [2, 5, 2, 1],
    })
  })

  it('is known as far as its buckets are there', () => {
    // Thinned to one bucket and infinity; without infinity; with nothing but infinity, a number or a sum.
    expect(
      series(
        ...histogram([
          ['1', 4],
          ['+Inf', 6],
        ]),
      ),
    ).toMatchObject({ count: 6, counts: [4, 2], sumMs: null })
    expect(series(...histogram([['1', 4]], ['count 6']))).toMatchObject({ count: 6, counts: [4, 2] })
    expect(series(...histogram([['1', 4]]))).toMatchObject({ count: 4, counts: [4, 0] })
    expect(series(...histogram([['+Inf', 6]]))).toMatchObject({ count: 6, counts: null, boundsMs: null })
    expect(series(...histogram([], ['count 6', 'sum 3']))).toMatchObject({ count: 6, counts: null, sumMs: 3000 })
    expect(series(...histogram([], ['sum 3']))).toBeUndefined()
  })

  it('loses no request to buckets that are no data, out of order or beyond what a latency can be', () => {
    const buckets = [
      ['-1', 1],
      ['0.3', 5],
      ['0.5', 3],
      ['1', -1],
      ['2', Number.NaN],
      ['1e9', 8],
      ['+Inf', 9],
    ] as const
    const given = series(...histogram(buckets, ['sum -1']))
    expect(given).toMatchObject({ count: 9, boundsMs: [300, 500], counts: [5, 0, 4], sumMs: null })
  })

  it('is no data when it counts more than anybody has', () => {
    expect(
      series(
        ...histogram([
          ['1', 4],
          ['+Inf', 2e12],
        ]),
      ),
    ).toBeUndefined()
  })

  it('is of unknown distribution when it has more bounds than are kept', () => {
    const buckets = Array.from({ length: 300 }, (_, at) => [`${at + 1}`, at] as const)
    expect(series(...histogram(buckets, ['count 300']))).toMatchObject({ count: 300, counts: null })
  })
})

it('knows a summary by its sum and count, and never by quantiles', () => {
  const of = (quantile: string) => `nv_inference_queue_summary_us{model="m",quantile="${quantile}"} 55`
  const total = [
    'nv_inference_queue_summary_us_count{model="m"} 161',
    'nv_inference_queue_summary_us_sum{model="m"} 11110',
  ]
  const { series } = read([of('0.5'), of('0.99'), ...total])
  expect(series).toHaveLength(1)
  expect(series[0]).toMatchObject({ figure: 'queueTime', count: 161, sumMs: 11.11, counts: null })
  expect(read([of('0.5')], { mapping: { server: 'TRITON' } }).known.size).toBe(0)
})

describe('gauges', () => {
  it('add up over engines, but of shares the mean is taken', () => {
    const engines = ['0', '1'].flatMap((engine) => [
      `vllm:num_requests_running{engine="${engine}"} 3`,
      `vllm:kv_cache_usage_perc{engine="${engine}"} 0.${engine === '0' ? 2 : 6}`,
    ])
    expect(read(engines).gauges).toEqual({ inFlight: 6, kvCacheUsage: 0.4 })
  })

  it('are not known where they are -1, NaN or a share of more than all', () => {
    const lines = ['vllm:num_requests_running -1', 'vllm:num_requests_waiting NaN', 'vllm:kv_cache_usage_perc 37']
    expect(read(lines).gauges).toEqual({})
  })

  it('that repeat for every rank are taken once, also where some series have no rank', () => {
    const of = (labels: string, value: number) => `sglang:num_running_reqs{${labels}} ${value}`
    const ranks = [of('tp_rank="1",dp_rank="0"', 5), of('tp_rank="0",dp_rank="0"', 4), of('tp_rank="0",dp_rank="1"', 2)]
    expect(read(ranks).gauges.inFlight).toBe(6)
    expect(read([...ranks, of('dp_rank="0"', 9)]).gauges.inFlight).toBe(11)
  })
})

describe('names by version', () => {
  const tokens = (family: string, count: number) => `vllm:${family}_count ${count}`

  it('are read by the first that is there, and never twice', () => {
    const vllm = (...lines: string[]) => read(lines, { mapping: { server: 'VLLM' } })
    const old = tokens('time_per_output_token_seconds', 7)
    expect(sum(vllm(old, tokens('inter_token_latency_seconds', 9)), 'interTokenLatency')).toBe(9)
    expect(sum(vllm(old), 'interTokenLatency')).toBe(7)
    const caches = ['vllm:gpu_cache_usage_perc 0.1', 'vllm:kv_cache_usage_perc 0.3']
    expect(vllm(...caches).gauges.kvCacheUsage).toBe(0.3)
  })

  it('are not known while their families have no series', () => {
    const families = familiesIn('# TYPE vllm:request_success counter\n# TYPE vllm:num_requests_running gauge')
    const snapshot = snapshotOf(families, { mapping: null, labels: {}, atMs: 0 })
    expect(snapshot).toMatchObject({ server: 'VLLM', series: [], gauges: {} })
    expect(snapshot.known.size).toBe(0)
  })
})

describe('start times', () => {
  const counter = 'vllm:request_success_total{finished_reason="stop"} 5'
  const startOf = (...lines: string[]) => read([counter, ...lines]).series[0]?.startMs

  it('are those of the series, or of the process', () => {
    expect(startOf()).toBeNull()
    expect(startOf('process_start_time_seconds 1.786115e9')).toBe(1_786_115_000_000)
    const created = 'vllm:request_success_created{finished_reason="stop"} 1786115123.4567'
    expect(startOf('process_start_time_seconds 1.786115e9', created)).toBe(1_786_115_123_457)
  })

  it('are not believed where several processes answer', () => {
    expect(startOf('process_start_time_seconds{pid="1"} 1e9', 'process_start_time_seconds{pid="2"} 1.1e9')).toBeNull()
  })
})

it('reads OpenMetrics as it reads the text format, with the start of each series', () => {
  const text = [
    '# TYPE vllm:request_success counter',
    'vllm:request_success_total{finished_reason="stop"} 5.0',
    'vllm:request_success_created{finished_reason="stop"} 1786115000.5',
    '# TYPE vllm:e2e_request_latency_seconds histogram',
    '# UNIT vllm:e2e_request_latency_seconds seconds',
    'vllm:e2e_request_latency_seconds_bucket{le="0.3"} 1',
    'vllm:e2e_request_latency_seconds_bucket{le="+Inf"} 2 # {trace_id="t"} 0.5',
    'vllm:e2e_request_latency_seconds_count 2',
    'vllm:e2e_request_latency_seconds_sum 0.75',
    '# EOF',
    '',
  ].join('\n')
  const families = parseExposition(text, 'openmetrics', wantedFamilies(null))
  const { series } = snapshotOf(families, { mapping: null, labels: {}, atMs: 0 })
  expect(series.map(({ figure, count, startMs, counts }) => ({ figure, count, startMs, counts }))).toEqual([
    { figure: 'requests', count: 5, startMs: 1_786_115_000_500, counts: null },
    { figure: 'latency', count: 2, startMs: null, counts: [1, 1] },
  ])
})

describe('series of several models', () => {
  const of = (model: string, count: number) =>
    `vllm:request_success_total{model_name="${model}",finished_reason="stop"} ${count}`

  it('are refused until one is chosen', () => {
    const lines = [of('b', 2), of('a', 1)]
    expect(() => read(lines)).toThrow(AmbiguousModelsError)
    expect(() => read(lines)).toThrow('Several models match: choose one by the label model_name, which is a or b.')
    expect(sum(read(lines, { labels: { model_name: 'b' } }), 'requests')).toBe(2)
    expect(read(lines, { allowsSeveralModels: true }).ambiguous).toMatchObject({
      label: 'model_name',
      values: ['a', 'b'],
    })
  })

  it('are listed up to 50', () => {
    const lines = Array.from({ length: 60 }, (_, at) => of(`m${10 + at}`, 1))
    expect(() => read(lines)).toThrow(/m58, m59 or 10 more\.$/)
  })

  it('of which none has the labels are no data, and not zero', () => {
    const snapshot = read([of('a', 1)], { labels: { model_name: 'c' } })
    expect([snapshot.series, [...snapshot.known]]).toEqual([[], ['requests', 'errors']])
    expect(read([of('a', 1)], { labels: { namespace: 'c' } }).known.size).toBe(0)
  })

  it('are too many from 5,001 on', () => {
    const lines = Array.from({ length: 5001 }, (_, at) => `litellm_input_tokens_metric_total{user="u${at}"} 1`)
    const options: Partial<SnapshotOptions> = { mapping: { server: 'LITELLM' } }
    expect(read(lines.slice(1), options).series).toHaveLength(5000)
    expect(() => read(lines, options)).toThrow(/^More than 5,000 series match .*: choose fewer of them by labels/)
  })

  it('have the same keys in whatever order their labels are written', () => {
    const [a] = read(['vllm:prompt_tokens_total{a="1",b="2"} 1']).series
    const [b] = read(['vllm:prompt_tokens_total{b="2",a="1"} 2']).series
    const [c] = read(['vllm:prompt_tokens_total{b="1",a="2"} 2']).series
    expect(a?.key).toBe(b?.key)
    expect(a?.key).not.toBe(c?.key)
  })
})
