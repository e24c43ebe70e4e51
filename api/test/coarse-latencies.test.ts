import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Distribution } from '../src/metrics/distribution.ts'
import type { Sample } from '../src/metrics/sample.ts'
import { deploy } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { countsBetween } from './mixed-latencies.ts'
import { sampleOf } from './sample-of.ts'

interface Metrics {
  requests: number | null
  requestsPerSecond: number | null
  errors: number | null
  errorRate: number | null
  latency: {
    p50Ms: number | null
    p99Ms: number | null
    meanMs: number | null
    maxMs: number | null
    quantiles: {
      q: number
      valueMs: number | null
      lowMs: number
      highMs: number | null
      kind: string
      enoughRequests: boolean
    }[]
    buckets: { lowMs: number; highMs: number; count: number }[]
  } | null
}

const QUERY = `query ($id: ID!, $from: DateTime!, $to: DateTime!) { deployment(id: $id) {
  metricsHistory(from: $from, to: $to, maxPoints: 300) {
  points { ...Figures } summary { ...Figures } } } }
fragment Figures on InferenceMetrics { requests requestsPerSecond errors errorRate latency { p50Ms p99Ms meanMs maxMs
  quantiles(qs: [0.5, 0.99]) { q valueMs lowMs highMs kind enoughRequests }
  buckets(perDoubling: 1) { lowMs highMs count } } }`

describe('the API of figures that are not known exactly', () => {
  let app: TestApp
  let points: Metrics[]
  let summary: Metrics

  const bucketed = (boundsMs: number[], rawMs: number[]) => {
    const distribution = new Distribution()
    distribution.recordBuckets(boundsMs, countsBetween(boundsMs, rawMs))
    return distribution.encode()
  }
  const unknown = (requests: number) => {
    const distribution = new Distribution()
    distribution.recordUnknown(requests)
    return distribution.encode()
  }
  /** One second each, as sources of several kinds would have stored it. */
  const WINDOWS: Partial<Sample & { latenciesMs: number[] }>[] = [
    { latenciesMs: Array.from({ length: 200 }, (_, at) => 100 + at) },
    // Coarse buckets with a sum, and no maximum.
    {
      requests: 200,
      latencySumMs: 200 * 400,
      latencyMaxMs: null,
      latency: bucketed(
        [300, 500],
        Array.from({ length: 200 }, () => 400),
      ),
    },
    // A sum and a number alone.
    { requests: 10, latencySumMs: 3000, latencyMaxMs: null, latency: unknown(10), errors: null },
    // Requests alone, not even a sum.
    { requests: 7, errors: null, latencySumMs: null, latencyMaxMs: null, latency: unknown(7) },
    // Nothing at all.
    { requests: null, errors: null, latencySumMs: null, latencyMaxMs: null, inFlight: 3 },
  ]

  beforeAll(async () => {
    app = await createTestApp('embedded')
    const id = await deploy(app.client)
    const { recorder, services, clock } = app.deps
    await recorder.stop()
    const [head] = await services.sampleStore.recordingHeads()
    const startMs = Math.floor(clock.now() / 1000) * 1000 + 1000
    await services.sampleStore.store(
      WINDOWS.map((window, at) =>
        sampleOf({
          deploymentKey: head!.deploymentKey,
          sequence: head!.sequence + 1 + at,
          windowStartMs: startMs + at * 1000,
          ...window,
        }),
      ),
    )
    const variables = { id, from: new Date(startMs).toISOString(), to: new Date(startMs + 10_000).toISOString() }
    const { deployment } = await app.client.data<{
      deployment: { metricsHistory: { points: Metrics[]; summary: Metrics } }
    }>(QUERY, variables)
    points = deployment.metricsHistory.points
    summary = deployment.metricsHistory.summary
  })
  afterAll(() => app[Symbol.asyncDispose]())

  it('gives measured quantiles with the borders of their buckets', () => {
    const { p50Ms, quantiles } = points[0]!.latency!
    expect(p50Ms! / 199).toBeCloseTo(1, 2)
    expect(quantiles.map(({ q, kind, enoughRequests }) => [q, kind, enoughRequests])).toEqual([
      [0.5, 'MEASURED', true],
      [0.99, 'MEASURED', true],
    ])
    expect(quantiles[0]!.lowMs).toBeLessThanOrEqual(199)
    expect(quantiles[0]!.highMs).toBeGreaterThanOrEqual(199)
  })

  it('gives an estimate with its range where there are coarse buckets, and spreads them in the heatmap', () => {
    const { p50Ms, meanMs, maxMs, quantiles, buckets } = points[1]!.latency!
    expect(quantiles[0]).toMatchObject({ valueMs: p50Ms, lowMs: 300, kind: 'INTERPOLATED' })
    // The bucket ends at 500 ms, but the sum leaves 101 of them no more than this, as 99 are above 300 ms.
    expect(quantiles[0]!.highMs).toBeCloseTo((200 * 400 - 99 * 300) / 101, 3)
    expect(p50Ms).toBeGreaterThan(300)
    expect(p50Ms).toBeLessThan(500)
    expect([meanMs, maxMs]).toEqual([400, null])
    expect(buckets.map(({ lowMs, highMs, count }) => [lowMs, highMs, Math.round(count)])).toEqual([[256, 512, 200]])
  })

  it('gives a mean alone where a source tells no more, and bounds quantiles by it', () => {
    const { p50Ms, p99Ms, meanMs, quantiles, buckets } = points[2]!.latency!
    expect([p50Ms, p99Ms, meanMs, buckets]).toEqual([null, null, 300, []])
    expect(quantiles.map(({ kind, valueMs, lowMs }) => [kind, valueMs, lowMs])).toEqual([
      ['MEAN_ONLY', null, 0],
      ['MEAN_ONLY', null, 0],
    ])
    expect(quantiles[0]!.highMs).toBeCloseTo(500, 3)
    expect([points[2]!.errors, points[2]!.errorRate]).toEqual([null, null])
  })

  it('gives null, not zero, for what is not known at all', () => {
    expect(points[3]).toMatchObject({ requests: 7, requestsPerSecond: 7, errors: null, latency: null })
    const nothing = { requests: null, requestsPerSecond: null, errors: null, errorRate: null, latency: null }
    expect(points[4]).toEqual(nothing)
  })

  it('merges all of it without pretending: what is unknown may lie anywhere, and a part of a mean is none', () => {
    expect([summary.requests, summary.errors]).toEqual([417, 0])
    const { meanMs, maxMs, quantiles, buckets } = summary.latency!
    expect([meanMs, maxMs]).toEqual([null, null])
    const [median, p99] = quantiles
    // Rank 209 of 417: 17 of them may be below all others.
    expect(median).toMatchObject({ kind: 'INTERPOLATED', highMs: 500 })
    expect(median!.lowMs / 291).toBeCloseTo(1, 1)
    expect(p99).toMatchObject({ kind: 'ABOVE_HIGHEST_BUCKET', valueMs: null, lowMs: 300, highMs: null })
    expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBeCloseTo(400, 6)
  })

  it('refuses quantiles and grids that cannot be', async () => {
    const latest = (field: string) =>
      app.client.request(`{ deployments(first: 1) { nodes { recentMetrics { latency { ${field} } } } } }`)
    for (const field of [
      'quantiles(qs: []) { q }',
      'quantiles(qs: [1.5]) { q }',
      `quantiles(qs: [${'0.5, '.repeat(21)}]) { q }`,
      'buckets(perDoubling: 3) { count }',
      'buckets(perDoubling: 0) { count }',
    ]) {
      const { errors } = await latest(field)
      expect([field, errors?.[0]?.extensions?.['code']]).toEqual([field, 'BAD_USER_INPUT'])
    }
    expect((await latest('quantiles(qs: [0, 1]) { q } buckets(perDoubling: null) { count }')).errors).toBeUndefined()
  })
})
