import type { Clock } from '../base/clock.ts'
import { sleepUntilAborted } from '../base/sleep.ts'

/** Wakes that follow upon one another lead to one round. */
const WAKES_APART_MS = 20

interface PaceOptions {
  clock: Clock
  /** Waits; ends early when aborted. Injected by tests. */
  sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined
}

/** When the recorder's next round is: at the next tick, or sooner where it is woken. */
export class RecorderPace {
  readonly #clock: Clock
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly #stop = new AbortController()
  /** Ends the wait in flight. */
  #waiting = new AbortController()
  #isWoken = false
  /** By `performance.now()`. */
  #lastWakeMs = -Infinity
  #wake: { timer: NodeJS.Timeout; atMs: number } | null = null

  constructor({ clock, sleep = sleepUntilAborted }: PaceOptions) {
    this.#clock = clock
    this.#sleep = sleep
  }

  get isStopped(): boolean {
    return this.#stop.signal.aborted
  }

  /** Ends the wait in flight, or the next one: at once, unless the last wake was less than so long ago. */
  wake(apartMs = WAKES_APART_MS): void {
    if (this.isStopped || this.#isWoken) return
    const nowMs = performance.now()
    const atMs = Math.max(nowMs, this.#lastWakeMs + apartMs)
    if (this.#wake !== null) {
      if (this.#wake.atMs <= atMs) return
      clearTimeout(this.#wake.timer)
    }
    const timer = setTimeout(() => {
      this.#wake = null
      this.#lastWakeMs = performance.now()
      this.#isWoken = true
      this.#waiting.abort()
    }, atMs - nowMs)
    this.#wake = { timer, atMs }
  }

  stop(): void {
    if (this.#wake !== null) clearTimeout(this.#wake.timer)
    this.#stop.abort()
    this.#waiting.abort()
  }

  /** Waits for a tick, or for a wake. */
  async untilTick(tickMs: number): Promise<void> {
    // Timers fire up to a millisecond early; a second run for the same tick would publish it to the fleet twice.
    do {
      if (this.#isWoken || this.isStopped) break
      this.#waiting = new AbortController()
      await this.#sleep(tickMs - this.#clock.now(), this.#waiting.signal)
    } while (this.#clock.now() < tickMs)
    this.#isWoken = false
  }

  /** Waits so long, and no wake ends it. */
  async pause(ms: number): Promise<void> {
    await this.#sleep(ms, this.#stop.signal)
  }
}
