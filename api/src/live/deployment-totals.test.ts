import { beforeEach, describe, expect, it } from 'vitest'
import { sampleOf } from '../../test/sample-of.ts'
import type { Bus } from '../bus/bus.ts'
import { createMemoryBus } from '../bus/memory-bus.ts'
import type { Sample } from '../metrics/sample.ts'
import { DeploymentTotals } from './deployment-totals.ts'
import type { NamedDeployment } from './exposition.ts'

const NOON = Date.UTC(2026, 10, 23, 12)

const named = (key: number, model = 'chat'): NamedDeployment => ({
  key,
  id: `id-${key}`,
  model,
  version: `v1.${key}.0`,
})

describe('the totals of deployments', () => {
  let bus: Bus
  let active: NamedDeployment[]
  let totals: DeploymentTotals

  beforeEach(() => {
    active = [named(1)]
    bus = createMemoryBus((error) => {
      throw error
    })
    totals = new DeploymentTotals({ bus, active: () => active })
    totals.start()
    return () => totals.stop()
  })

  const record = (samples: readonly Sample[], throughMs = NOON) =>
    bus.publish('recorded', { samples, throughMs, last: true })
  const nth = (sequence: number, more: Parameters<typeof sampleOf>[0] = {}) =>
    sampleOf({ sequence, windowStartMs: NOON + sequence * 1000, ...more })
  const text = () => [...totals.scrape().parts].map((part) => part()).join('')
  /** The values by series, without the labels that name the deployment. */
  const series = (key = 1) => {
    const labels = `model="chat",version="v1.${key}.0",deployment="id-${key}"`
    const lines = text()
      .split('\n')
      .filter((line) => line.includes(labels))
    return Object.fromEntries(
      lines.map((line) => {
        const [name = '', value = ''] = line.replace('gaugeline_deployment_', '').split('} ')
        return [`${name.replace(labels, '')}}`.replace('{,', '{').replace('{}', ''), Number(value)]
      }),
    )
  }

  it('add up what was recorded since the start, and count latencies up to bounds of 1 ms to 524 s', () => {
    record([nth(1, { latenciesMs: [0.4, 1, 1.01, 300, 600_000], errors: 2, promptTokens: 10, inFlight: 3 })])
    record([nth(2, { latenciesMs: [2, 512], errors: 1, generatedTokens: 7, inFlight: 1 })])
    const shown = series()
    expect(shown).toMatchObject({
      requests_total: 7,
      errors_total: 3,
      prompt_tokens_total: 10,
      generated_tokens_total: 7,
      requests_in_flight: 1,
      last_sample_timestamp_seconds: (NOON + 3000) / 1000,
      request_duration_seconds_sum: 600.81641,
      request_duration_seconds_count: 7,
      'request_duration_seconds_bucket{le="0.001"}': 2,
      'request_duration_seconds_bucket{le="0.002"}': 4,
      'request_duration_seconds_bucket{le="0.256"}': 4,
      'request_duration_seconds_bucket{le="0.512"}': 6,
      'request_duration_seconds_bucket{le="524.288"}': 6,
      'request_duration_seconds_bucket{le="+Inf"}': 7,
    })
    expect(Object.keys(shown).filter((name) => name.includes('_bucket'))).toHaveLength(21)
  })

  it('count nothing twice', () => {
    const samples = [nth(1, { latenciesMs: [5] }), nth(2, { latenciesMs: [6] })]
    record(samples)
    record(samples)
    record([nth(2, { latenciesMs: [6] }), nth(3, { latenciesMs: [7] })])
    expect(series()).toMatchObject({ requests_total: 3, request_duration_seconds_count: 3 })
  })

  it('show a deployment from its start, with no latency yet and nothing that is not known', () => {
    expect(series()).toMatchObject({ request_duration_seconds_count: 0, request_duration_seconds_sum: 0 })
    expect(series()).not.toHaveProperty('requests_total')
    record([nth(1, { requests: null, errors: null, latencySumMs: 80 })])
    const shown = series()
    for (const name of ['requests_total', 'errors_total', 'prompt_tokens_total', 'requests_in_flight']) {
      expect(shown).not.toHaveProperty(name)
    }
    // A mean says nothing about quantiles.
    expect(shown).toMatchObject({ request_duration_seconds_count: 0, request_duration_seconds_sum: 0 })
  })

  it('show what language models measure, once it was told, with buckets of their own', () => {
    record([nth(1, { latenciesMs: [5] })])
    expect(Object.keys(series()).filter((name) => /token_|queue|cache|waiting|reason/.test(name))).toEqual([])
    const { latency: times, latencySumMs: sumMs } = sampleOf({ latenciesMs: [3, 30] })
    const first = { timeToFirstToken: times, timeToFirstTokenSumMs: sumMs }
    const between = { interTokenLatency: times, interTokenLatencySumMs: null }
    const queue = { queueTime: times, queueTimeSumMs: sumMs }
    record([nth(2, { ...first, ...between, ...queue, waiting: 2, kvCacheUsage: 0.25 })])
    record([nth(3, { ...first, waiting: 7, kvCacheUsage: 0.5 })])
    expect(series()).toMatchObject({
      requests_waiting: 7,
      kv_cache_usage_ratio: 0.5,
      time_to_first_token_seconds_sum: 0.066,
      time_to_first_token_seconds_count: 4,
      'time_to_first_token_seconds_bucket{le="0.004"}': 2,
      inter_token_latency_seconds_count: 2,
      inter_token_latency_seconds_sum: Number.NaN,
      queue_time_seconds_count: 2,
      'queue_time_seconds_bucket{le="0.032"}': 2,
    })
  })

  it('count errors by reason in series that never decrease, at most 16 and the others', () => {
    const many = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`code ${at}`, 1]))
    record([nth(1, { errorsByReason: { 'time"out': 2, other: 1 } })])
    record([nth(2, { errorsByReason: many }), nth(3, { errorsByReason: null })])
    record([nth(4, { errorsByReason: { 'code 15': 5, 'time"out': 1, constructor: 1 } })])
    const lines = text()
      .split('\n')
      .filter((line) => line.startsWith('gaugeline_deployment_errors_by_reason_total{'))
    expect(lines).toHaveLength(17)
    expect(lines.filter((line) => /out|other/.test(line)).map((line) => line.replace(/.*reason=/, ''))).toEqual([
      '"time\\"out"} 3',
      '"other"} 8',
    ])
  })

  it('keep the state of a deployment with windows of a minute until its next sample is due', () => {
    const windowStartMs = NOON - 60_000
    record([nth(1, { inFlight: 4, windowStartMs, windowMs: 60_000, source: 'REPORTED' })], NOON)
    record([], NOON + 65_000)
    expect(series()).toMatchObject({ requests_in_flight: 4 })
    record([], NOON + 95_000)
    expect(series()).not.toHaveProperty('requests_in_flight')
  })

  it('leave out a paused deployment, and go on where they were once it is resumed', () => {
    record([nth(1, { latenciesMs: [5] })])
    active = []
    expect(series()).toEqual({})
    active = [named(1)]
    record([nth(2, { latenciesMs: [5] })])
    expect(series()).toMatchObject({ requests_total: 2 })
  })

  it('tell no state of a minute ago', () => {
    record([nth(1, { inFlight: 4, latenciesMs: [5] })], NOON + 2000)
    record([], NOON + 62_000)
    expect(series()).toMatchObject({ requests_in_flight: 4 })
    record([], NOON + 62_001)
    expect(series()).not.toHaveProperty('requests_in_flight')
    expect(series()).toMatchObject({ requests_total: 1 })
  })

  it('begin anew with a database that was set back: other samples follow under the same sequences', () => {
    record([nth(1, { latenciesMs: [5] }), nth(2, { latenciesMs: [5, 5] })])
    bus.publish('setBack', null)
    record([nth(1, { latenciesMs: [9] })])
    expect(series()).toMatchObject({ requests_total: 1, 'request_duration_seconds_bucket{le="0.008"}': 0 })
  })

  it('are all of one moment, however slowly they are read', () => {
    record([nth(1, { latenciesMs: [5] })])
    const parts = totals.scrape().parts[Symbol.iterator]()
    const read: string[] = []
    for (let next = parts.next(); next.done !== true; next = parts.next()) {
      if (read.length === 1) record([nth(2, { latenciesMs: [5] })])
      read.push(next.value())
    }
    expect(read.join('')).toMatch(/requests_total\{.*\} 1\n/)
    expect(read.join('')).toMatch(/duration_seconds_count\{.*\} 1\n/)
  })

  it('write names as labels are written', () => {
    active = [named(1, 'a "quoted" \\ name\nin two lines')]
    expect(text()).toContain('{model="a \\"quoted\\" \\\\ name\\nin two lines",version=')
  })

  it('of a thousand deployments are written in 50 ms of processor time, in parts that hold up nobody', () => {
    active = Array.from({ length: 1000 }, (_, key) => named(key, 'a/model-of-usual-length'))
    const latenciesMs = Array.from({ length: 200 }, (_, at) => 20 * 1.02 ** at)
    record(active.map(({ key }) => nth(1, { deploymentKey: key, latenciesMs, promptTokens: 1, inFlight: 1 })))
    let length = 0
    let longest = 0
    let cpuMs = Infinity
    // The first round is compiled while it runs, and other tests share the machine.
    for (let round = 0; round < 5; round++) {
      const began = process.cpuUsage()
      length = 0
      longest = 0
      for (const part of totals.scrape().parts) {
        const one = part().length
        length += one
        longest = Math.max(longest, one)
      }
      const { user, system } = process.cpuUsage(began)
      cpuMs = Math.min(cpuMs, (user + system) / 1000)
    }
    expect(length).toBeGreaterThan(1_000_000)
    expect(longest).toBeLessThan(80_000)
    expect(cpuMs).toBeLessThan(50)
  })
})
