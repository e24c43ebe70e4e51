import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Distribution } from '../../../metrics/distribution.ts'
import type { FullMeasurement, MetricsWindow } from '../../../metrics/sample.ts'
import { generateInferenceMetrics } from './generate-inference-metrics.ts'
import { seedOf } from './random.ts'
import { profileFor } from './traffic-profile.ts'
import type { TrafficProfile } from './traffic-profile.ts'
import { errorRateAt, slownessAt } from './traffic.ts'

const HOUR_MS = 3_600_000
const startedAtMs = Date.UTC(2026, 4, 1, 9)
const id = '3f6c2d1e-0a4b-4c8d-9e2f-5a6b7c8d9e0f'
const profile: TrafficProfile = {
  ...profileFor({ id, createdAtMs: startedAtMs }),
  rampMs: 60_000,
  requestsPerSecond: 25,
  dailySwing: 0,
  burstShare: 0,
  idleShare: 0,
  latencyP50Ms: 400,
  latencySigma: 0.5,
  errorRate: 0.001,
  promptTokens: { median: 500, sigma: 0.6 },
  generatedTokens: { median: 100, sigma: 0.5 },
}

/** Adjacent windows, by default from an hour after the start. */
function windows(count: number, durationMs: number, fromMs = startedAtMs + HOUR_MS): MetricsWindow[] {
  return Array.from({ length: count }, (_, at) => ({ startMs: fromMs + at * durationMs, durationMs }))
}

function generate(over: MetricsWindow[], changes: Partial<TrafficProfile> = {}): FullMeasurement[] {
  return over.map((window) => generateInferenceMetrics(id, window, { ...profile, ...changes }))
}

function total(
  measurements: FullMeasurement[],
  field: 'requests' | 'errors' | 'promptTokens' | 'generatedTokens',
): number {
  return measurements.reduce((sum, measurement) => sum + (measurement[field] ?? 0), 0)
}

/** Without the exact maximum; 0 without requests. */
const quantile = (latency: Distribution, q: number): number => latency.quantile(q)?.valueMs ?? 0

/** A measurement as plain data, its histogram in hexadecimal. */
function plain(measurement: FullMeasurement): string {
  return JSON.stringify({ ...measurement, latency: Buffer.from(measurement.latency.encode()).toString('hex') })
}

describe('the same arguments', () => {
  const cases = Array.from({ length: 30 }, (_, at) => ({
    id: `deployment-${at}`,
    window: { startMs: startedAtMs + at * 7_777_000, durationMs: [10, 250, 1_000, 60_000][at % 4]! },
  }))
  const generateOne = (one: (typeof cases)[number]): string =>
    plain(generateInferenceMetrics(one.id, one.window, profileFor({ id: one.id, createdAtMs: startedAtMs })))
  const results = cases.map(generateOne)

  it('give the same measurement in any order of calls', () => {
    expect(cases.toReversed().map(generateOne).toReversed()).toEqual(results)
  })

  it('give the same bytes in another process', () => {
    const url = (name: string): string => JSON.stringify(new URL(`./${name}.ts`, import.meta.url).href)
    const script = `
      import { generateInferenceMetrics } from ${url('generate-inference-metrics')}
      import { profileFor } from ${url('traffic-profile')}
      const results = ${JSON.stringify(cases)}.map(({ id, window }) => {
        const m = generateInferenceMetrics(id, window, profileFor({ id, createdAtMs: ${startedAtMs} }))
        return JSON.stringify({ ...m, latency: Buffer.from(m.latency.encode()).toString('hex') })
      })
      process.stdout.write(JSON.stringify(results))`
    const output = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      encoding: 'utf8',
    })
    expect(JSON.parse(output)).toEqual(results)
  })

  it('changed in any of id, start and length give another', () => {
    const window = { startMs: startedAtMs + HOUR_MS, durationMs: 1_000 }
    const variants = [
      generateInferenceMetrics(id, window, profile),
      generateInferenceMetrics(`${id}0`, window, profile),
      generateInferenceMetrics(id, { ...window, startMs: window.startMs + 1 }, profile),
      generateInferenceMetrics(id, { ...window, durationMs: 1_001 }, profile),
    ]
    expect(new Set(variants.map(plain)).size).toBe(4)
  })
})

describe('latencies', () => {
  const seed = seedOf(id)
  // Windows without slow spells at their middle, so that one median holds for all.
  const calm = windows(12_000, 1_000).filter(({ startMs }) => slownessAt(seed, startMs + 500) === 1)

  it.each([0.25, 0.5, 0.8])('are log-normal about the p50 of the profile: σ = %d', (latencySigma) => {
    const measurements = generate(calm, { latencySigma })
    const merged = new Distribution()
    for (const { latency } of measurements) merged.merge(latency)
    const n = merged.count
    expect(n).toBeGreaterThan(150_000)

    // The standard deviation of ln(quantile) is σ sqrt(p (1 - p) / n) / φ(z); a bucket adds 0.28 % to either.
    const deviationOf = (p: number, z: number): number =>
      (latencySigma * Math.sqrt((p * (1 - p)) / n) * Math.sqrt(2 * Math.PI)) / Math.exp(-(z ** 2) / 2)
    const p50 = quantile(merged, 0.5)
    expect(Math.abs(Math.log(p50 / 400))).toBeLessThan(5 * deviationOf(0.5, 0) + 0.002_8)
    for (const [p, z] of [
      [0.95, 1.644_854],
      [0.99, 2.326_348],
    ] as const) {
      const ratio = Math.log(quantile(merged, p) / p50)
      const tolerance = 5 * (deviationOf(p, z) + deviationOf(0.5, 0)) + 2 * 0.002_8
      expect(Math.abs(ratio - z * latencySigma), `p${100 * p} / p50`).toBeLessThan(tolerance)
    }

    // The mean of a log-normal is median × exp(σ² / 2); its variation coefficient sqrt(exp(σ²) - 1).
    const meanMs = measurements.reduce((sum, { latencySumMs }) => sum + latencySumMs, 0) / n
    const expectedMs = 400 * Math.exp(latencySigma ** 2 / 2)
    expect(Math.abs(meanMs / expectedMs - 1)).toBeLessThan(5 * Math.sqrt((Math.exp(latencySigma ** 2) - 1) / n))
  })

  it('take longer in a slow spell', () => {
    const slow = windows(40_000, 1_000).filter(({ startMs }) => slownessAt(seed, startMs + 500) > 2)
    expect(slow.length).toBeGreaterThan(100)
    const merged = new Distribution()
    for (const { latency } of generate(slow)) merged.merge(latency)
    expect(quantile(merged, 0.5)).toBeGreaterThan(800)
  })

  it('agree with count, sum and maximum of their measurement', () => {
    for (const measurement of generate([...windows(300, 1_000), ...windows(50, 60_000), ...windows(300, 100)])) {
      expect(measurement.latency.count).toBe(measurement.requests)
      const { requests, latencySumMs, latencyMaxMs, latency } = measurement
      const p100 = quantile(latency, 1)
      expect(Math.abs(p100 - latencyMaxMs)).toBeLessThanOrEqual(0.002_8 * latencyMaxMs)
      expect(latencySumMs).toBeLessThanOrEqual(requests * latencyMaxMs + 1e-6)
      expect(latencySumMs).toBeGreaterThanOrEqual(latencyMaxMs)
      expect(Math.abs(latencySumMs * 1_000 - Math.round(latencySumMs * 1_000))).toBeLessThan(1e-4)
    }
  })
})

describe('requests', () => {
  it.each([10, 100, 1_000, 20_000, 60_000])('come at the rate of the profile in windows of %d ms', (durationMs) => {
    const measurements = generate(windows(Math.min(6_000, 3_000_000 / durationMs), durationMs))
    const expected = (25 * durationMs * measurements.length) / 1_000
    expect(Math.abs(total(measurements, 'requests') - expected)).toBeLessThan(5 * Math.sqrt(expected))
  })

  it('vary from window to window as Poisson does', () => {
    const counts = generate(windows(6_000, 1_000)).map((measurement) => measurement.requests)
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length
    expect(Math.abs(variance / mean - 1)).toBeLessThan(5 * Math.sqrt(2 / counts.length) + 0.01)
  })

  it.each([10, 1_000, 60_000])('are at least one in the first window, of %d ms', (durationMs) => {
    for (let at = 0; at < 200; at++) {
      const createdAtMs = startedAtMs + at * 97
      const deployment = { id: `deployment-${at}`, createdAtMs }
      const own = { ...profileFor(deployment), requestsPerSecond: 0.01 }
      const nextOnTheClockMs = Math.floor(createdAtMs / durationMs + 1) * durationMs
      for (const startMs of [createdAtMs, nextOnTheClockMs]) {
        expect(generateInferenceMetrics(deployment.id, { startMs, durationMs }, own).requests).toBeGreaterThanOrEqual(1)
      }
    }
  })

  it('ramp up after the start, and do not come before it', () => {
    const minute = windows(60, 1_000, startedAtMs)
    const early = total(generate(minute.slice(0, 15)), 'requests')
    const late = total(generate(minute.slice(45)), 'requests')
    expect(early).toBeGreaterThan(0)
    expect(early).toBeLessThan(0.5 * late)
    expect(total(generate(windows(60, 1_000, startedAtMs - 60_000 - 1)), 'requests')).toBeLessThanOrEqual(1)
    expect(total(generate(windows(60, 1_000, startedAtMs - 120_000)), 'requests')).toBe(0)
  })

  it('follow the daily curve', () => {
    const noonMs = Date.UTC(2026, 4, 9, 12)
    const swinging = { dailySwing: 0.6, dailyPeakMs: 12 * HOUR_MS }
    const day = total(generate(windows(60, 10_000, noonMs), swinging), 'requests')
    const night = total(generate(windows(60, 10_000, noonMs + 12 * HOUR_MS), swinging), 'requests')
    expect(day / night).toBeGreaterThan(3)
    expect(day / night).toBeLessThan(5)
  })

  it('beyond the bound stand for several each, and add up all the same', () => {
    const busy = generate(windows(20, 1_000), { requestsPerSecond: 50_000 })
    expect(Math.abs(total(busy, 'requests') - 1_000_000)).toBeLessThan(5 * 1_000)
    for (const measurement of busy) {
      expect(measurement.latency.count).toBe(measurement.requests)
      expect(Math.abs(Math.log(quantile(measurement.latency, 0.5) / 400))).toBeLessThan(0.06 + Math.log(3.5))
      expect(measurement.promptTokens! / measurement.requests / (500 * Math.exp(0.18))).toBeCloseTo(1, 0)
    }
  })
})

describe('idle windows', () => {
  it('have nothing at all, and occur with an idle share only', () => {
    const quiet = generate(windows(2_000, 1_000), { idleShare: 0.4, requestsPerSecond: 30 })
    const idle = quiet.filter((measurement) => measurement.requests === 0)
    expect(idle.length).toBeGreaterThan(200)
    expect(idle.length).toBeLessThan(1_800)
    for (const { latency, timeToFirstToken, interTokenLatency, queueTime, ...figures } of idle) {
      for (const empty of [latency, timeToFirstToken!, interTokenLatency!, queueTime!]) {
        expect(empty.count).toBe(0)
        expect(empty.quantile(0.5)).toBeNull()
      }
      expect(figures).toEqual({
        requests: 0,
        errors: 0,
        errorsByReason: {},
        latencySumMs: 0,
        latencyMaxMs: 0,
        timeToFirstTokenSumMs: 0,
        timeToFirstTokenMaxMs: 0,
        interTokenLatencySumMs: 0,
        interTokenLatencyMaxMs: 0,
        queueTimeSumMs: 0,
        queueTimeMaxMs: 0,
        promptTokens: 0,
        generatedTokens: 0,
        inFlight: 0,
        waiting: 0,
        kvCacheUsage: 0,
        lateReports: null,
      })
    }
    expect(generate(windows(2_000, 1_000), { requestsPerSecond: 30 }).every(({ requests }) => requests > 0)).toBe(true)
  })

  it('come to deployments of the kind with little traffic', () => {
    const deployments = Array.from({ length: 60 }, (_, at) => ({ id: `internal ${at}`, createdAtMs: startedAtMs }))
    const internal = deployments.find((deployment) => profileFor(deployment).archetype === 'INTERNAL')!
    const measurements = windows(600, 1_000).map((window) =>
      generateInferenceMetrics(internal.id, window, profileFor(internal)),
    )
    expect(measurements.some(({ requests, inFlight }) => requests === 0 && inFlight === 0)).toBe(true)
    expect(measurements.some(({ requests }) => requests > 0)).toBe(true)
  })
})

describe('errors', () => {
  it('leave whole minutes alone and are many in others, as often as the episodes have it', () => {
    const minutes = generate(windows(600, 60_000), { errorRate: 0 })
    const rates = minutes.map(({ errors, requests }) => errors / requests)
    expect(rates.filter((rate) => rate === 0).length).toBeGreaterThan(300)
    expect(rates.filter((rate) => rate > 0.05).length).toBeGreaterThan(10)
    expect(minutes.every(({ errors, requests }) => errors <= requests)).toBe(true)
  })

  it('have the rate of their episode', () => {
    const seed = seedOf(id)
    const episode = windows(40_000, 1_000).filter(({ startMs }) => errorRateAt(seed, profile, startMs + 500) > 0.1)
    const expected = episode.reduce((sum, { startMs }) => sum + 25 * errorRateAt(seed, profile, startMs + 500), 0)
    expect(expected).toBeGreaterThan(1_000)
    expect(Math.abs(total(generate(episode), 'errors') - expected)).toBeLessThan(5 * Math.sqrt(expected))
  })
})

describe('tokens', () => {
  it('are those of the requests, more generated the longer they take, none by failed ones', () => {
    const measurements = generate(windows(3_000, 1_000), { errorRate: 0 })
    const requests = total(measurements, 'requests')
    expect(total(measurements, 'promptTokens') / requests / (500 * Math.exp(0.18))).toBeCloseTo(1, 1)
    expect(total(measurements, 'generatedTokens') / requests / (100 * Math.exp(0.125))).toBeCloseTo(1, 1)

    const single = generate(windows(4_000, 10)).filter((one) => one.requests === 1 && one.errors === 0)
    const half = single.toSorted((a, b) => a.latencySumMs - b.latencySumMs)
    const generatedBy = (some: FullMeasurement[]): number => total(some, 'generatedTokens') / some.length
    expect(generatedBy(half.slice(half.length / 2))).toBeGreaterThan(1.4 * generatedBy(half.slice(0, half.length / 2)))

    const failed = generate(windows(10, 1_000), { errorRate: 1 })
    expect(total(failed, 'errors')).toBe(total(failed, 'requests'))
    expect(total(failed, 'generatedTokens')).toBe(0)
    expect(total(failed, 'promptTokens')).toBeGreaterThan(0)
  })

  it('are null for models without them', () => {
    const [vision] = generate(windows(1, 1_000), { promptTokens: null, generatedTokens: null })
    expect(vision).toMatchObject({ promptTokens: null, generatedTokens: null })
    expect(vision!.requests).toBeGreaterThan(0)
  })
})

describe('a window that is none', () => {
  it('is refused', () => {
    for (const durationMs of [0, -1, Number.NaN, Infinity]) {
      expect(() => generate([{ startMs: startedAtMs, durationMs }])).toThrow(RangeError)
    }
    expect(() => generate([{ startMs: Number.NaN, durationMs: 1_000 }])).toThrow(RangeError)
  })
})
