import { describe, expect, it } from 'vitest'
import { seedOf } from './random.ts'
import { profileFor } from './traffic-profile.ts'
import type { TrafficProfile } from './traffic-profile.ts'
import {
  dailyFactorAt,
  errorRateAt,
  inFlightAt,
  isIdleAt,
  rampFactorAt,
  requestsPerSecondAt,
  slownessAt,
} from './traffic.ts'

const DAY_MS = 86_400_000
const startedAtMs = Date.UTC(2026, 2, 3, 8, 30)
const seed = seedOf('deployment')
const profile: TrafficProfile = {
  ...profileFor({ id: 'deployment', createdAtMs: startedAtMs }),
  requestsPerSecond: 20,
  rampMs: 60_000,
  dailySwing: 0.5,
  dailyPeakMs: 15 * 3_600_000,
  burstShare: 0,
  burstFactor: 2.5,
  idleShare: 0,
  latencyP50Ms: 500,
  latencySigma: 0.5,
  errorRate: 0,
}

/** A value for each of `count` moments, `everyMs` apart, well after the ramp. */
function over(count: number, everyMs: number, f: (timeMs: number) => number): number[] {
  return Array.from({ length: count }, (_, at) => f(startedAtMs + DAY_MS + at * everyMs))
}

const meanOf = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

describe('requests per second', () => {
  it('follow the day, highest at the peak and lowest half a day away, and keep its mean', () => {
    const midnight = Date.UTC(2026, 2, 5)
    const byHour = Array.from({ length: 24 }, (_, hour) =>
      requestsPerSecondAt(seed, profile, midnight + hour * 3_600_000),
    )
    expect(byHour[15]).toBeCloseTo(30)
    expect(byHour[3]).toBeCloseTo(10)
    expect(Math.max(...byHour)).toBe(byHour[15])
    expect(Math.min(...byHour)).toBe(byHour[3])
    expect(meanOf(byHour)).toBeCloseTo(20)
    expect(dailyFactorAt(profile, midnight)).toBeCloseTo(dailyFactorAt(profile, midnight + DAY_MS))
  })

  it('begin at the start, a fifth of what they come to, and rise until the ramp is over', () => {
    expect(requestsPerSecondAt(seed, profile, startedAtMs - 1)).toBe(0)
    const ramp = Array.from({ length: 61 }, (_, second) => rampFactorAt(profile, startedAtMs + second * 1_000))
    expect(ramp[0]).toBe(0.2)
    expect(ramp[30]).toBeCloseTo(0.6)
    expect(ramp[60]).toBe(1)
    expect(ramp.every((factor, second) => second === 0 || factor > ramp[second - 1]!)).toBe(true)
    expect(rampFactorAt(profile, startedAtMs + 10 * DAY_MS)).toBe(1)
    expect(rampFactorAt({ ...profile, rampMs: 0 }, startedAtMs)).toBe(1)
    expect(requestsPerSecondAt(seed, profile, startedAtMs)).toBeCloseTo(20 * 0.2 * dailyFactorAt(profile, startedAtMs))
  })

  it('have bursts up to the burst factor, in about their share of the minutes', () => {
    const bursty = { ...profile, burstShare: 0.2 }
    const factors = over(
      86_400,
      1_000,
      (t) => requestsPerSecondAt(seed, bursty, t) / requestsPerSecondAt(seed, profile, t),
    )
    expect(Math.min(...factors)).toBe(1)
    expect(Math.max(...factors)).toBeGreaterThan(2)
    expect(Math.max(...factors)).toBeLessThanOrEqual(2.5)
    const minutes = Array.from({ length: 1_440 }, (_, minute) =>
      factors.slice(minute * 60, minute * 60 + 60).some((factor) => factor > 1),
    )
    const share = minutes.filter(Boolean).length / minutes.length
    expect(Math.abs(share - 0.2)).toBeLessThan(5 * Math.sqrt((0.2 * 0.8) / 1_440) + 0.02)
  })

  it('are none in idle spells, which come only to profiles with an idle share, and not at first', () => {
    const quiet = { ...profile, idleShare: 0.4 }
    const idle = over(4_000, 45_000, (t) => (requestsPerSecondAt(seed, quiet, t) === 0 ? 1 : 0))
    expect(Math.abs(meanOf(idle) - 0.4)).toBeLessThan(5 * Math.sqrt((0.4 * 0.6) / 4_000))
    expect(over(4_000, 45_000, (t) => (isIdleAt(seed, profile, t) ? 1 : 0))).not.toContain(1)
    for (let t = startedAtMs; t < startedAtMs + 600_000; t += 1_000) expect(isIdleAt(seed, quiet, t)).toBe(false)
  })
})

describe('slow spells and errors', () => {
  it('come in episodes of half a minute to minutes, with long calm between them', () => {
    for (const [strengthAt, highest] of [
      [(t: number) => slownessAt(seed, t) - 1, 2.5],
      [(t: number) => errorRateAt(seed, profile, t), 0.45],
    ] as const) {
      const strengths = over(86_400, 1_000, strengthAt)
      const calm = strengths.filter((strength) => strength === 0).length / strengths.length
      expect(calm).toBeGreaterThan(0.8)
      expect(calm).toBeLessThan(0.98)
      expect(Math.max(...strengths)).toBeGreaterThan(highest * 0.7)
      expect(Math.max(...strengths)).toBeLessThanOrEqual(highest)

      const lengths = strengths
        .map((strength) => (strength > 0 ? 'x' : ' '))
        .join('')
        .split(/ +/)
        .filter((episode) => episode !== '')
        .map((episode) => episode.length)
      expect(lengths.length).toBeGreaterThan(20)
      expect(Math.min(...lengths)).toBeGreaterThanOrEqual(14)
    }
  })

  it('befall deployments independently', () => {
    const other = seedOf('another deployment')
    const slow = over(20_000, 5_000, (t) => (slownessAt(seed, t) > 1.2 ? 1 : 0))
    const otherSlow = over(20_000, 5_000, (t) => (slownessAt(other, t) > 1.2 ? 1 : 0))
    const both = meanOf(slow.map((value, at) => value * otherSlow[at]!))
    expect(both).toBeLessThan(3 * meanOf(slow) * meanOf(otherSlow))
  })
})

describe('requests in flight', () => {
  it("have the mean of Little's law and the variance of Poisson", () => {
    const flat = { ...profile, dailySwing: 0 }
    // Far enough apart to be independent, and outside of slow spells.
    const moments = over(40_000, 3_250, (t) => t)
    const calm = moments.filter((t) => slownessAt(seed, t) === 1)
    const counts = calm.map((t) => inFlightAt(seed, flat, t))
    const expected = 20 * 0.5 * Math.exp(0.125)
    const mean = meanOf(counts)
    expect(Math.abs(mean - expected)).toBeLessThan(5 * Math.sqrt(expected / counts.length) + 0.01)
    const variance = meanOf(counts.map((count) => (count - mean) ** 2))
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.05)
  })

  it('do not flicker: ten milliseconds change little', () => {
    const counts = over(5_000, 10, (t) => inFlightAt(seed, profile, t))
    expect(Math.max(...counts.slice(1).map((count, at) => Math.abs(count - counts[at]!)))).toBeLessThanOrEqual(1)
    expect(new Set(counts).size).toBeGreaterThan(8)
  })

  it('are none where no requests come', () => {
    expect(inFlightAt(seed, profile, startedAtMs - 1)).toBe(0)
    expect(inFlightAt(seed, { ...profile, idleShare: 1 }, startedAtMs + DAY_MS)).toBe(0)
  })
})
