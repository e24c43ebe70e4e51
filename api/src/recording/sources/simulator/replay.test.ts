import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import type { FullMeasurement, MetricsWindow } from '../../../metrics/sample.ts'
import { Random, seedOf } from './random.ts'
import { createReplay } from './replay.ts'
import type { Replay } from './replay.ts'
import { TICKS_PER_MS, loadTrace } from './trace.ts'
import type { TrafficTrace } from './trace.ts'

const createdAtMs = Date.UTC(2026, 3, 7, 11, 22, 33, 444)
const deployment = { id: '3f6c2d1e-0a4b-4c8d-9e2f-5a6b7c8d9e0f', createdAtMs }

/** Requests of 100 to 2,000 prompt and 0 to `longest` generated tokens, at random times within a span. */
function madeUp(rows: number, spanMs: number, longest = 300): TrafficTrace {
  const random = new Random(seedOf(`trace of ${rows} in ${spanMs}`))
  const drawn = Array.from({ length: rows }, () => Math.floor(random.between(0, spanMs * TICKS_PER_MS)))
  const arrivals = Float64Array.from(drawn).toSorted()
  arrivals[0] = 0
  const integers = (low: number, high: number): Uint32Array =>
    Uint32Array.from({ length: rows }, () => Math.floor(random.between(low, high)))
  return {
    path: 'made up',
    arrivalTicks: arrivals,
    promptTokens: integers(100, 2_000),
    generatedTokens: integers(0, longest),
    periodTicks: Math.ceil((arrivals.at(-1)! * rows) / (rows - 1) / TICKS_PER_MS) * TICKS_PER_MS,
  }
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0)

/** What the windows of one length that adjoin from one time to another show, the last cut off at the end. */
function tile(replay: Replay, fromMs: number, toMs: number, durationMs: number, of = deployment): FullMeasurement[] {
  const windows: MetricsWindow[] = []
  for (let startMs = fromMs; startMs < toMs; startMs += durationMs) {
    windows.push({ startMs, durationMs: Math.min(durationMs, toMs - startMs) })
  }
  return windows.map((window) => replay(of, window))
}

function totals(measurements: FullMeasurement[]): Record<string, number> {
  return {
    requests: sum(measurements.map(({ requests }) => requests)),
    latencies: sum(measurements.map(({ latency }) => latency.count)),
    promptTokens: sum(measurements.map(({ promptTokens }) => promptTokens!)),
    generatedTokens: sum(measurements.map(({ generatedTokens }) => generatedTokens!)),
    latencySumUs: sum(measurements.map(({ latencySumMs }) => Math.round(latencySumMs * 1_000))),
  }
}

function ofFile(trace: TrafficTrace): Record<string, number> {
  const requests = trace.arrivalTicks.length
  const { promptTokens, generatedTokens } = trace
  return { requests, latencies: requests, promptTokens: sum(promptTokens), generatedTokens: sum(generatedTokens) }
}

const TRACES: [string, TrafficTrace][] = [
  ['ten minutes', madeUp(2_400, 600_000)],
  ['a loop shorter than many a request', madeUp(20, 3_000)],
  ['two requests', madeUp(2, 1_500)],
  ['very long requests', madeUp(200, 400_000, 20_000)],
]

describe.each(TRACES)('the replay of a recording of %s', (_, trace) => {
  const replay = createReplay(trace)
  const periodMs = trace.periodTicks / TICKS_PER_MS
  // Windows of lengths that divide a loop and that do not; the last of the loop is cut off at its end.
  const lengths = [97, 1_000, 2_750, 60_000, periodMs / 4, periodMs]

  it('adds up to the file over each whole loop from the second on, in windows of any length', () => {
    for (const loop of [1, 2, 7, 20_000]) {
      const fromMs = createdAtMs + loop * periodMs
      for (const durationMs of lengths) {
        expect(totals(tile(replay, fromMs, fromMs + periodMs, durationMs))).toMatchObject(ofFile(trace))
      }
    }
  })

  it('adds up as well over a loop that begins anywhere, once the first has passed', () => {
    for (const offsetMs of [1, 12_345.5, periodMs / 3]) {
      const fromMs = Math.round(createdAtMs + periodMs + offsetMs)
      for (const durationMs of lengths.slice(0, 3)) {
        expect(totals(tile(replay, fromMs, fromMs + periodMs, durationMs))).toMatchObject(ofFile(trace))
      }
    }
  })

  it('counts each request once in any windows that adjoin, from the start on', () => {
    const toMs = createdAtMs + 2.5 * periodMs
    const whole = totals(tile(replay, createdAtMs, toMs, toMs - createdAtMs))
    for (const durationMs of [33.25, 250, 1_000, 7_001]) {
      expect(totals(tile(replay, createdAtMs, toMs, durationMs))).toEqual(whole)
    }
  })

  it('has in flight exactly what has arrived and not finished', () => {
    let finished = 0
    const wrong: unknown[] = []
    const toMs = createdAtMs + 2.2 * periodMs
    const durationMs = Math.max(50, Math.round(periodMs / 200))
    for (let startMs = createdAtMs; startMs < toMs; startMs += durationMs) {
      const { requests, inFlight } = replay(deployment, { startMs, durationMs })
      finished += requests
      const endTicks = (startMs + durationMs - createdAtMs) * TICKS_PER_MS
      const loops = Math.floor(endTicks / trace.periodTicks)
      const arrived =
        loops * trace.arrivalTicks.length +
        trace.arrivalTicks.filter((ticks) => ticks + loops * trace.periodTicks < endTicks).length
      if (inFlight !== arrived - finished) wrong.push({ startMs, inFlight, arrived, finished })
    }
    expect(wrong).toEqual([])
    expect(finished).toBeGreaterThan(trace.arrivalTicks.length)
  })

  it('gives the same for the same window, whatever was asked before', () => {
    const plain = ({ latency, ...figures }: FullMeasurement): unknown => ({
      ...figures,
      latency: [...latency.encode()],
    })
    const durationMs = Math.ceil(periodMs / 10)
    const inOrder = tile(replay, createdAtMs, createdAtMs + 10 * durationMs, durationMs).map(plain)
    const another = createReplay(trace)
    const backwards = Array.from({ length: 10 }, (_, at) => 9 - at).map((at) =>
      plain(another(deployment, { startMs: createdAtMs + at * durationMs, durationMs })),
    )
    expect(backwards.toReversed()).toEqual(inOrder)
  })

  it('has no errors, and nothing before the deployment', () => {
    expect(tile(replay, createdAtMs, createdAtMs + 3 * periodMs, 1_000).every(({ errors }) => errors === 0)).toBe(true)
    const before = replay(deployment, { startMs: createdAtMs - 10_000, durationMs: 10_000 })
    expect(before).toMatchObject({ requests: 0, promptTokens: 0, generatedTokens: 0, inFlight: 0, latencySumMs: 0 })
  })
})

it('takes a request that arrives at the very end of a window for the next one', () => {
  const everySecond: TrafficTrace = {
    path: 'made up',
    arrivalTicks: Float64Array.of(0, 1_000 * TICKS_PER_MS, 2_000 * TICKS_PER_MS),
    promptTokens: new Uint32Array(3),
    generatedTokens: Uint32Array.of(400, 400, 400),
    periodTicks: 3_000 * TICKS_PER_MS,
  }
  // None of them is done before it is cut off at the loop's 3,000 ms.
  const inFlight = tile(createReplay(everySecond), createdAtMs, createdAtMs + 5_000, 500).map((one) => one.inFlight)
  expect(inFlight).toEqual([1, 1, 2, 2, 3, 3, 3, 3, 3, 3])
})

describe('the latency of a replayed request', () => {
  const alone = (promptTokens: number, generatedTokens: number): TrafficTrace => ({
    path: 'made up',
    arrivalTicks: Float64Array.of(0, 600_000 * TICKS_PER_MS),
    promptTokens: Uint32Array.of(promptTokens, 0),
    generatedTokens: Uint32Array.of(generatedTokens, 0),
    periodTicks: 1_200_000 * TICKS_PER_MS,
  })
  const latencyOf = (trace: TrafficTrace, id: string): number =>
    createReplay(trace)({ id, createdAtMs }, { startMs: createdAtMs, durationMs: 599_000 }).latencyMaxMs

  it('grows with its tokens, by the constants of prefill and decode', () => {
    const medianOf = (prompt: number, generated: number): number =>
      Float64Array.from({ length: 2_001 }, (_, at) =>
        latencyOf(alone(prompt, generated), `deployment ${at}`),
      ).toSorted()[1_000]!
    // Deviation of the median of 2,001 draws with σ = 0.15: 0.42 %.
    expect(medianOf(0, 0) / 25).toBeCloseTo(1, 1)
    expect(Math.abs(medianOf(1_000, 0) / 85 - 1)).toBeLessThan(0.022)
    expect(Math.abs(medianOf(1_000, 130) / 3_335 - 1)).toBeLessThan(0.022)
  })

  it('varies by deployment, within bounds, and never passes two minutes', () => {
    const latencies = Array.from({ length: 3_000 }, (_, at) => latencyOf(alone(1_000, 130), `deployment ${at}`))
    expect(new Set(latencies).size).toBeGreaterThan(2_900)
    expect(Math.min(...latencies)).toBeGreaterThanOrEqual(3_335 * Math.exp(-0.45) - 0.001)
    expect(Math.max(...latencies)).toBeLessThanOrEqual(3_335 * Math.exp(0.45))
    expect(latencyOf(alone(0, 100_000), 'long')).toBe(120_000)
  })

  it('is the same in every loop', () => {
    const trace = madeUp(500, 100_000)
    const replay = createReplay(trace)
    const periodMs = trace.periodTicks / TICKS_PER_MS
    const [second, ninth] = [1, 8].map((loop) =>
      tile(replay, createdAtMs + loop * periodMs, createdAtMs + (loop + 1) * periodMs, 1_000).map((m) => [
        m.requests,
        m.latencySumMs,
        m.inFlight,
      ]),
    )
    expect(second).toEqual(ninth)
  })
})

it('refuses a window that is none', () => {
  const replay = createReplay(madeUp(2, 1_000))
  for (const durationMs of [0, -5, Number.NaN, Infinity]) {
    expect(() => replay(deployment, { startMs: createdAtMs, durationMs })).toThrow(RangeError)
  }
})

// Azure LLM inference trace 2023 (conv), Azure Public Dataset, CC-BY 4.0; described in Patel et al., "Splitwise",
// ISCA 2024.
const repository = fileURLToPath(new URL('../../../../../', import.meta.url))
const recorded = resolve(repository, '../shared/data/azure-llm-inference-2023-conv.csv')
const isAbsent = !existsSync(recorded)

describe.skipIf(isAbsent)(
  `the recorded hour${isAbsent ? ' (skipped: ../shared/data/azure-llm-inference-2023-conv.csv is absent)' : ''}`,
  () => {
    let trace: TrafficTrace
    beforeAll(() => {
      trace = loadTrace(recorded)
    })

    it('has 19,366 requests in a little under an hour', () => {
      expect(ofFile(trace)).toEqual({
        requests: 19_366,
        latencies: 19_366,
        promptTokens: 22_361_870,
        generatedTokens: 4_088_665,
      })
      expect(trace.periodTicks / TICKS_PER_MS / 60_000).toBeCloseTo(58.4, 1)
    })

    const lengths = [1_000, 10_000, 4_321]
    it.each(lengths)('adds up to the file over the second loop and the fifth, in windows of %d ms', (durationMs) => {
      const replay = createReplay(trace)
      const periodMs = trace.periodTicks / TICKS_PER_MS
      for (const loop of [1, 4]) {
        const fromMs = createdAtMs + loop * periodMs
        const measurements = tile(replay, fromMs, fromMs + periodMs, durationMs)
        expect(totals(measurements)).toMatchObject(ofFile(trace))
        expect(measurements.some(({ inFlight }) => inFlight! > 5)).toBe(true)
      }
    })
  },
)
