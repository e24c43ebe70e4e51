import type { OperationTypeNode } from 'graphql'
import { CALL_WAIT_MS, CALLS } from '../base/limits.ts'
import { RefusedError } from '../base/errors.ts'
import { Semaphore } from '../base/semaphore.ts'

type CallKind = keyof typeof CALLS

/** Which calls an operation counts as. Of a subscription, its beginning is a call; what it follows is not. */
export const CALL_KINDS = {
  query: 'queries',
  mutation: 'mutations',
  subscription: 'subscriptions',
} as const satisfies Record<OperationTypeNode, CallKind>

interface Lane {
  semaphore: Semaphore
  /** Running and waiting. */
  calls: number
}

/**
 * The calls of each caller: a few run at a time, the others wait in line. A caller's backlog is its own: it takes
 * neither the connections to the database nor the event loop from others.
 */
export class Calls {
  readonly #limits: Record<CallKind, { atOnce: number; waiting: number }>
  readonly #waitMs: number
  readonly #lanes = new Map<string, Lane>()

  constructor(limits: Record<CallKind, { atOnce: number; waiting: number }> = CALLS, waitMs: number = CALL_WAIT_MS) {
    this.#limits = limits
    this.#waitMs = waitMs
  }

  /**
   * Runs a call when it is its turn among those of its caller.
   * @throws RefusedError RATE_LIMITED when too many wait, or when it has waited for too long; it has not run then
   */
  async run<T>(kind: CallKind, caller: string, call: () => T | Promise<T>): Promise<T> {
    const key = `${kind} ${caller}`
    const lane = this.#lanes.get(key) ?? this.#open(key, kind)
    lane.calls += 1
    try {
      const release = await this.#permit(kind, lane.semaphore)
      try {
        return await call()
      } finally {
        release()
      }
    } finally {
      lane.calls -= 1
      if (lane.calls === 0) this.#lanes.delete(key)
    }
  }

  #open(key: string, kind: CallKind): Lane {
    const { atOnce: max, waiting: maxWaiting } = this.#limits[kind]
    const lane = { semaphore: new Semaphore({ max, maxWaiting, refusal: () => this.#refusal(kind) }), calls: 0 }
    this.#lanes.set(key, lane)
    return lane
  }

  async #permit(kind: CallKind, semaphore: Semaphore): Promise<() => void> {
    const patience = new AbortController()
    const timer = setTimeout(() => patience.abort(this.#refusal(kind)), this.#waitMs)
    try {
      return await semaphore.acquire(patience.signal)
    } finally {
      clearTimeout(timer)
    }
  }

  #refusal(kind: CallKind): RefusedError {
    const { atOnce, waiting } = this.#limits[kind]
    return new RefusedError(
      'RATE_LIMITED',
      `Of your ${kind}, ${atOnce} run at once, and up to ${waiting} wait for at most ${this.#waitMs / 1000} s. ` +
        'This one has not run: send fewer at once, and try again in 1 s.',
      { limit: kind, max: atOnce, retryAfterSeconds: 1 },
    )
  }
}
