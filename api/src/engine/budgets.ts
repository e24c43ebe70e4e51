import { GraphQLError } from 'graphql'
import { LRUCache } from 'lru-cache'
import type { Viewer } from '../base/viewer.ts'
import { BUDGETS } from '../base/limits.ts'
import type { Rate } from '../base/token-bucket.ts'
import { TokenBucket } from '../base/token-bucket.ts'

export type BudgetKind = keyof typeof BUDGETS

export interface BudgetState {
  limit: number
  /** Whole points. */
  remaining: number
  /** Whole seconds until it is full again. */
  resetSeconds: number
}

/** Who was not heard of for longest is forgotten, which at worst fills a bucket early. */
const MAX_CALLERS = 10_000

/** What each caller may still spend, in memory. */
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

  /** @throws GraphQLError RATE_LIMITED, with when to come back. */
  spend(kind: BudgetKind, viewer: Viewer, points: number): void {
    const bucket = this.#bucketsOf(viewer)[kind]
    if (bucket.take(points)) return
    const retryAfterSeconds = Math.max(1, Math.ceil(bucket.secondsUntil(points)))
    const { capacity, perSecond } = this.#rates[kind]
    const message =
      `The budget for ${kind} is ${capacity}, and ${perSecond} more every second; asked: ${points}. ` +
      `Come back in ${retryAfterSeconds} s.`
    throw new GraphQLError(message, {
      extensions: { code: 'RATE_LIMITED', limit: kind, max: capacity, asked: points, retryAfterSeconds },
    })
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
