import type { AddressGuard } from '../../../outbound/address-guard.ts'
import type { Family } from './exposition.ts'
import type { ScrapeConnections } from './scrape-connections.ts'
import { ScrapeFailedError } from './scrape-failure.ts'

export interface ScrapeTarget {
  url: URL
  /** The value of the Authorization header. */
  authorization: string | null
  /** For resolving, connecting, waiting and reading together. */
  timeoutMs: number
  /** Which families are read, by their names without suffixes; default: all. What is not wanted is only counted. */
  wanted?: (familyName: string) => boolean
  /** Connections that outlive one scrape, shared by targets; default: one that is closed after it. */
  connections?: ScrapeConnections
}

export interface Scraped {
  families: Family[]
  /** How many samples the answer has, wanted or not. */
  series: number
  /** From the beginning, with resolving and parsing. */
  durationMs: number
  /** Of the unpacked body. */
  bytes: number
}

/**
 * Asks a model server for its metrics once.
 * @throws ScrapeFailedError, or the reason of `signal` once it aborts
 */
export function scrape({ url }: ScrapeTarget, _guard: AddressGuard, signal: AbortSignal): Promise<Scraped> {
  signal.throwIfAborted()
  return Promise.reject(new ScrapeFailedError('UNREACHABLE', `${url.host} cannot be scraped yet.`))
}
