import { describe, expect, it, vi } from 'vitest'
import { plainMetrics } from '../../test/plain-metrics.ts'
import { randomMetrics } from '../../test/random-metrics.ts'
import { sampleOf } from '../../test/sample-of.ts'
import { LatencyHistogram } from '../metrics/latency-histogram.ts'
import { MetricsMerger } from '../metrics/metrics-summary.ts'
import type { Sample } from '../metrics/sample.ts'
import { derive, Random, seedOf } from '../recording/sources/simulator/random.ts'
import { endingIn, endOf, TrailingBlocks } from './trailing-blocks.ts'

const START = Date.UTC(2026, 10, 23, 12) - 7000
const OVERS = [1000, 10_000, 60_000, 300_000]

interface Drawn {
  samples: Sample[]
  latenciesMs: Map<Sample, number[]>
}

/** A log with gaps, of windows of these lengths. */
function draw(random: Random, lengthsMs: number[], spanMs = 700_000): Drawn {
  const samples: Sample[] = []
  const latenciesMs = new Map<Sample, number[]>()
  const added = new Random(seedOf('what else was measured'))
  let windowMs = lengthsMs[0] as number
  for (let atMs = START; atMs < START + spanMs; atMs += windowMs) {
    if (random.uniform() < 0.02) windowMs = lengthsMs[Math.floor(random.uniform() * lengthsMs.length)] as number
    if (random.uniform() < 0.02) atMs += windowMs * Math.floor(random.between(1, 80_000 / windowMs))
    const count = random.uniform() < 0.1 ? 0 : Math.floor(random.between(1, 12))
    const latencies = Array.from({ length: count }, () => random.between(1, 900))
    const sequence = samples.length + 1
    const errors = Math.floor(random.uniform() * (count + 1))
    const more = {
      ...randomMetrics(added),
      errors,
      inFlight: random.uniform() < 0.2 ? null : count,
      promptTokens: count > 3 ? count : null,
    }
    const sample = sampleOf({ sequence, windowStartMs: atMs, windowMs, latenciesMs: latencies, ...more })
    samples.push(sample)
    latenciesMs.set(sample, latencies)
  }
  return { samples, latenciesMs }
}

/** From memory that holds all samples, and has been asked for nothing before. */
const alone = ({ samples }: Drawn, sample: Sample, overMs: number) =>
  plainMetrics(new TrailingBlocks({ samples, completeAfterMs: -Infinity }).figure(sample, overMs))

describe.each([
  ['of one second', [1000]],
  ['of five seconds', [5000]],
  ['of 50 ms', [50]],
  ['of changing lengths', [1000, 5000, 2000]],
])('trailing figures of windows %s', (name, lengthsMs) => {
  const random = new Random(derive(seedOf(name), 0))
  const drawn = draw(random, lengthsMs, lengthsMs[0] === 50 ? 20_000 : 700_000)
  const { samples, latenciesMs } = drawn
  const some = samples.filter((_, index) => index % 7 === 0 || index > samples.length - 20)

  it.each(OVERS)('over %i ms are what all samples that end within them come to', (overMs) => {
    const blocks = new TrailingBlocks({ samples, completeAfterMs: -Infinity })
    for (const sample of samples) {
      const figure = blocks.figure(sample, overMs)
      const toMs = endOf(sample)
      const fromMs = toMs - overMs
      if (overMs <= sample.windowMs) {
        expect([figure.atMs, figure.requests, figure.coveredMs]).toEqual([
          sample.windowStartMs,
          sample.requests,
          sample.windowMs,
        ])
        continue
      }
      const within = samples.filter((one) => endOf(one) > fromMs && endOf(one) <= toMs)
      const histogram = new LatencyHistogram()
      let sumMs = 0
      let maxMs = 0
      for (const one of within) {
        for (const latencyMs of latenciesMs.get(one) ?? []) {
          histogram.record(latencyMs)
          sumMs += latencyMs
          maxMs = Math.max(maxMs, latencyMs)
        }
      }
      const sum = (of: (one: Sample) => number | null) => within.reduce((total, one) => total + (of(one) ?? 0), 0)
      const covered = within.reduce((total, one) => total + endOf(one) - Math.max(one.windowStartMs, fromMs), 0)
      const { latencySumMs, ...rest } = plainMetrics(figure)
      expect(rest).toMatchObject({
        atMs: fromMs,
        windowMs: overMs,
        coveredMs: covered,
        requests: sum((one) => one.requests),
        errors: sum((one) => one.errors),
        latencyMaxMs: maxMs,
        inFlight: within.findLast(({ inFlight }) => inFlight !== null)?.inFlight ?? null,
        latency: histogram.count > 0 ? Buffer.from(histogram.encode()).toString('hex') : null,
      })
      expect(latencySumMs).toBeCloseTo(sumMs, 6)
    }
  })

  it('are the same bytes whatever was asked for before, and wherever the samples come from', () => {
    const live: Sample[] = []
    const kept = { samples: live, completeAfterMs: -Infinity }
    const blocks = new TrailingBlocks(kept)
    for (const sample of samples) {
      live.push(sample)
      // As memory that reaches two minutes back.
      while (endOf(live[0] as Sample) < endOf(sample) - 120_000) kept.completeAfterMs = endOf(live.shift() as Sample)
      for (const overMs of OVERS) {
        if (random.uniform() < 0.3) continue
        const range = blocks.missing(sample, overMs)
        if (range !== undefined) {
          blocks.supply(sample, overMs, range, endingIn(samples, range.fromMs, range.toMs))
          expect(blocks.missing(sample, overMs)).toBeUndefined()
        }
        const figure = plainMetrics(blocks.figure(sample, overMs))
        if (some.includes(sample)) expect(figure).toEqual(alone(drawn, sample, overMs))
      }
    }
  })
})

describe('trailing figures', () => {
  it('have the source of each of their samples', () => {
    const samples = Array.from({ length: 40 }, (_, n) =>
      sampleOf({
        sequence: n + 1,
        windowStartMs: START + n * 1000,
        latenciesMs: [5],
        source: (n < 12 ? 'OTHER' : 'SIMULATED') as 'SIMULATED',
      }),
    )
    const blocks = new TrailingBlocks({ samples, completeAfterMs: -Infinity })
    expect(blocks.figure(samples.at(-1) as Sample, 60_000)).toMatchObject({
      requests: 40,
      coveredMs: 40_000,
      sources: ['SIMULATED', 'OTHER'],
    })
  })

  it('fold what is asked for again and again once: a whole minute of a steady log in some ten additions', () => {
    const samples = Array.from({ length: 400 }, (_, n) =>
      sampleOf({ sequence: n + 1, windowStartMs: START + n * 1000, latenciesMs: [5] }),
    )
    const add = vi.spyOn(MetricsMerger.prototype, 'add')
    const blocks = new TrailingBlocks({ samples, completeAfterMs: -Infinity })
    for (const sample of samples) blocks.figure(sample, 60_000)
    expect(add.mock.calls.length / samples.length).toBeLessThan(10)
    add.mockRestore()
  })
})
