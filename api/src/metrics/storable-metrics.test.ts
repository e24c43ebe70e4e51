import { describe, expect, it } from 'vitest'
import { Distribution } from './distribution.ts'
import { storableMetrics } from './storable-metrics.ts'
import { type MeasuredMetrics, NOTHING_KNOWN } from './window-metrics.ts'

describe('what is stored of a measurement', () => {
  it.each([
    ['more requests than a column holds', { requests: 2 ** 31 }],
    ['a cache that is used beyond its size', { kvCacheUsage: 37 }],
    ['an infinite sum', { latencySumMs: Infinity }],
    ['a maximum that is no number', { queueTimeMaxMs: Number.NaN }],
    ['a negative gauge', { inFlight: -1 }],
    ['gauges that would not add up over deployments', { waiting: 2 ** 31 - 1 }],
    ['tokens that would not add up over windows', { generatedTokens: Number.MAX_SAFE_INTEGER }],
    ['reasons of errors that are not known', { errors: 1e300, errorsByReason: { timeout: 1e300 } }],
  ] satisfies [string, Partial<MeasuredMetrics>][])('does not have %s', (_what, wrong) => {
    expect(storableMetrics({ ...NOTHING_KNOWN, promptTokens: 5, ...wrong })).toEqual({
      ...NOTHING_KNOWN,
      promptTokens: 5,
    })
  })

  it('does not have a distribution of more than can be, nor its sum and maximum', () => {
    const latency = new Distribution()
    latency.recordBuckets([100], [2 ** 31, 0])
    const measured = { ...NOTHING_KNOWN, latency, latencySumMs: 5, latencyMaxMs: 5 }
    expect(storableMetrics(measured)).toEqual(NOTHING_KNOWN)
  })

  it('is as it was measured otherwise', () => {
    const latency = new Distribution()
    latency.record(5)
    const measured = { ...NOTHING_KNOWN, latency, latencySumMs: 5, latencyMaxMs: 5, kvCacheUsage: 1, requests: 1 }
    expect(storableMetrics(measured)).toEqual(measured)
  })
})
