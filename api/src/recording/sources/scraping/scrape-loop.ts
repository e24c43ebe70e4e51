import { createHash } from 'node:crypto'
import type { Clock } from '../../../base/clock.ts'
import { sleepUntilAborted } from '../../../base/sleep.ts'

/** No scrape begins later than this after the end of its window because of its place among the others. */
const MAX_OFFSET_MS = 1000

interface ScrapeLoopOptions {
  /** Of the deployment: it decides when within an interval the target is scraped. */
  id: string
  intervalMs: number
  clock: Clock
  /** Scrapes once, for the window that ends at `atMs`. Must not reject, and ends soon after the signal aborts. */
  scrape: (atMs: number, signal: AbortSignal) => Promise<void>
  /** Called when a scrape is over. */
  onScraped: () => void
  /** Called with what must not happen. */
  onError: (error: unknown) => void
  /** Waits; ends early when aborted. Injected by tests. */
  sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined
}

/**
 * Scrapes one target, once for each window: a little after its end, at the same place in each interval, so that many
 * targets are not scraped at the same moment. One scrape at a time; windows that end during a long one are left out.
 */
export class ScrapeLoop {
  readonly #options: ScrapeLoopOptions
  readonly #offsetMs: number
  readonly #stop = new AbortController()
  #scrapedThroughMs: number

  constructor(options: ScrapeLoopOptions) {
    const { id, intervalMs, clock } = options
    this.#options = options
    this.#offsetMs = offsetOf(id, intervalMs)
    this.#scrapedThroughMs = Math.ceil((clock.now() - this.#offsetMs) / intervalMs) * intervalMs - intervalMs
  }

  /** Windows that end by then are scraped, or never will be. */
  get scrapedThroughMs(): number {
    return this.#scrapedThroughMs
  }

  start(): void {
    this.#run().catch(this.#options.onError)
  }

  /** Nothing is scraped any more, and what is being scraped is given up. */
  stop(): void {
    this.#stop.abort()
  }

  async #run(): Promise<void> {
    const { clock, intervalMs, scrape, onScraped, sleep = sleepUntilAborted } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      const newestMs = Math.floor((clock.now() - this.#offsetMs) / intervalMs) * intervalMs
      const atMs = Math.max(this.#scrapedThroughMs + intervalMs, newestMs)
      // Timers fire up to a millisecond early, and the clock may be held back.
      for (let now = clock.now(); now < atMs + this.#offsetMs && !signal.aborted; now = clock.now()) {
        await sleep(atMs + this.#offsetMs - now, signal)
      }
      if (signal.aborted) return
      await scrape(atMs, signal)
      this.#scrapedThroughMs = atMs
      if (!signal.aborted) onScraped()
    }
  }
}

/** Milliseconds after the end of a window, from 1 on: within a fifth of the interval, at most a second. */
function offsetOf(id: string, intervalMs: number): number {
  const place = createHash('sha256').update(id).digest().readUInt32BE() / 2 ** 32
  return Math.ceil((1 - place) * Math.min(intervalMs / 5, MAX_OFFSET_MS))
}
