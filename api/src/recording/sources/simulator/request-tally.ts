import { Distribution } from '../../../metrics/distribution.ts'
import type { FullMeasurement } from '../../../metrics/sample.ts'
import { NOTHING_KNOWN } from '../../../metrics/window-metrics.ts'
import { type FailureReason, type ModelState, TokenTally, type TokenTimes } from './token-tally.ts'

/** One finished request, or several equal ones. */
export interface FinishedRequest {
  latencyUs: number
  hasFailed: boolean
  promptTokens: number
  generatedTokens: number
  /** Of a language model: when its tokens came, or why it failed. */
  times?: TokenTimes
  reason?: FailureReason
}

/** Adds finished requests up to the measurement of a window. */
export class RequestTally {
  readonly #latency = new Distribution()
  /** In whole microseconds: a sum of them is exact. */
  #latencySumUs = 0
  #latencyMaxUs = 0
  #errors = 0
  #promptTokens = 0
  #generatedTokens = 0
  readonly #tokens = new TokenTally()

  get requests(): number {
    return this.#latency.count
  }

  add(request: FinishedRequest, count = 1): void {
    const { latencyUs, hasFailed, promptTokens, generatedTokens, times, reason } = request
    this.#latency.record(latencyUs / 1_000, count)
    this.#latencySumUs += latencyUs * count
    if (latencyUs > this.#latencyMaxUs) this.#latencyMaxUs = latencyUs
    if (hasFailed) this.#errors += count
    this.#promptTokens += promptTokens * count
    this.#generatedTokens += generatedTokens * count
    if (times !== undefined) this.#tokens.add(request, times, count)
    if (reason !== undefined) this.#tokens.addFailure(reason, count)
  }

  /**
   * @param has which tokens the model knows: no tokens are not zero tokens.
   * @param state of a language model; without it nothing is told that only those measure.
   */
  measurement(
    inFlight: number,
    has: { promptTokens: boolean; generatedTokens: boolean },
    state?: ModelState,
  ): FullMeasurement {
    return {
      ...NOTHING_KNOWN,
      ...(state && this.#tokens.measurement(state)),
      requests: this.#latency.count,
      errors: this.#errors,
      latencySumMs: this.#latencySumUs / 1_000,
      latencyMaxMs: this.#latencyMaxUs / 1_000,
      latency: this.#latency,
      promptTokens: has.promptTokens ? this.#promptTokens : null,
      generatedTokens: has.generatedTokens ? this.#generatedTokens : null,
      inFlight,
    }
  }
}
