import { CALLS } from '../base/limits.ts'
import { type Deferred, deferred } from '../base/deferred.ts'
import type { RefusedError } from '../base/errors.ts'
import type { Calls } from './calls.ts'

/**
 * Executes a read.
 * @param callers whom it is for. If they asked more than once, the answer must depend on nothing but what is in the key.
 */
type Execute<T> = (callers: readonly string[], asked: number) => T | Promise<T>

interface SharedReadsOptions<T> {
  calls: Calls
  /** How many reads of each caller an answer may be given to; all others wait for the next execution. */
  maxServed: (answer: T) => number
  /** The refusal that an answer is, if the database did not answer. */
  unavailableIn: (answer: T) => RefusedError | undefined
  /** How many reads a caller may have that are not answered yet. */
  maxPerCaller?: number
}

/** The equal reads of one caller that wait for an execution, in the order in which they came. */
interface Waiting<T> {
  reads: Deferred<T>[]
  execute: Execute<T>
}

/** Equal reads: whether one is being executed, and which wait for the next execution. */
interface Group<T> {
  isRunning: boolean
  /** By caller. */
  next: Map<string, Waiting<T>>
  /** The callers that wait in line for a call. */
  inLine: Set<string>
}

/**
 * Reads that are equal and arrive while one of them is executed wait for the next execution, which begins when that one
 * has ended, and serves all of them. So no read is answered with what was true before it arrived, and nobody reads what
 * was true before their own last write.
 *
 * An execution is a call of one of those who wait for it: of the first whose turn it is (engine/calls.ts). To wait for
 * it is no call.
 */
export class SharedReads<T> {
  readonly #options: Required<SharedReadsOptions<T>>
  readonly #groups = new Map<string, Group<T>>()
  /** Reads that are not answered yet, by caller. */
  readonly #unanswered = new Map<string, number>()

  constructor(options: SharedReadsOptions<T>) {
    this.#options = { maxPerCaller: CALLS.queries.atOnce + CALLS.queries.waiting, ...options }
  }

  /**
   * Counts a read for as long as the work takes.
   * @throws RefusedError RATE_LIMITED when the caller has too many; the work has not begun then
   */
  async during<R>(caller: string, work: () => Promise<R>): Promise<R> {
    const { calls, maxPerCaller } = this.#options
    const unanswered = this.#unanswered.get(caller) ?? 0
    if (unanswered >= maxPerCaller) throw calls.refusal('queries')
    this.#unanswered.set(caller, unanswered + 1)
    try {
      return await work()
    } finally {
      const left = (this.#unanswered.get(caller) ?? 1) - 1
      if (left > 0) this.#unanswered.set(caller, left)
      else this.#unanswered.delete(caller)
    }
  }

  /**
   * Gives the answer of an execution that begins from now on.
   * @param key the same for reads that may share one
   * @throws what `execute` throws, and RefusedError as `Calls.run` does
   */
  read(key: string, caller: string, execute: Execute<T>): Promise<T> {
    const group: Group<T> = this.#groups.get(key) ?? { isRunning: false, next: new Map(), inLine: new Set() }
    this.#groups.set(key, group)
    const waiting: Waiting<T> = group.next.get(caller) ?? { reads: [], execute }
    group.next.set(caller, waiting)
    const read = deferred<T>()
    waiting.reads.push(read)
    if (!group.isRunning) this.#lineUp(key, group, caller)
    return read.promise
  }

  #lineUp(key: string, group: Group<T>, caller: string): void {
    if (group.inLine.has(caller)) return
    group.inLine.add(caller)
    const begin = async () => {
      group.inLine.delete(caller)
      if (!group.isRunning && group.next.has(caller)) await this.#runNext(group)
    }
    this.#options.calls
      .run('queries', caller, begin)
      .catch((reason: unknown) => {
        group.inLine.delete(caller)
        for (const read of group.next.get(caller)?.reads ?? []) read.reject(reason)
        group.next.delete(caller)
      })
      .finally(() => {
        if (group.isRunning) return
        for (const waiting of group.next.keys()) this.#lineUp(key, group, waiting)
        if (group.next.size === 0 && this.#groups.get(key) === group) this.#groups.delete(key)
      })
  }

  async #runNext(group: Group<T>): Promise<void> {
    const round = group.next
    group.next = new Map()
    group.isRunning = true
    try {
      const answer = await execution(round)
      const unavailable = this.#options.unavailableIn(answer)
      this.#serve(round, answer, group)
      if (unavailable !== undefined) this.#refuseWaiting(group, round.keys(), unavailable)
    } catch (error) {
      for (const { reads } of round.values()) for (const read of reads) read.reject(error)
    } finally {
      group.isRunning = false
    }
  }

  /** What is left of a round comes before those that have arrived since. */
  #serve(round: ReadonlyMap<string, Waiting<T>>, answer: T, group: Group<T>): void {
    const max = this.#options.maxServed(answer)
    for (const [caller, { reads, execute }] of round) {
      for (const read of reads.slice(0, max)) read.resolve(answer)
      if (reads.length <= max) continue
      const since = group.next.get(caller)?.reads ?? []
      group.next.set(caller, { reads: [...reads.slice(max), ...since], execute })
    }
  }

  /** The next execution, and other calls of these callers, would wait for the database for as long. */
  #refuseWaiting(group: Group<T>, callers: Iterable<string>, reason: RefusedError): void {
    for (const caller of callers) this.#options.calls.refuseWaiting('queries', caller, reason)
    for (const { reads } of group.next.values()) for (const read of reads) read.reject(reason)
    group.next.clear()
  }
}

function execution<T>(round: ReadonlyMap<string, Waiting<T>>): T | Promise<T> {
  const [first] = round.values()
  if (first === undefined) throw new Error('Nobody waits for this execution.')
  let asked = 0
  for (const { reads } of round.values()) asked += reads.length
  return first.execute([...round.keys()], asked)
}
