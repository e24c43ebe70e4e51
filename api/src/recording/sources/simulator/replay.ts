import type { FullMeasurement, MetricsWindow } from '../../../metrics/sample.ts'
import type { MeasuredDeployment } from '../source.ts'
import { Random, derive, seedOf } from './random.ts'
import type { Seed } from './random.ts'
import { RequestTally } from './request-tally.ts'
import type { TokenTimes } from './token-tally.ts'
import { TICKS_PER_MS } from './trace.ts'
import type { TrafficTrace } from './trace.ts'

/**
 * What a deployment that serves a recording's traffic would have shown in a window. Pure, like
 * `generateInferenceMetrics`.
 */
export type Replay = (deployment: MeasuredDeployment, window: MetricsWindow) => FullMeasurement

/** Separates the random numbers of replays from others, and those of queue times from those of latencies. */
const REPLAYS = 2
const QUEUE_TIMES = 4

/**
 * A request takes a prefill, linear in its prompt, and then a fixed time for each token it generates: the two phases
 * of Patel et al., "Splitwise: Efficient Generative LLM Inference Using Phase Splitting" (ISCA 2024). The constants
 * are ours, of the order of a 70B model on current GPUs: 25 ms + 0.06 ms a prompt token + 25 ms a generated token.
 */
const OVERHEAD_MS = 25
const PREFILL_MS_PER_TOKEN = 0.06
const DECODE_MS_PER_TOKEN = 25

/**
 * A request joins those that are worked on when their next tokens are made: it waits for a part of the overhead, each as
 * likely.
 */
const MAX_QUEUE_MS = OVERHEAD_MS

/** How many tokens the cache holds: about 130 GB on four GPUs, at a third of a megabyte a token. */
const CACHE_TOKENS = 400_000

/** Every request's time is multiplied by `exp(σ z)`, z a standard Gaussian kept within ±3. */
const NOISE_SIGMA = 0.15
const NOISE_BOUND = 3
const FASTEST = Math.exp(-NOISE_SIGMA * NOISE_BOUND)
const SLOWEST = Math.exp(NOISE_SIGMA * NOISE_BOUND)

/** A server eventually times a request out. This also bounds how far back a window has to look. */
const MAX_LATENCY_MS = 120_000

/** Latencies are whole microseconds, so that a sum of them is exact. */
const TICKS_PER_US = TICKS_PER_MS / 1_000

/**
 * Prepares the replay of a recording. It starts with the deployment, at the first row, and over and over again with
 * its period; a request belongs to the window in which it finishes.
 *
 * The noise on a request's time depends on deployment and row but not on the loop, and no request takes longer than a
 * loop: from the second loop on every loop is the same, and what finishes in it adds up to the recording's requests
 * and tokens exactly. All times are whole ticks of 100 ns, so windows that adjoin count every request once, whatever
 * their length.
 *
 * `inFlight` is exact: arrived before the window's end, not finished by then; and so is `waiting`. The cache holds the
 * prompts of those that do not wait, and their tokens as far as they are generated. A recording has no failures: `errors`
 * is 0.
 */
export function createReplay(trace: TrafficTrace): Replay {
  const { arrivalTicks, promptTokens, generatedTokens, periodTicks } = trace
  const rows = arrivalTicks.length
  const maxTicks = Math.min(MAX_LATENCY_MS * TICKS_PER_MS, periodTicks)

  const noiselessTicks = arrivalTicks.map(
    (_, row) =>
      TICKS_PER_MS *
      (OVERHEAD_MS +
        PREFILL_MS_PER_TOKEN * (promptTokens[row] ?? 0) +
        DECODE_MS_PER_TOKEN * (generatedTokens[row] ?? 0)),
  )
  const longestTicks = Math.min(maxTicks, Math.ceil(noiselessTicks.reduce((a, b) => Math.max(a, b)) * SLOWEST))

  function latencyTicks(seed: Seed, row: number): number {
    const z = new Random(derive(seed, row)).gaussian()
    const noise = Math.exp(NOISE_SIGMA * Math.max(-NOISE_BOUND, Math.min(NOISE_BOUND, z)))
    const ticks = Math.min(maxTicks, (noiselessTicks[row] ?? 0) * noise)
    return Math.max(1, Math.floor(ticks / TICKS_PER_US)) * TICKS_PER_US
  }

  /** From its arrival on, when the noise is that of `latencyUs`. */
  function timesOf(seed: Seed, row: number, latencyUs: number): TokenTimes {
    const usPerMs = latencyUs / ((noiselessTicks[row] ?? 0) / TICKS_PER_MS)
    const afterFirstMs = DECODE_MS_PER_TOKEN * Math.max(0, (generatedTokens[row] ?? 0) - 1)
    const queueMs = MAX_QUEUE_MS * new Random(derive(derive(seed, QUEUE_TIMES), row)).uniform()
    return {
      queueUs: Math.floor(queueMs * usPerMs),
      firstTokenUs: Math.max(1, latencyUs - Math.round(afterFirstMs * usPerMs)),
    }
  }

  return (deployment, { startMs, durationMs }) => {
    if (!(Number.isFinite(startMs) && durationMs > 0 && Number.isFinite(durationMs))) {
      throw new RangeError(`A window starts at a time and lasts above 0 ms, not ${durationMs} ms from ${startMs}.`)
    }
    // The end is summed before the difference is taken, as it is for the start of the next window: the same tick.
    const startTicks = Math.round((startMs - deployment.createdAtMs) * TICKS_PER_MS)
    const endTicks = Math.round((startMs + durationMs - deployment.createdAtMs) * TICKS_PER_MS)
    const seed = derive(seedOf(deployment.id), REPLAYS)
    const finished = new RequestTally()
    let inFlight = 0
    let waiting = 0
    let cachedTokens = 0
    const countInFlight = (row: number, sinceTicks: number) => {
      inFlight++
      if (sinceTicks <= MAX_QUEUE_MS * TICKS_PER_MS * SLOWEST) {
        const { queueUs } = timesOf(seed, row, latencyTicks(seed, row) / TICKS_PER_US)
        if (queueUs * TICKS_PER_US >= sinceTicks) {
          waiting++
          return
        }
      }
      const done = Math.min(1, sinceTicks / (noiselessTicks[row] ?? 1))
      cachedTokens += (promptTokens[row] ?? 0) + done * (generatedTokens[row] ?? 0)
    }

    const firstLoop = Math.max(0, Math.floor((startTicks - longestTicks) / periodTicks))
    for (let loopTicks = firstLoop * periodTicks; loopTicks < endTicks; loopTicks += periodTicks) {
      const from = firstAtOrAfter(arrivalTicks, startTicks - longestTicks - loopTicks)
      for (let row = from; row < rows; row++) {
        const arrival = loopTicks + (arrivalTicks[row] ?? 0)
        if (arrival >= endTicks) break
        // Most requests that overlap the lookback are done before the window, or not by its end, whatever their noise.
        const noiseless = noiselessTicks[row] ?? 0
        if (arrival + noiseless * SLOWEST < startTicks) continue
        if (arrival + Math.min(maxTicks, noiseless * FASTEST) - TICKS_PER_US > endTicks) {
          countInFlight(row, endTicks - arrival)
          continue
        }
        const latency = latencyTicks(seed, row)
        if (arrival + latency >= endTicks) countInFlight(row, endTicks - arrival)
        else if (arrival + latency >= startTicks) {
          const latencyUs = latency / TICKS_PER_US
          const tokens = { promptTokens: promptTokens[row] ?? 0, generatedTokens: generatedTokens[row] ?? 0 }
          finished.add({ latencyUs, hasFailed: false, ...tokens, times: timesOf(seed, row, latencyUs) })
        }
      }
    }
    const kvCacheUsage = Math.round(10_000 * Math.min(1, cachedTokens / CACHE_TOKENS)) / 10_000
    return finished.measurement(inFlight, { promptTokens: true, generatedTokens: true }, { waiting, kvCacheUsage })
  }
}

/** The first index whose value is not below `ticks`, by halving; the length when all are. */
function firstAtOrAfter(ascending: Float64Array, ticks: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] ?? 0) < ticks) low = middle + 1
    else high = middle
  }
  return low
}
