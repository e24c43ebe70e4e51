import type { FullMeasurement, MetricsWindow } from '../../../metrics/sample.ts'
import { Random, type Seed, derive, seedOf } from './random.ts'
import { type FinishedRequest, RequestTally } from './request-tally.ts'
import type { FailureReason, TokenTimes } from './token-tally.ts'
import type { TokenProfile, TrafficProfile } from './traffic-profile.ts'
import {
  cacheUsageAt,
  errorRateAt,
  inFlightAt,
  overloadAt,
  queueShareAt,
  requestsPerSecondAt,
  slownessAt,
  waitingAt,
} from './traffic.ts'

/** Separates the random numbers of windows from those of profiles and episodes. */
const WINDOWS = 1
/** Of what only language models measure, drawn apart: whatever is added there, the other figures stay what they are. */
const TOKEN_TIMES = 3

/** A longer window is drawn in equal parts no longer than this, each under the conditions at its middle. */
const PART_MS = 1_000
const MAX_PARTS = 120

/**
 * How many requests of one window are drawn one by one at most, shared out evenly over its parts. Heavier traffic is
 * drawn as that many requests of which each represents several equal ones, by whole numbers that add up: counts stay
 * what they are, the work is bounded, and a percentile keeps the noise of 4,096 draws (a standard deviation of 0.8 % at
 * p50 and 2.3 % at p99 for σ = 0.4) instead of an ever smaller one.
 */
const MAX_DRAWS = 4_096

/** How far tokens generated and time taken go together: the correlation of their logarithms. */
const TOKENS_WITH_LATENCY = 0.8

/**
 * How long the prefill takes, in times between two tokens: a share that grows with the prompt, as in `replay.ts`, and
 * differs from request to request.
 */
const PREFILL_TOKENS = 2
const PREFILL_TOKENS_PER_PROMPT_TOKEN = 0.0024
const PREFILL_NOISE = [0.7, 1.3] as const

/** Of requests that fail where nothing is overloaded: so many are cancelled, so many refused, and the rest time out. */
const CANCELLED_SHARE = 0.35
const REFUSED_SHARE = 0.15
/** How many more are refused under the heaviest load, in place of others. */
const MORE_REFUSED = 0.8

/**
 * What simulated traffic would have shown in one window of one deployment. Pure: the same id, window and profile give
 * the same measurement, whatever ran before and in whichever process.
 *
 * - Requests: Poisson, its mean the traffic of the moment (`traffic.ts`) times the length of the window. The first
 *   window after the start has at least one.
 * - Latency of each, failed ones included: log-normal, `p50 × slowness × exp(σ z)` with z a standard Gaussian, in
 *   whole microseconds. So `p95 = p50 × exp(1.645 σ)` and `p99 = p50 × exp(2.326 σ)`, and the percentiles of a
 *   measurement are those of the latencies drawn.
 * - Tokens: log-normal; those generated rise and fall with the latency, and a failed request generates none.
 * - In flight: Little's law, at the window's end.
 * - Of language models, those that generate tokens: each request that succeeded waits for a share of its latency, a few
 *   percent and far more in slow spells; the rest is a prefill and equal times for each token, so that the time to the
 *   first token and the times between the others add up to its latency. One that failed has a reason instead. Waiting:
 *   that share of the requests in flight. The cache: filled by those that do not wait.
 *
 * A window in which nothing finished has no requests, errors, latencies or tokens; its `inFlight` is 0 when the
 * deployment is idle, and otherwise the number of requests still in flight.
 * @throws RangeError when the window's length is not a positive number.
 */
export function generateInferenceMetrics(
  deploymentId: string,
  window: MetricsWindow,
  profile: TrafficProfile,
): FullMeasurement {
  const { startMs, durationMs } = window
  if (!(Number.isFinite(startMs) && durationMs > 0 && Number.isFinite(durationMs))) {
    throw new RangeError(`A window starts at a time and lasts above 0 ms, not ${durationMs} ms from ${startMs}.`)
  }
  const seed = seedOf(deploymentId)
  const random = new Random(derive(derive(derive(seed, WINDOWS), startMs), durationMs))
  const timesRandom = new Random(derive(derive(derive(seed, TOKEN_TIMES), startMs), durationMs))
  const drawn = new DrawnRequests(random, timesRandom, profile)

  const parts = Math.min(MAX_PARTS, Math.ceil(durationMs / PART_MS))
  const partMs = durationMs / parts
  for (let part = 0; part < parts; part++) {
    const middleMs = startMs + (part + 0.5) * partMs
    const mean = (requestsPerSecondAt(seed, profile, middleMs) * partMs) / 1_000
    let requests = random.poisson(mean)
    if (requests === 0 && part === parts - 1 && drawn.requests === 0 && isFirstWindow(window, profile)) requests = 1
    if (requests === 0) continue
    drawn.draw(requests, Math.ceil(MAX_DRAWS / parts), {
      medianMs: profile.latencyP50Ms * slownessAt(seed, middleMs),
      errorRate: errorRateAt(seed, profile, middleMs),
      queueShare: queueShareAt(seed, middleMs),
      overload: overloadAt(seed, middleMs),
    })
  }
  // A millisecond before the end, which itself is the next window's already.
  return drawn.measurement(seed, startMs + durationMs - 1)
}

/** Whether traffic begins in this window, or did so in the one before it: recording starts with the next window. */
function isFirstWindow({ startMs, durationMs }: MetricsWindow, { startedAtMs }: TrafficProfile): boolean {
  return startMs + durationMs > startedAtMs && startMs <= startedAtMs + durationMs
}

/** What all requests of a part of a window are drawn under. */
interface Conditions {
  medianMs: number
  errorRate: number
  /** The mean share of its latency that a request waits. */
  queueShare: number
  /** 0 to 1. */
  overload: number
}

/** Draws requests one after the other and adds them up. */
class DrawnRequests {
  readonly #random: Random
  readonly #timesRandom: Random
  readonly #profile: TrafficProfile
  readonly #tally = new RequestTally()

  constructor(random: Random, timesRandom: Random, profile: TrafficProfile) {
    this.#random = random
    this.#timesRandom = timesRandom
    this.#profile = profile
  }

  get requests(): number {
    return this.#tally.requests
  }

  /** Draws `requests` under the same conditions, at most `maxDraws` of them one by one. */
  draw(requests: number, maxDraws: number, conditions: Conditions): void {
    const draws = Math.min(requests, maxDraws)
    const weight = Math.floor(requests / draws)
    const heavier = requests % draws
    for (let draw = 0; draw < draws; draw++) {
      this.#tally.add(this.#drawOne(conditions), draw < heavier ? weight + 1 : weight)
    }
  }

  // In this order: each takes the next random numbers.
  #drawOne(conditions: Conditions): FinishedRequest {
    const { medianMs, errorRate } = conditions
    const random = this.#random
    const { latencySigma, promptTokens, generatedTokens } = this.#profile
    const z = random.gaussian()
    const latencyUs = Math.max(1, Math.round(1_000 * medianMs * Math.exp(latencySigma * z)))
    const hasFailed = random.uniform() < errorRate
    const drawn: FinishedRequest = { latencyUs, hasFailed, promptTokens: 0, generatedTokens: 0 }
    if (promptTokens) drawn.promptTokens = tokensOf(promptTokens, random.gaussian())
    if (generatedTokens && hasFailed) drawn.reason = this.#reason(conditions)
    else if (generatedTokens) {
      const own = Math.sqrt(1 - TOKENS_WITH_LATENCY ** 2) * random.gaussian()
      drawn.generatedTokens = tokensOf(generatedTokens, TOKENS_WITH_LATENCY * z + own)
      drawn.times = this.#times(drawn, conditions)
    }
    return drawn
  }

  /** Of an answer of one token, the first is the last: it takes all of the latency. */
  #times({ latencyUs, promptTokens, generatedTokens }: FinishedRequest, { queueShare }: Conditions): TokenTimes {
    const random = this.#timesRandom
    const queueUs = Math.floor(2 * queueShare * random.uniform() * latencyUs)
    const prefill = PREFILL_TOKENS + PREFILL_TOKENS_PER_PROMPT_TOKEN * promptTokens
    const first = prefill * random.between(...PREFILL_NOISE)
    const share = first / (first + generatedTokens - 1)
    return { queueUs, firstTokenUs: queueUs + Math.round((latencyUs - queueUs) * share) }
  }

  #reason({ overload }: Conditions): FailureReason {
    const drawn = this.#timesRandom.uniform()
    const refused = REFUSED_SHARE + MORE_REFUSED * overload
    if (drawn < refused) return 'overloaded'
    return drawn < refused + CANCELLED_SHARE * (1 - overload) ? 'cancelled' : 'timeout'
  }

  measurement(seed: Seed, endMs: number): FullMeasurement {
    const { promptTokens, generatedTokens } = this.#profile
    const inFlight = inFlightAt(seed, this.#profile, endMs)
    const has = { promptTokens: promptTokens !== null, generatedTokens: generatedTokens !== null }
    if (!has.generatedTokens) return this.#tally.measurement(inFlight, has)
    const waiting = waitingAt(seed, endMs, inFlight)
    const kvCacheUsage = cacheUsageAt(seed, this.#profile, inFlight - waiting)
    return this.#tally.measurement(inFlight, has, { waiting, kvCacheUsage })
  }
}

/** Tokens of one request whose Gaussian is z: at least one. */
function tokensOf({ median, sigma }: TokenProfile, z: number): number {
  return Math.max(1, Math.round(median * Math.exp(sigma * z)))
}
