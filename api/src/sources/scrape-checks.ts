import type { Clock } from '../base/clock.ts'
import { Semaphore } from '../base/semaphore.ts'
import type { AddressGuard } from '../outbound/address-guard.ts'
import { scrape, type ScrapeTarget, type Scraped } from '../recording/sources/scraping/scrape.ts'
import { ScrapeFailedError } from '../recording/sources/scraping/scrape-failure.ts'
import { type ScrapeCheck, scrapeCheck } from './scrape-check.ts'
import { ScrapeError } from './source.errors.ts'
import { MAX_TIMEOUT_MS, type NewScrape } from './source-settings.ts'

/** Each may hold ten megabytes and what was read from them. */
const AT_ONCE = 3
const MAX_WAITING = 12

export type Scrape = (target: ScrapeTarget, guard: AddressGuard, signal: AbortSignal) => Promise<Scraped>

/** Tries targets before anybody saves them. Stores nothing. */
export class ScrapeChecks {
  readonly #guard: AddressGuard
  readonly #clock: Clock
  readonly #scrape: Scrape
  readonly #permits = new Semaphore({
    max: AT_ONCE,
    maxWaiting: MAX_WAITING,
    refusal: () => new ScrapeError('BUSY', 'Too many targets are being checked at this moment. Try again in a moment.'),
  })

  constructor(guard: AddressGuard, clock: Clock, scrapeOnce: Scrape = scrape) {
    this.#guard = guard
    this.#clock = clock
    this.#scrape = scrapeOnce
  }

  /**
   * Reads a target once, within its timeout and ten seconds, waiting for others included.
   * @throws ScrapeError
   */
  async run({ scrape: settings, secret }: NewScrape): Promise<ScrapeCheck> {
    const timeoutMs = Math.min(settings.timeoutMs, MAX_TIMEOUT_MS)
    const release = await this.#permits.acquire(AbortSignal.timeout(MAX_TIMEOUT_MS)).catch((error: unknown) => {
      if (error instanceof ScrapeError) throw error
      throw new ScrapeError('BUSY', 'Too many targets are being checked at this moment. Try again in a moment.')
    })
    try {
      const target = { url: new URL(settings.url), authorization: secret, timeoutMs }
      const scraped = await this.#scrape(target, this.#guard, AbortSignal.timeout(timeoutMs + TO_SPARE_MS))
      return scrapeCheck(scraped, settings, this.#clock.now())
    } catch (error) {
      if (error instanceof ScrapeFailedError) throw new ScrapeError(error.reason, error.message)
      throw error
    } finally {
      release()
    }
  }
}

/** The scrape itself says what took too long. */
const TO_SPARE_MS = 2000
