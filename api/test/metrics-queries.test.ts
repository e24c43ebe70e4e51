import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, pause, registerJob, unknownId } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { liveClient } from './live-clients.ts'
import { sampleOf } from './sample-of.ts'

const INTERVAL_MS = 50

interface Metrics {
  at: string
  windowSeconds: number
  coveredSeconds: number
  requests: number
  requestsPerSecond: number
  errors: number
  errorRate: number | null
  latency: Record<'p50Ms' | 'p95Ms' | 'p99Ms' | 'meanMs' | 'maxMs' | 'lowest' | 'highest', number> | null
  generatedTokens: number | null
  tokensPerSecond: number | null
  inFlight: number | null
  sources: string[]
}
interface History {
  from: string
  to: string
  resolutionSeconds: number
  points: Metrics[]
  summary: Metrics
  endCursor: string
}

const METRICS = `at windowSeconds coveredSeconds requests requestsPerSecond errors errorRate inFlight sources
  promptTokens generatedTokens tokensPerSecond
  latency { p50Ms p95Ms p99Ms meanMs maxMs lowest: quantile(q: 0) highest: quantile(q: 1) }`
const HISTORY = `query ($id: ID!, $from: DateTime!, $to: DateTime, $maxPoints: Int) { deployment(id: $id) {
  metricsHistory(from: $from, to: $to, maxPoints: $maxPoints) {
    from to resolutionSeconds endCursor points { ${METRICS} } summary { ${METRICS} } } } }`
const LIVE = `subscription ($id: ID!, $after: SampleCursor) {
  inferenceMetrics(deploymentId: $id, after: $after) { cursor skipped metrics { ${METRICS} } } }`

interface Live {
  inferenceMetrics: { cursor: string; skipped: number; metrics: Metrics }
}

const total = (samples: Metrics[], of: (metrics: Metrics) => number | null) =>
  samples.reduce((sum, metrics) => sum + (of(metrics) ?? 0), 0)
const time = (iso: string) => new Date(iso).getTime()
const iso = (ms: number) => new Date(ms).toISOString()

describe.each(await testDatabaseKinds())('metrics on %s', (kind) => {
  let app: TestApp
  /** Recorded for 30 windows, then paused: its samples stand still. */
  let id: string
  let samples: Metrics[]

  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: INTERVAL_MS })
    id = await deploy(app.client)
    await using live = liveClient('websocket', app.origin)
    await using updates = live.subscribe<Live>(LIVE, { id })
    await updates.take(30)
    await pause(app.client, id)
    samples = await recent()
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const recent = async () => {
    const { deployment } = await app.client.data<{ deployment: { recentMetrics: Metrics[] } }>(
      `query ($id: ID!) { deployment(id: $id) { recentMetrics { ${METRICS} } } }`,
      { id },
    )
    return deployment.recentMetrics
  }
  const history = async (variables: Record<string, unknown>) => {
    const all = { id, ...variables }
    const { deployment } = await app.client.data<{ deployment: { metricsHistory: History } }>(HISTORY, all)
    return deployment.metricsHistory
  }
  const refusal = async (variables: Record<string, unknown>) => {
    const { data, errors } = await app.client.request(HISTORY, { id, ...variables })
    expect(data).toEqual({ deployment: null })
    return errors?.[0]?.extensions
  }
  /** From the first window to the end of the last. */
  const whole = () => ({ from: samples[0]?.at, to: iso(time(samples.at(-1)!.at) + INTERVAL_MS) })

  it('are null and empty before the first window', async () => {
    await using slow = await createTestApp(kind, { sampleIntervalMs: 60_000 })
    const { deployTrainingJob } = await slow.client.data<{ deployTrainingJob: unknown }>(
      `mutation ($id: ID!) { deployTrainingJob(input: { trainingJobId: $id }) { ... on DeployTrainingJobSuccess {
        deployment { latestMetrics { at } recentMetrics { at } } } } }`,
      { id: await registerJob(slow.client) },
    )
    expect(deployTrainingJob).toEqual({ deployment: { latestMetrics: null, recentMetrics: [] } })
  })

  it('are recent ones in order, of which the newest is the latest', async () => {
    expect(samples.length).toBeGreaterThanOrEqual(30)
    const starts = samples.map(({ at }) => time(at))
    expect(starts).toEqual(starts.map((_, index) => starts[0]! + index * INTERVAL_MS))
    const { deployment } = await app.client.data<{ deployment: { latestMetrics: Metrics } }>(
      `query ($id: ID!) { deployment(id: $id) { latestMetrics { ${METRICS} } } }`,
      { id },
    )
    expect(deployment.latestMetrics).toEqual(samples.at(-1))
  })

  it('are consistent: rates follow from counts and seconds, and are null where nothing finished', () => {
    expect(samples[0]?.requests).toBeGreaterThan(0)
    for (const sample of samples) {
      const seconds = INTERVAL_MS / 1000
      expect(sample).toMatchObject({ windowSeconds: seconds, coveredSeconds: seconds, sources: ['SIMULATED'] })
      expect(sample.requestsPerSecond).toBeCloseTo(sample.requests / sample.coveredSeconds, 9)
      expect(sample.errors).toBeLessThanOrEqual(sample.requests)
      if (sample.requests === 0) {
        expect([sample.errorRate, sample.latency]).toEqual([null, null])
        continue
      }
      expect(sample.errorRate).toBeCloseTo(sample.errors / sample.requests, 9)
      const { p50Ms, p95Ms, p99Ms, meanMs, maxMs, lowest, highest } = sample.latency!
      const ascending = [lowest, p50Ms, p95Ms, p99Ms, highest]
      expect(ascending).toEqual(ascending.toSorted((a, b) => a - b))
      expect(maxMs).toBeGreaterThanOrEqual(meanMs)
      expect(highest).toBeLessThanOrEqual(maxMs)
      expect(Math.abs(highest / maxMs - 1)).toBeLessThan(0.01)
    }
  })

  it('look back at full resolution over exactly what was recorded', async () => {
    const { points, resolutionSeconds, from, to } = await history({ ...whole(), maxPoints: 2000 })
    expect(points).toEqual(samples)
    expect([resolutionSeconds, from, to]).toEqual([INTERVAL_MS / 1000, whole().from, whole().to])
  })

  it('merge into fewer windows without losing a request, and into a summary of all', async () => {
    const { points, summary, from, to, resolutionSeconds } = await history({ ...whole(), maxPoints: 5 })
    expect(points.length).toBeLessThanOrEqual(5)
    expect(points.length).toBeGreaterThan(1)
    for (const merged of [points, [summary]]) {
      expect(total(merged, ({ requests }) => requests)).toBe(total(samples, ({ requests }) => requests))
      expect(total(merged, ({ errors }) => errors)).toBe(total(samples, ({ errors }) => errors))
      expect(total(merged, (m) => m.generatedTokens)).toBe(total(samples, (m) => m.generatedTokens))
      expect(total(merged, (m) => m.coveredSeconds)).toBeCloseTo(
        total(samples, (m) => m.coveredSeconds),
        9,
      )
    }
    for (const point of points) {
      expect(time(point.at) % (resolutionSeconds * 1000)).toBe(0)
      const endMs = time(point.at) + point.windowSeconds * 1000
      const within = samples.filter(({ at }) => time(at) >= time(point.at) && time(at) < endMs)
      expect(point.requests).toBe(total(within, ({ requests }) => requests))
      expect(point.inFlight).toBe(within.at(-1)?.inFlight)
    }
    const measured = samples.flatMap(({ latency }) => (latency ? [latency] : []))
    expect(summary.latency!.maxMs).toBe(Math.max(...measured.map(({ maxMs }) => maxMs)))
    const sumMs = total(samples, ({ latency, requests }) => (latency ? latency.meanMs * requests : 0))
    expect(summary.latency!.meanMs).toBeCloseTo(sumMs / summary.requests, 6)
    expect(summary.latency!.p50Ms).toBeGreaterThan(Math.min(...measured.map(({ p50Ms }) => p50Ms)) * 0.99)
    expect(summary.latency!.p50Ms).toBeLessThan(Math.max(...measured.map(({ p50Ms }) => p50Ms)) * 1.01)
    expect([summary.at, summary.windowSeconds]).toEqual([from, (time(to) - time(from)) / 1000])
    expect(summary.requestsPerSecond).toBeCloseTo(summary.requests / summary.coveredSeconds, 9)
  })

  it('leave out windows with nothing recorded, which they do not count as covered', async () => {
    const from = iso(time(samples[0]!.at) - 60_000)
    const before = await history({ from, to: samples[0]?.at, maxPoints: 2000 })
    expect(before.points).toEqual([])
    const nothing = { requests: 0, coveredSeconds: 0, requestsPerSecond: 0, errorRate: null, latency: null }
    expect(before.summary).toMatchObject(nothing)
    const around = await history({ from, to: whole().to, maxPoints: 2000 })
    expect(around.points).toEqual(samples)
    expect(around.summary.coveredSeconds).toBeCloseTo(samples.length * 0.05, 9)
    expect(around.summary.windowSeconds).toBeGreaterThan(60)
  })

  it('continue live after the history, without a hole or a double', async () => {
    await using live = liveClient('sse', app.origin)
    const middle = samples[9]!
    for (const [to, expected] of [
      [samples[0]?.at, samples],
      [middle.at, samples.slice(9)],
      [iso(time(middle.at) + 1), samples.slice(10)],
    ] as const) {
      const { endCursor, points } = await history({ from: iso(time(samples[0]!.at) - 1000), to, maxPoints: 2000 })
      await using updates = live.subscribe<Live>(LIVE, { id, after: endCursor })
      const given = (await updates.take(expected.length)).map(({ inferenceMetrics }) => inferenceMetrics.metrics)
      expect([...points, ...given]).toEqual(samples)
      expect(given).toEqual(expected)
    }
    const running = await deploy(app.client)
    await using first = live.subscribe<Live>(LIVE, { id: running })
    await first.take(5)
    const { deployment } = await app.client.data<{ deployment: { metricsHistory: History } }>(HISTORY, {
      id: running,
      from: iso(time(samples[0]!.at)),
      maxPoints: 2000,
    })
    const { points, endCursor } = deployment.metricsHistory
    await using updates = live.subscribe<Live>(LIVE, { id: running, after: endCursor })
    const next = (await updates.take(3)).map(({ inferenceMetrics }) => time(inferenceMetrics.metrics.at))
    const last = time(points.at(-1)!.at)
    expect(next).toEqual([1, 2, 3].map((n) => last + n * INTERVAL_MS))
  })

  it('are refused for impossible spans and sizes', async () => {
    const { from, to } = whole()
    for (const maxPoints of [0, -1, 2001]) {
      expect(await refusal({ from, to, maxPoints })).toEqual({ code: 'BAD_USER_INPUT' })
    }
    expect(await refusal({ from: to, to: from })).toEqual({ code: 'BAD_USER_INPUT' })
    expect(await refusal({ from, to: from })).toEqual({ code: 'BAD_USER_INPUT' })
    expect(await refusal({ from: iso(Date.now() + 3_600_000) })).toEqual({ code: 'BAD_USER_INPUT' })
    for (const wrong of ['yesterday', '2026-11-23', '2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', '', 0, null]) {
      const { errors } = await app.client.request(HISTORY, { id, from: wrong })
      expect([wrong, errors?.[0]?.extensions?.['code']]).toEqual([wrong, 'BAD_USER_INPUT'])
    }
    for (const q of [-0.1, 1.1]) {
      const query = `query ($id: ID!, $q: Float!) { deployment(id: $id) {
        recentMetrics { latency { quantile(q: $q) } } } }`
      const { errors } = await app.client.request(query, { id, q })
      expect(errors?.[0]?.extensions?.['code']).toBe('BAD_USER_INPUT')
    }
    const none = await app.client.data(HISTORY, { id: unknownId('Deployment'), from })
    expect(none).toEqual({ deployment: null })
  })

  it('look back over any span of the supported years, and over no other', async () => {
    const span = { from: '1970-01-01T00:00:00Z', to: '2199-12-31T23:59:59.999Z' }
    for (const maxPoints of [1, 2, 2000]) {
      const { points, summary } = await history({ ...span, maxPoints })
      expect(points.length).toBeLessThanOrEqual(Math.min(maxPoints, 2))
      expect(summary.requests).toBe(total(samples, ({ requests }) => requests))
    }
    expect(await refusal({ from: '0001-01-01T00:00:00Z' })).toEqual({ code: 'BAD_USER_INPUT' })
    expect(await refusal({ from: span.from, to: '9999-12-31T23:59:59Z' })).toEqual({ code: 'BAD_USER_INPUT' })
  })

  // The last one: from here on the test records.
  it('add up to known figures over time and over the fleet, percentiles within 1 % of the exact rank', async () => {
    const { recorder, services, bus, clock } = app.deps
    const ids = [await deploy(app.client), await deploy(app.client)]
    await recorder.stop()
    const heads = (await services.sampleStore.recordingHeads()).slice(-2)
    const startMs = Math.ceil(clock.now() / 1000) * 1000 + 1000
    const latencies = (seed: number) =>
      Array.from({ length: 50 + seed * 7 }, (_, n) => 20 * Math.exp(2 * Math.sin((n + 1) * (seed + 1) * 12.9898)))
    const recorded = [0, 1, 2, 3].map((window) =>
      heads.map(({ deploymentKey, sequence }, d) => ({
        latenciesMs: latencies(2 * window + d),
        deploymentKey,
        sequence: sequence + 1 + window,
        windowStartMs: startMs + window * INTERVAL_MS,
        windowMs: INTERVAL_MS,
        errors: 2 * window + d,
        inFlight: 10 * window + d,
        promptTokens: 1000 + window,
        generatedTokens: d === 0 ? 100 : null,
      })),
    )
    const expectTotal = (metrics: Metrics, of: (typeof recorded)[number], seconds: number) => {
      const sorted = of.flatMap(({ latenciesMs }) => latenciesMs).toSorted((a, b) => a - b)
      const errors = of.reduce((sum, sample) => sum + sample.errors, 0)
      expect([metrics.requests, metrics.errors]).toEqual([sorted.length, errors])
      expect(metrics.requestsPerSecond).toBeCloseTo(sorted.length / seconds, 6)
      expect(metrics.errorRate).toBeCloseTo(errors / sorted.length, 9)
      expect(metrics.latency!.maxMs).toBe(sorted.at(-1))
      expect(metrics.latency!.meanMs).toBeCloseTo(sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length, 6)
      for (const [q, given] of [
        [0.5, 'p50Ms'],
        [0.95, 'p95Ms'],
        [0.99, 'p99Ms'],
      ] as const) {
        const exact = sorted[Math.ceil(q * sorted.length) - 1]!
        expect(Math.abs(metrics.latency![given] / exact - 1)).toBeLessThan(0.01)
      }
    }
    await using live = liveClient('websocket', app.origin)
    await using fleet = live.subscribe<{ fleetMetrics: { at: string; totals: Metrics } }>(
      `subscription ($ids: [ID!]) { fleetMetrics(filter: { ids: $ids }) { at totals { ${METRICS} } } }`,
      { ids },
    )
    await fleet.next()
    for (const window of recorded) {
      const { stored } = await services.sampleStore.store(window.map(sampleOf))
      const at = startMs + recorded.indexOf(window) * INTERVAL_MS
      bus.publish('recorded', { throughMs: at + INTERVAL_MS, samples: stored, last: true })
      const { totals } = (await fleet.until(({ fleetMetrics }) => time(fleetMetrics.at) === at)).at(-1)!.fleetMetrics
      expectTotal(totals, window, INTERVAL_MS / 1000)
      expect([totals.inFlight, totals.generatedTokens]).toEqual([window[0]!.inFlight + window[1]!.inFlight, 100])
    }
    for (const [d, deployment] of ids.entries()) {
      const own = recorded.map((window) => window[d]!)
      const { summary } = await history({ id: deployment, from: iso(startMs), to: iso(startMs + 200), maxPoints: 1 })
      expectTotal(summary, own, 0.2)
      expect([summary.inFlight, summary.generatedTokens]).toEqual([30 + d, d === 0 ? 400 : null])
    }
  })
})
