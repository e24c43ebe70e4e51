import { RefusedError } from '../base/errors.ts'
import { MAX_REQUEST_BYTES, MAX_REQUEST_BYTES_PER_CALLER } from '../base/limits.ts'

/** For a caller that is to wait for answers first. */
const RETRY_AFTER_SECONDS = 1

/**
 * The bytes of requests that are being received, wait for their turn or run, by caller. Calls may wait for seconds, and
 * each is kept until it is answered.
 */
export class RequestBytes {
  readonly #max: number
  readonly #maxPerCaller: number
  readonly #callers = new Map<string, number>()
  #total = 0

  constructor({ max = MAX_REQUEST_BYTES, maxPerCaller = MAX_REQUEST_BYTES_PER_CALLER } = {}) {
    this.#max = max
    this.#maxPerCaller = maxPerCaller
  }

  /** Of all callers. */
  get bytes(): number {
    return this.#total
  }

  /** @throws RefusedError RATE_LIMITED when too much is kept already; nothing more is kept then */
  hold(caller: string, bytes: number): void {
    const ofCaller = (this.#callers.get(caller) ?? 0) + bytes
    if (ofCaller > this.#maxPerCaller) throw refusal('requestBytes', 'your requests', this.#maxPerCaller, ofCaller)
    const total = this.#total + bytes
    if (total > this.#max) throw refusal('allRequestBytes', 'the requests of all callers', this.#max, total)
    this.#callers.set(caller, ofCaller)
    this.#total = total
  }

  release(caller: string, bytes: number): void {
    const left = (this.#callers.get(caller) ?? 0) - bytes
    if (left > 0) this.#callers.set(caller, left)
    else this.#callers.delete(caller)
    this.#total -= bytes
  }

  /** Holds them while the work is under way. */
  async during<T>(caller: string, bytes: number, work: () => T | Promise<T>): Promise<T> {
    this.hold(caller, bytes)
    try {
      return await work()
    } finally {
      this.release(caller, bytes)
    }
  }
}

function refusal(limit: string, whose: string, max: number, asked: number): RefusedError {
  const message =
    `The bytes of ${whose} that are not answered yet may be at most ${max}; asked: ${asked}. ` +
    'This one has not run: wait for answers first.'
  return new RefusedError('RATE_LIMITED', message, { limit, max, asked, retryAfterSeconds: RETRY_AFTER_SECONDS })
}
