import type { PrismaClient, Transaction } from '@gaugeline/prisma'
import { requestHash } from '../base/canonical-json.ts'
import type { Clock } from '../base/clock.ts'
import type { InputChecks } from '../base/input-checks.ts'
import { IdempotencyConflictError } from './idempotency.errors.ts'

export const KEPT_MS = 24 * 3_600_000
const CHUNK_ROWS = 1000
const KEY = /^[\x20-\x7e]{1,200}$/

/** Names a call, so that repeating the call has no second effect. The caller chooses the key. */
export interface IdempotencyKey {
  /** Whose key it is: the keys of two callers never collide. */
  caller: string
  key: string
}

export interface Once<T> {
  operation: string
  /** Everything that the effect depends on, except the key. */
  input: Record<string, unknown>
  /** The effect. Runs in the given transaction, as does `replay`. */
  run: () => Promise<T>
  idOf: (result: T) => string
  /** The answer to a repeated call: what the first call created, as it is now; null when it no longer exists. */
  replay: (id: string) => Promise<T | null>
}

/**
 * Owns the idempotency keys. A key names one call of one caller for a day. Only successful calls are kept: a failed one
 * had no effect, so the same call may be retried once the cause is fixed.
 */
export class Idempotency {
  readonly #prisma: PrismaClient
  readonly #clock: Clock

  constructor(prisma: PrismaClient, clock: Clock) {
    this.#prisma = prisma
    this.#clock = clock
  }

  /**
   * Runs the effect once for a key. Call it first in the transaction of the effect: a second call with the key waits on
   * the key's row until the first one has ended, then replays its result, or runs in its place if it failed.
   * @throws IdempotencyConflictError when the key was used for another call, or when the result no longer exists
   */
  async once<T>(tx: Transaction, idempotencyKey: IdempotencyKey | undefined, once: Once<T>): Promise<T> {
    if (idempotencyKey === undefined) return once.run()
    const { caller, key } = idempotencyKey
    const hash = requestHash(once.operation, once.input)
    const now = new Date(this.#clock.now())
    const expired = new Date(now.getTime() - KEPT_MS)
    const claimed = await tx.$executeRaw`
      insert into idempotency_keys (caller, key, request_hash, created_at) values (${caller}, ${key}, ${hash}, ${now})
      on conflict (caller, key) do update set request_hash = excluded.request_hash, result_id = null,
        created_at = excluded.created_at where idempotency_keys.created_at <= ${expired}`
    if (claimed === 0) {
      const [{ known, resultId }] = await tx.$queryRaw<[{ known: Uint8Array; resultId: string | null }]>`
        select request_hash as known, result_id as "resultId" from idempotency_keys
        where caller = ${caller} and key = ${key}`
      if (!hash.equals(known)) throw IdempotencyConflictError.otherInput()
      const result = resultId === null ? null : await once.replay(resultId)
      if (result === null) throw IdempotencyConflictError.resultGone()
      return result
    }
    const result = await once.run()
    await tx.$executeRaw`
      update idempotency_keys set result_id = ${once.idOf(result)}::uuid where caller = ${caller} and key = ${key}`
    return result
  }

  /** Whether a call with this key has succeeded: then the preconditions of its effect need no check. */
  async isKnown(idempotencyKey: IdempotencyKey | undefined): Promise<boolean> {
    if (idempotencyKey === undefined) return false
    const createdAt = { gt: new Date(this.#clock.now() - KEPT_MS) }
    return (await this.#prisma.idempotencyKey.count({ where: { ...idempotencyKey, createdAt } })) > 0
  }

  /** Removes a batch of keys that have expired by `atMs`; returns how many. */
  removeExpired(atMs: number): Promise<number> {
    const expired = new Date(atMs - KEPT_MS)
    return this.#prisma.$executeRaw`
      delete from idempotency_keys where (caller, key) in (
        select caller, key from idempotency_keys where created_at <= ${expired} order by created_at limit ${CHUNK_ROWS}
        for update skip locked)`
  }
}

export function checkIdempotencyKey(checks: InputChecks, idempotencyKey: IdempotencyKey | undefined): void {
  if (idempotencyKey !== undefined && !KEY.test(idempotencyKey.key)) {
    checks.add(['idempotencyKey'], 'must have 1 to 200 printable ASCII characters.')
  }
}
