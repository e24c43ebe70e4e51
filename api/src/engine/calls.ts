import type { OperationTypeNode } from 'graphql'
import { CALL_WAIT_MS, CALLS } from '../base/limits.ts'
import { RefusedError } from '../base/errors.ts'
import { Lanes } from '../base/lanes.ts'

type CallKind = keyof typeof CALLS

/** Which calls an operation counts as. Of a subscription, its beginning is a call; what it follows is not. */
export const CALL_KINDS = {
  query: 'queries',
  mutation: 'mutations',
  subscription: 'subscriptions',
} as const satisfies Record<OperationTypeNode, CallKind>

type CallLimits = Record<CallKind, { atOnce: number; waiting: number }>

/**
 * The calls of each caller: a few run at a time, the others wait in line. A caller's backlog is its own: it takes
 * neither the connections to the database nor the event loop from others.
 */
export class Calls {
  readonly #limits: CallLimits
  readonly #waitMs: number
  readonly #lanes: Record<CallKind, Lanes>

  constructor(limits: CallLimits = CALLS, waitMs: number = CALL_WAIT_MS) {
    this.#limits = limits
    this.#waitMs = waitMs
    const lanesOf = (kind: CallKind) => {
      const { atOnce: max, waiting: maxWaiting } = limits[kind]
      return new Lanes({ max, maxWaiting, refusal: () => this.refusal(kind) })
    }
    this.#lanes = {
      queries: lanesOf('queries'),
      mutations: lanesOf('mutations'),
      subscriptions: lanesOf('subscriptions'),
    }
  }

  /**
   * Runs a call when it is its turn among those of its caller.
   * @throws RefusedError RATE_LIMITED when too many wait, or when it has waited for too long; it has not run then
   */
  async run<T>(kind: CallKind, caller: string, call: () => T | Promise<T>): Promise<T> {
    const lanes = this.#lanes[kind]
    // Most begin at once, and need no timer.
    if (lanes.hasRoom(caller)) return await lanes.run(caller, call)
    const patience = new AbortController()
    const timer = setTimeout(() => patience.abort(this.refusal(kind)), this.#waitMs)
    const begin = () => {
      clearTimeout(timer)
      return call()
    }
    try {
      return await lanes.run(caller, begin, patience.signal)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Refuses the calls that wait: a call of theirs has found that the database does not answer. */
  refuseWaiting(kind: CallKind, caller: string, reason: RefusedError): void {
    this.#lanes[kind].refuseWaiting(caller, reason)
  }

  /** For a call that is one too many. */
  refusal(kind: CallKind): RefusedError {
    const { atOnce, waiting } = this.#limits[kind]
    return new RefusedError(
      'RATE_LIMITED',
      `Of your ${kind}, ${atOnce} run at once, and up to ${waiting} wait for at most ${this.#waitMs / 1000} s. ` +
        'This one has not run: send fewer at once, and try again in 1 s.',
      { limit: kind, max: atOnce, retryAfterSeconds: 1 },
    )
  }
}
