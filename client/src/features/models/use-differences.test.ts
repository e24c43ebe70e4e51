import { describe, expect, it } from 'vitest'
import { totalsOf } from './use-differences.ts'

type Summary = Parameters<typeof totalsOf>[0]
type Quantile = NonNullable<Summary['latency']>['quantiles'][number]

const P99: Quantile = { q: 0.99, valueMs: 84, lowMs: 83, highMs: 85, kind: 'MEASURED', enoughRequests: true }

function summary(p99: Partial<Quantile>, part: Partial<Summary> = {}): Summary {
  return {
    coveredSeconds: 3600,
    requests: 40,
    requestsPerSecond: 40 / 3600,
    errorRate: 0,
    tokensPerSecond: null,
    latency: { meanMs: 42, quantiles: [{ ...P99, ...p99 }] },
    ...part,
  }
}

describe('a percentile of a version', () => {
  it('is given when it was measured', () => {
    expect(totalsOf(summary({})).p99).toEqual({ value: 84 })
  })

  it('is left out when too few requests carry it, and says how many it takes', () => {
    const about = 'Too few requests for p99: 40 of the 100 that it takes'
    expect(totalsOf(summary({ enoughRequests: false })).p99).toEqual({ value: null, note: 'too few', about })
  })

  it('is left out when it lies outside of the buckets that the source counts by, and says where', () => {
    const above = summary({ kind: 'ABOVE_HIGHEST_BUCKET', valueMs: null, lowMs: 10_000, highMs: null })
    expect(totalsOf(above).p99).toMatchObject({ value: null, note: '> 10.0 s' })
    const below = summary({ kind: 'BELOW_LOWEST_BUCKET', valueMs: null, lowMs: 0, highMs: 5 })
    expect(totalsOf(below).p99).toMatchObject({ value: null, note: '< 5.00 ms' })
  })

  it('is called an estimate when the source counts by coarse buckets', () => {
    const about = 'An estimate: p99 is between 50.0 ms and 100 ms'
    const coarse = summary({ kind: 'INTERPOLATED', lowMs: 50, highMs: 100 })
    expect(totalsOf(coarse).p99).toEqual({ value: 84, note: 'estimate', about })
  })
})

it('knows nothing of a version that was not recorded, instead of zero', () => {
  const nothing = totalsOf(summary({}, { coveredSeconds: 0, requests: 0, requestsPerSecond: 0, latency: null }))
  expect(Object.values(nothing).map(({ value }) => value)).toEqual(Array.from({ length: 8 }, () => null))
})

it('leaves out what a source does not know', () => {
  const { tokensPerSecond, requests } = totalsOf(summary({}, { requests: null }))
  expect([tokensPerSecond.value, requests.value]).toEqual([null, null])
})
