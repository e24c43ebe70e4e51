import { describe, expect, it } from 'vitest'
import { familiesIn } from '../../../test/expositions.ts'
import { sinceStart } from './deltas.ts'
import { type ExposedSnapshot, snapshotOf, type SnapshotOptions, wantedFamilies } from './snapshot.ts'
import { NoFiguresError, SnapshotError } from './snapshot-errors.ts'
import type { MappedFamily } from './source-settings.ts'

/** Reads samples, one a line; families are made of them. */
function read(lines: readonly string[], options: Partial<SnapshotOptions> = {}): ExposedSnapshot {
  const text = ['# TYPE anything unknown', ...lines].join('\n')
  return snapshotOf(familiesIn(text), { mapping: null, labels: {}, atMs: 1_800_000_000_000, ...options })
}

describe('families that were mapped by hand', () => {
  const map = (families: readonly MappedFamily[]): Partial<SnapshotOptions> => ({ mapping: { families } })
  const lines = [
    'shop_requests_total 12',
    'shop_millis_bucket{le="100"} 3',
    'shop_millis_bucket{le="+Inf"} 4',
    'shop_busy_us 9000',
    'shop_cache 37',
    'shop_retries 1',
    'shop_gone{a="b"} 2',
  ]

  it('are read in their units, by the names of families or samples, and add up', () => {
    const snapshot = read(
      lines,
      map([
        { figure: 'requests', family: 'shop_requests_total', unit: 'COUNT' },
        { figure: 'requests', family: 'shop_retries', unit: 'COUNT' },
        { figure: 'latency', family: 'shop_millis_bucket', unit: 'MILLISECONDS' },
        { figure: 'queueTime', family: 'shop_busy_us', unit: 'MICROSECONDS' },
        { figure: 'kvCacheUsage', family: 'shop_cache', unit: 'PERCENT' },
        { figure: 'errors', family: 'shop_failed', unit: 'COUNT' },
      ]),
    )
    expect(sinceStart(snapshot)).toMatchObject({ requests: 13, errors: null, kvCacheUsage: 0.37, queueTimeSumMs: 9 })
    expect(snapshot.series.find(({ figure }) => figure === 'latency')).toMatchObject({
      boundsMs: [100],
      counts: [3, 1],
    })
    // A sum of times alone: the requests that it is of are counted beside it.
    expect(snapshot.series.find(({ figure }) => figure === 'queueTime')?.count).toBe(12)
    expect([snapshot.server, snapshot.missing]).toEqual([null, ['shop_failed']])
  })

  it('are named when none is there, when one is ambiguous, and when one has no times', () => {
    const of = (figure: MappedFamily['figure'], family: string) => () =>
      read(
        [
          ...lines,
          '# TYPE shop_requests gauge',
          'shop_requests 3',
          '# TYPE shop_requests_total counter',
          lines[0] ?? '',
        ],
        map([{ figure, family, unit: 'COUNT' }]),
      )
    expect(of('requests', 'shop_nothing')).toThrow(NoFiguresError)
    expect(of('requests', 'shop_nothing')).toThrow(
      'None of the mapped families is there: shop_nothing. It has anything',
    )
    expect(of('requests', 'shop_requests')).toThrow(/^shop_requests can be .*: name the one that is meant\.$/)
    expect(of('latency', 'shop_cache')).toThrow(/^shop_cache is one number: a distribution needs/)
    expect(of('latency', 'shop_cache')).toThrow(SnapshotError)
  })
})

it('says which families there are when they are those of no server', () => {
  const families = familiesIn('# TYPE go_gc gauge\ngo_gc 1\n# TYPE go_threads gauge\ngo_threads 2')
  const options = { mapping: null, labels: {}, atMs: 0 }
  expect(() => snapshotOf(families, options)).toThrow(/served a request\. It has go_gc and go_threads\.$/)
  expect(() => snapshotOf([], options)).toThrow(/or wait until it has served a request\.$/)
  const named = { ...options, mapping: { server: 'TGI' } } as const
  expect(() => snapshotOf(families, named)).toThrow(
    'None of the metrics of Text Generation Inference is there: name the server that it is, or wait until it has ' +
      'served a request. It has go_gc and go_threads.',
  )
})

it('reads only the families that a mapping has, under every suffix', () => {
  const all = wantedFamilies(null)
  for (const name of [
    'vllm:request_success',
    'tgi_queue_size',
    'process_start_time_seconds',
    'gen_ai.server.request.duration',
  ]) {
    expect(all(name)).toBe(true)
  }
  expect(all('python_gc_objects_collected')).toBe(false)
  const tgi = wantedFamilies({ server: 'TGI' })
  expect([tgi('tgi_request_duration'), tgi('tgi_request_duration_created'), tgi('vllm:request_success')]).toEqual([
    true,
    true,
    false,
  ])
  const own = wantedFamilies({ families: [{ figure: 'requests', family: 'shop_total', unit: 'COUNT' }] })
  expect(['shop', 'shop_total', 'shops'].map(own)).toEqual([true, true, false])
})
