import type { ExecutionResult } from 'graphql'

type Pulled = IteratorResult<ExecutionResult, undefined>

/**
 * Results that can be ended from outside while a pull is waiting, which an async generator can't: its `return` queues
 * behind the pending `next`. Pulls one result at a time, only when asked.
 */
export class CancellableResults {
  readonly #source: AsyncIterator<ExecutionResult>
  readonly #onCleanupError: (error: unknown) => void
  #isEnded = false
  #last: ExecutionResult | undefined
  #closed: Promise<void> | undefined
  /** Answers the pull that is waiting, if one is. */
  #answer: ((pulled: Pulled) => void) | undefined

  /** @param onCleanupError hears what the source throws while it is being closed: nobody else waits for that. */
  constructor(source: AsyncIterable<ExecutionResult>, onCleanupError: (error: unknown) => void) {
    this.#source = source[Symbol.asyncIterator]()
    this.#onCleanupError = onCleanupError
  }

  /** The next result; rejects with what the source throws, as an Error. One pull at a time. */
  async next(): Promise<Pulled> {
    if (this.#isEnded) return this.#takeLast()
    return await new Promise((resolve, reject) => {
      this.#answer = resolve
      this.#source.next().then(
        (pulled) => {
          this.#answer = undefined
          resolve(pulled.done === true ? { done: true, value: undefined } : pulled)
        },
        (error: unknown) => {
          this.#answer = undefined
          // A source that fails because it is being closed has no caller left to tell.
          if (this.#isEnded) this.#onCleanupError(error)
          else reject(asError(error))
        },
      )
    })
  }

  /** Ends at once; `last` is still delivered, after whatever was pulled already. */
  end(last?: ExecutionResult): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#last = last
    this.#answer?.(this.#takeLast())
    this.#closed = this.#closeSource().catch(this.#onCleanupError)
  }

  /** Ends, and resolves when the source has let go: for an async generator that may be at its next event. */
  async close(): Promise<void> {
    this.end()
    await this.#closed
  }

  async #closeSource(): Promise<void> {
    await this.#source.return?.()
  }

  #takeLast(): Pulled {
    const last = this.#last
    this.#last = undefined
    return last === undefined ? { done: true, value: undefined } : { done: false, value: last }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
