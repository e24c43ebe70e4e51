/** After this many failed attempts that HTTP surrounds with success, WebSocket counts as blocked. */
const ATTEMPTS = 3
/** While a server starts, or a network comes back, one can work a while before the other. */
const QUIET_MS = 30_000

interface JudgeOptions {
  /** Whether the server answers plain HTTP right now. */
  reachable: () => Promise<boolean>
  /** Called when WebSocket is found to be blocked, though the server can be reached. */
  onBlocked: () => void
  now?: () => number
}

/**
 * Decides whether WebSocket is blocked on the way to the server, or whether there was only an outage. It looks at
 * attempts that are over, never at one that may still succeed. An attempt speaks against WebSocket if HTTP worked both
 * before it began and after it had failed. A success or an outage starts the count anew, and no verdict is given within
 * half a minute of an outage.
 */
export class WebSocketJudge {
  readonly #reachable: () => Promise<boolean>
  readonly #onBlocked: () => void
  readonly #now: () => number
  /** The newest that is known of HTTP. The page itself came over HTTP. */
  #isAnswered = true
  #failures = 0
  #outageAt = -Infinity
  /** Counts successes and outages: what was asked before one says nothing about the time after it. */
  #epoch = 0

  constructor({ reachable, onBlocked, now = Date.now }: JudgeOptions) {
    this.#reachable = reachable
    this.#onBlocked = onBlocked
    this.#now = now
  }

  /** An attempt begins. Call the returned function if it ends without a connection. */
  begin(): () => Promise<void> {
    const wasAnswered = this.#isAnswered
    const epoch = this.#epoch
    return async () => {
      const isAnswered = await this.#reachable()
      if (epoch !== this.#epoch) return
      if (!isAnswered) return this.outage()
      this.#isAnswered = true
      if (!wasAnswered) return
      this.#failures += 1
      if (this.#failures >= ATTEMPTS && this.#now() - this.#outageAt >= QUIET_MS) this.#onBlocked()
    }
  }

  /** An attempt has succeeded. */
  connected(): void {
    this.#epoch += 1
    this.#failures = 0
    this.#isAnswered = true
  }

  /** A working connection is lost, the machine has no network, or HTTP does not work. */
  outage(): void {
    this.#epoch += 1
    this.#failures = 0
    this.#isAnswered = false
    this.#outageAt = this.#now()
  }
}
