import type { ManualTime } from '../create-test-deps.ts'

interface Sleeper {
  atMs: number
  wake: () => void
}

/** Sleeps that end when a test lets the time pass. */
export class ManualSleeps {
  readonly #time: ManualTime
  readonly #sleepers = new Set<Sleeper>()

  constructor(time: ManualTime) {
    this.#time = time
  }

  readonly sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const wake = () => {
        signal.removeEventListener('abort', wake)
        this.#sleepers.delete(sleeper)
        resolve()
      }
      const sleeper = { atMs: this.#time.wallMs + Math.max(0, ms), wake }
      this.#sleepers.add(sleeper)
      signal.addEventListener('abort', wake)
    })

  /** Lets time pass, from one sleep that ends to the next; what each of them does is over before the next one ends. */
  async pass(ms: number, settle: () => Promise<void>): Promise<void> {
    const endMs = this.#time.wallMs + ms
    for (;;) {
      await settle()
      const due = [...this.#sleepers].filter(({ atMs }) => atMs <= endMs)
      const [next] = due.toSorted((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#time.pass(Math.max(0, next.atMs - this.#time.wallMs))
      for (const sleeper of due) if (sleeper.atMs <= next.atMs) sleeper.wake()
    }
    this.#time.pass(endMs - this.#time.wallMs)
  }
}
