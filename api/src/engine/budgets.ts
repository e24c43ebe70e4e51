import { LRUCache } from 'lru-cache'
import { RefusedError } from '../base/errors.ts'
import type { Viewer } from '../base/viewer.ts'
import { BUDGETS } from '../base/limits.ts'
import type { Rate } from '../base/token-bucket.ts'
import { TokenBucket } from '../base/token-bucket.ts'

type BudgetKind = keyof typeof BUDGETS

export interface BudgetState {
  limit: number
  /** Whole points. */
  remaining: number
  /** Whole seconds until the budget is full again. */
  resetSeconds: number
}

/** Beyond it, the least recently used are evicted, which at worst fills a bucket early. */
const MAX_CALLERS = 10_000

/** Rate limiting: what each caller may still spend, as token buckets in memory. */
export class Budgets {
  readonly #rates: Record<BudgetKind, Rate>
  readonly #now: () => number
  /** By caller. */
  readonly #buckets = new LRUCache<string, Record<BudgetKind, TokenBucket>>({ max: MAX_CALLERS })

  /** @param now monotonic milliseconds */
  constructor(rates: Record<BudgetKind, Rate> = BUDGETS, now: () => number = () => performance.now()) {
    this.#rates = rates
    this.#now = now
  }

  /** @throws RefusedError RATE_LIMITED, with the seconds after which the caller can pay. */
  spend(kind: BudgetKind, viewer: Viewer, points: number): void {
    const bucket = this.#bucketsOf(viewer)[kind]
    if (bucket.take(points)) return
    const retryAfterSeconds = Math.max(1, Math.ceil(bucket.secondsUntil(points)))
    const { capacity, perSecond } = this.#rates[kind]
    const message =
      `The budget for ${kind} is ${capacity}, refilled by ${perSecond} every second; asked: ${points}. ` +
      `Try again in ${retryAfterSeconds} s.`
    throw new RefusedError('RATE_LIMITED', message, { limit: kind, max: capacity, asked: points, retryAfterSeconds })
  }

  state(kind: BudgetKind, viewer: Viewer): BudgetState {
    const bucket = this.#bucketsOf(viewer)[kind]
    const limit = this.#rates[kind].capacity
    return { limit, remaining: Math.floor(bucket.level), resetSeconds: Math.ceil(bucket.secondsUntil(limit)) }
  }

  #bucketsOf({ key }: Viewer): Record<BudgetKind, TokenBucket> {
    const known = this.#buckets.get(key)
    if (known !== undefined) return known
    const buckets = {
      operations: new TokenBucket(this.#rates.operations, this.#now),
      subscriptions: new TokenBucket(this.#rates.subscriptions, this.#now),
    }
    this.#buckets.set(key, buckets)
    return buckets
  }
}
