import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { DeliveryQueue } from './delivery-queue.ts'

/** The database counts at most this often, however many scrape. */
const CACHED_MS = 10_000
/** A database that does not answer within this time must not hold up the other metrics. */
const ANSWER_MS = 1000

/** The deliveries that wait to be sent to enabled webhooks. */
export interface Backlog {
  pending: number
  /** The age of the oldest one; 0 when none is pending. */
  oldestSeconds: number
}

/** The backlog of deliveries, for `/metrics`. */
export class DeliveryBacklog {
  readonly #queue: Pick<DeliveryQueue, 'backlog'>
  readonly #clock: Clock
  readonly #monotonic: Clock
  readonly #answerMs: number
  #counted: ReturnType<DeliveryQueue['backlog']> | undefined
  #countedAtMs = -Infinity

  constructor(queue: Pick<DeliveryQueue, 'backlog'>, clock: Clock, monotonic: Clock, answerMs = ANSWER_MS) {
    this.#queue = queue
    this.#clock = clock
    this.#monotonic = monotonic
    this.#answerMs = answerMs
  }

  /** Undefined while the database does not answer; `/readyz` reports that. */
  async read(): Promise<Backlog | undefined> {
    const nowMs = this.#monotonic.now()
    if (this.#counted === undefined || nowMs - this.#countedAtMs >= CACHED_MS) {
      this.#countedAtMs = nowMs
      this.#counted = this.#queue.backlog()
    }
    const counted = await Promise.race([
      this.#counted.catch(() => undefined),
      sleep(this.#answerMs, undefined, { ref: false }),
    ])
    if (counted === undefined) return undefined
    const { pending, oldestAt } = counted
    return {
      pending,
      oldestSeconds: oldestAt === null ? 0 : Math.max(0, this.#clock.now() - oldestAt.getTime()) / 1000,
    }
  }
}
