import { Distribution } from '../../../metrics/distribution.ts'
import type { MeasuredMetrics } from '../../../metrics/window-metrics.ts'

/** Why a simulated request failed. */
export type FailureReason = 'timeout' | 'overloaded' | 'cancelled'

/** When the first token of a request came, and how long the request waited before that, both from its arrival on. */
export interface TokenTimes {
  queueUs: number
  firstTokenUs: number
}

/** What a language model is doing at the end of a window. */
export interface ModelState {
  waiting: number
  /** 0 to 1. */
  kvCacheUsage: number
}

/** One token in so many comes late, since the prefill of another request comes before it, and takes so many times as long. */
const ONE_LATE_IN = 20
const LATE_FACTOR = 3

/** Adds up what only language models measure: how the requests that succeeded spent their time, and why others failed. */
export class TokenTally {
  readonly #timeToFirstToken = new DurationTally()
  readonly #interTokenLatency = new DurationTally()
  readonly #queueTime = new DurationTally()
  readonly #errorsByReason: Partial<Record<FailureReason, number>> = {}

  /**
   * One request that succeeded, or `count` equal ones. The times between its tokens add up to what it took after the
   * first one, to the microsecond; they have two values, so that a long answer costs no more than a short one.
   */
  add(
    { latencyUs, generatedTokens }: { latencyUs: number; generatedTokens: number },
    { queueUs, firstTokenUs }: TokenTimes,
    count: number,
  ): void {
    this.#queueTime.add(queueUs, count)
    if (generatedTokens > 0) this.#timeToFirstToken.add(firstTokenUs, count)
    const intervals = generatedTokens - 1
    if (intervals < 1) return
    const late = Math.floor(intervals / ONE_LATE_IN)
    const allUs = latencyUs - firstTokenUs
    const usualUs = allUs / (intervals + (LATE_FACTOR - 1) * late)
    this.#interTokenLatency.addSpread(usualUs, (intervals - late) * count)
    if (late > 0) this.#interTokenLatency.addSpread(LATE_FACTOR * usualUs, late * count)
    this.#interTokenLatency.addSum(allUs * count)
  }

  addFailure(reason: FailureReason, count: number): void {
    this.#errorsByReason[reason] = (this.#errorsByReason[reason] ?? 0) + count
  }

  /** All that is not in a measurement of requests. */
  measurement({ waiting, kvCacheUsage }: ModelState): Partial<MeasuredMetrics> {
    const [first, between, queue] = [this.#timeToFirstToken, this.#interTokenLatency, this.#queueTime]
    return {
      errorsByReason: this.#errorsByReason,
      timeToFirstTokenSumMs: first.sumMs,
      timeToFirstTokenMaxMs: first.maxMs,
      timeToFirstToken: first.distribution,
      interTokenLatencySumMs: between.sumMs,
      interTokenLatencyMaxMs: between.maxMs,
      interTokenLatency: between.distribution,
      queueTimeSumMs: queue.sumMs,
      queueTimeMaxMs: queue.maxMs,
      queueTime: queue.distribution,
      waiting,
      kvCacheUsage,
    }
  }
}

/** A distribution with its sum and its maximum: whole microseconds, so that the sum is exact. */
class DurationTally {
  readonly #all = new Distribution()
  #sumUs = 0
  #maxUs = 0

  add(durationUs: number, count: number): void {
    this.addSpread(durationUs, count)
    this.#sumUs += durationUs * count
  }

  /** Without its sum. */
  addSpread(durationUs: number, count: number): void {
    this.#all.record(durationUs / 1_000, count)
    if (durationUs > this.#maxUs) this.#maxUs = Math.ceil(durationUs)
  }

  addSum(durationUs: number): void {
    this.#sumUs += durationUs
  }

  get distribution(): Distribution {
    return this.#all
  }

  get sumMs(): number {
    return this.#sumUs / 1_000
  }

  get maxMs(): number {
    return this.#maxUs / 1_000
  }
}
