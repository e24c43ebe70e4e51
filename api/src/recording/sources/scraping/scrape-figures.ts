import type { AddressGuard } from '../../../outbound/address-guard.ts'
import { snapshotOf, wantedFamilies } from '../snapshot.ts'
import { SnapshotError } from '../snapshot-errors.ts'
import { scrape as scrapeTarget, type ScrapeTarget, type Scraped } from './scrape.ts'
import { ScrapeConnections } from './scrape-connections.ts'
import { ScrapeFailedError } from './scrape-failure.ts'
import type { ScrapeOrder } from './scraped-source.ts'
import type { ScrapedFigures } from './scraped-target.ts'

interface ScrapeFiguresOptions {
  guard: AddressGuard
  /**
   * Called when a scrape is over, unless it was given up.
   * @param failure null when it gave figures; otherwise one of a fixed list
   */
  onScrape: (failure: string | null, durationMs: number) => void
  /** Called with errors that are ours. */
  onError: (error: unknown) => void
  /** Injected by tests. */
  scrape?: (target: ScrapeTarget, guard: AddressGuard, signal: AbortSignal) => Promise<Scraped>
}

/** Asks targets for their metrics, and reads figures from what they answer. */
export class ScrapeFigures {
  readonly #options: ScrapeFiguresOptions
  readonly #connections = new ScrapeConnections()

  constructor(options: ScrapeFiguresOptions) {
    this.#options = options
  }

  stop(): void {
    this.#connections.stop()
  }

  /** @throws ScrapeFailedError or SnapshotError, whose message is one sentence; the reason of `signal` once it aborts */
  async scrape({ settings, secret, atMs, readsAll }: ScrapeOrder, signal: AbortSignal): Promise<ScrapedFigures> {
    const { guard, onScrape, onError, scrape = scrapeTarget } = this.#options
    const { url, timeoutMs, mapping, labels } = settings
    const beganMs = performance.now()
    try {
      const target = {
        url: new URL(url),
        authorization: secret,
        timeoutMs,
        ...(!readsAll && { wanted: wantedFamilies(mapping) }),
        connections: this.#connections,
      }
      const { families, series, durationMs } = await scrape(target, guard, signal)
      const snapshot = snapshotOf(families, { mapping, labels, atMs })
      onScrape(null, performance.now() - beganMs)
      return { snapshot, durationMs, series, server: snapshot.server }
    } catch (error) {
      if (signal.aborted) throw error
      const isTold = error instanceof ScrapeFailedError || error instanceof SnapshotError
      onScrape(isTold ? error.reason : 'ERROR', performance.now() - beganMs)
      if (isTold) throw error
      onError(error)
      throw new Error('The answer could not be read, because of an error of Gaugeline that its log tells.', {
        cause: error,
      })
    }
  }
}
