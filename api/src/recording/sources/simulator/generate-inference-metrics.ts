import type { FullMeasurement, MetricsWindow } from '../../../metrics/sample.ts'
import { Random, derive, seedOf } from './random.ts'
import { type FinishedRequest, RequestTally } from './request-tally.ts'
import type { TokenProfile, TrafficProfile } from './traffic-profile.ts'
import { errorRateAt, inFlightAt, requestsPerSecondAt, slownessAt } from './traffic.ts'

/** Separates the random numbers of windows from those of profiles and episodes. */
const WINDOWS = 1

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
  const drawn = new DrawnRequests(random, profile)

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
    })
  }
  // A millisecond before the end, which itself is the next window's already.
  return drawn.measurement(inFlightAt(seed, profile, startMs + durationMs - 1))
}

/** Whether traffic begins in this window, or did so in the one before it: recording starts with the next window. */
function isFirstWindow({ startMs, durationMs }: MetricsWindow, { startedAtMs }: TrafficProfile): boolean {
  return startMs + durationMs > startedAtMs && startMs <= startedAtMs + durationMs
}

/** Draws requests one after the other and adds them up. */
class DrawnRequests {
  readonly #random: Random
  readonly #profile: TrafficProfile
  readonly #tally = new RequestTally()

  constructor(random: Random, profile: TrafficProfile) {
    this.#random = random
    this.#profile = profile
  }

  get requests(): number {
    return this.#tally.requests
  }

  /** Draws `requests` under the same conditions, at most `maxDraws` of them one by one. */
  draw(requests: number, maxDraws: number, conditions: { medianMs: number; errorRate: number }): void {
    const draws = Math.min(requests, maxDraws)
    const weight = Math.floor(requests / draws)
    const heavier = requests % draws
    for (let draw = 0; draw < draws; draw++) {
      this.#tally.add(this.#drawOne(conditions), draw < heavier ? weight + 1 : weight)
    }
  }

  // In this order: each takes the next random numbers.
  #drawOne({ medianMs, errorRate }: { medianMs: number; errorRate: number }): FinishedRequest {
    const random = this.#random
    const { latencySigma, promptTokens, generatedTokens } = this.#profile
    const z = random.gaussian()
    const latencyUs = Math.max(1, Math.round(1_000 * medianMs * Math.exp(latencySigma * z)))
    const drawn = { latencyUs, hasFailed: random.uniform() < errorRate, promptTokens: 0, generatedTokens: 0 }
    if (promptTokens) drawn.promptTokens = tokensOf(promptTokens, random.gaussian())
    if (generatedTokens && !drawn.hasFailed) {
      const own = Math.sqrt(1 - TOKENS_WITH_LATENCY ** 2) * random.gaussian()
      drawn.generatedTokens = tokensOf(generatedTokens, TOKENS_WITH_LATENCY * z + own)
    }
    return drawn
  }

  measurement(inFlight: number): FullMeasurement {
    const { promptTokens, generatedTokens } = this.#profile
    return this.#tally.measurement(inFlight, {
      promptTokens: promptTokens !== null,
      generatedTokens: generatedTokens !== null,
    })
  }
}

/** Tokens of one request whose Gaussian is z: at least one. */
function tokensOf({ median, sigma }: TokenProfile, z: number): number {
  return Math.max(1, Math.round(median * Math.exp(sigma * z)))
}
