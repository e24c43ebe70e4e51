import { type Client, type Exchange, makeOperation, mapExchange, type Operation, type OperationResult } from 'urql'
import { backoffMs } from './backoff.ts'
import { codeOf } from './client.ts'
import { connection, isUpToDate } from './connection.ts'

/**
 * After the streams are back, they are requested again right away. What is asked this much later is answered once they
 * are open, so no change can fall between the answer and the streams.
 */
const SETTLE_MS = 100
/** A page that loads is connected within this time: what it asked meanwhile need not be asked again. */
const LOADED_WITHIN_MS = 2_000
/** A question that has not been answered by then may have been sent over a dead connection. */
const LOST_AFTER_MS = 4_000

interface Active {
  operation: Operation
  /** The newest answer with data. */
  shown?: OperationResult
  /** When it was last asked again, until that is answered. */
  askedAt?: number
  /** Its newest refresh failed, and may succeed later. */
  hasFailed?: boolean
}

/**
 * Whoever was away comes back to what is true now: whenever what happens on the server reaches the page again (it was
 * hidden, offline or asleep, or the server was down), asks the server again for everything that the page shows. Streams
 * resume by themselves, but the lists and pages that they update may have missed what no stream repeats.
 *
 * While it asks, the page keeps what it shows. An answer that fails for now is not shown; it is asked for again.
 */
export class Refresher {
  readonly #active = new Map<number, Active>()
  readonly #listeners = new Set<() => void>()
  #client: Client | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #failures = 0

  constructor() {
    let before = connection.get()
    connection.subscribe(() => {
      const was = before
      before = connection.get()
      if (!isUpToDate(before)) return
      const isLoading = was.name === 'connecting' && before.since - was.since < LOADED_WITHIN_MS
      if (!isLoading) this.#refreshIn(SETTLE_MS)
    })
  }

  /** Knows the queries of the page, and keeps a failed refresh from it. Stands before the cache. */
  readonly exchange: Exchange = (input) => {
    this.#client = input.client
    return mapExchange({
      onOperation: (operation) => {
        const { kind, key } = operation
        if (kind === 'query') this.#active.set(key, { ...this.#active.get(key), operation })
        if (kind === 'teardown') this.#active.delete(key)
      },
      onResult: (result) => this.#shown(result),
    })(input)
  }

  /** Learns what the server answers. Stands behind the cache, whose own results look the same to the page. */
  readonly answers: Exchange = mapExchange({ onResult: (result) => this.#answered(result) })

  /** Calls back at each refresh, for what is asked without the cache. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Asks the server again for everything that the page shows; not for what it is being asked for. */
  refresh(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const now = Date.now()
    for (const active of this.#active.values()) {
      if (active.askedAt !== undefined && now - active.askedAt < LOST_AFTER_MS) continue
      active.askedAt = now
      const { operation } = active
      const context = { ...operation.context, requestPolicy: 'network-only' as const }
      this.#client?.reexecuteOperation(makeOperation('query', operation, context))
    }
    for (const listener of this.#listeners) listener()
  }

  #refreshIn(ms: number): void {
    this.#timer ??= setTimeout(() => this.refresh(), ms)
  }

  #answered(result: OperationResult): void {
    const active = this.#active.get(result.operation.key)
    if (active?.askedAt === undefined) return
    delete active.askedAt
    active.hasFailed = result.error !== undefined && !result.data && !FINAL.has(codeOf(result.error))
    if (!active.hasFailed) this.#failures = 0
    // Without a connection, the next one refreshes.
    else if (isUpToDate(connection.get())) this.#refreshIn(backoffMs(this.#failures++))
  }

  /** What the page is given for a result: what it has already, if this is a refresh that failed for now. */
  #shown(result: OperationResult): OperationResult {
    const active = this.#active.get(result.operation.key)
    if (!active || result.stale) return result
    if (result.data) active.shown = result
    const isFailure = result.error !== undefined && !result.data && active.hasFailed
    return isFailure && active.shown ? { ...active.shown, operation: result.operation } : result
  }
}

/** Codes after which asking again gets the same answer. */
const FINAL = new Set<string | undefined>(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'BAD_USER_INPUT'])
