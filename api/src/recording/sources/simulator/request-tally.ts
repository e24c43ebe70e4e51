import { Distribution } from '../../../metrics/distribution.ts'
import type { FullMeasurement } from '../../../metrics/sample.ts'
import { NOTHING_KNOWN } from '../../../metrics/window-metrics.ts'

/** One finished request, or several equal ones. */
export interface FinishedRequest {
  latencyUs: number
  hasFailed: boolean
  promptTokens: number
  generatedTokens: number
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

  get requests(): number {
    return this.#latency.count
  }

  add({ latencyUs, hasFailed, promptTokens, generatedTokens }: FinishedRequest, count = 1): void {
    this.#latency.record(latencyUs / 1_000, count)
    this.#latencySumUs += latencyUs * count
    if (latencyUs > this.#latencyMaxUs) this.#latencyMaxUs = latencyUs
    if (hasFailed) this.#errors += count
    this.#promptTokens += promptTokens * count
    this.#generatedTokens += generatedTokens * count
  }

  /** @param has which tokens the model knows: no tokens are not zero tokens. */
  measurement(inFlight: number, has: { promptTokens: boolean; generatedTokens: boolean }): FullMeasurement {
    return {
      ...NOTHING_KNOWN,
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
