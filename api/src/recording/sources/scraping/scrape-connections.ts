import type { LookupAddress } from 'node:dns'
import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http'
import { Agent as SecureAgent, type RequestOptions as SecureRequestOptions } from 'node:https'
import { isIP } from 'node:net'
import type { AddressGuard } from '../../../outbound/address-guard.ts'

/** Longer than the longest interval. A server that closes earlier says so. */
const IDLE_MS = 75_000
const KEPT: AgentOptions = { keepAlive: true, maxFreeSockets: 4, timeout: IDLE_MS }
/** Addresses that were checked are looked up again after the first, and not used any more after the second. */
const RENEW_AFTER_MS = 60_000
const VALID_MS = 600_000
const LOOKUP_TIMEOUT_MS = 10_000
const MAX_HOSTS = 5_000

/** What a request says of itself to the agent. */
export interface CheckedConnection {
  /** The only addresses to connect to, as one text. */
  checkedAddresses: string
}

/** Connections are shared only among requests that may go to the same addresses. */
class CheckedAgent extends Agent {
  override getName(options: ClientRequestArgs & Partial<CheckedConnection> = {}): string {
    return `${super.getName(options)}:${options.checkedAddresses}`
  }
}
class CheckedSecureAgent extends SecureAgent {
  override getName(options: SecureRequestOptions & Partial<CheckedConnection> = {}): string {
    return `${super.getName(options)}:${options.checkedAddresses}`
  }
}

interface KnownHost {
  addresses: LookupAddress[]
  atMs: number
  isRenewing: boolean
}

/**
 * What is kept between scrapes: open connections, each to an address that was checked, and the checked addresses of hosts,
 * so that hundreds of targets need no lookup each few seconds.
 */
export class ScrapeConnections {
  readonly #plain = new CheckedAgent(KEPT)
  readonly #secure = new CheckedSecureAgent(KEPT)
  readonly #hosts = new Map<string, KnownHost>()
  readonly #now: () => number

  /** @param now milliseconds of a clock that does not jump */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  agentFor({ protocol }: URL): Agent {
    return protocol === 'https:' ? this.#secure : this.#plain
  }

  /**
   * The addresses of a host that is known are renewed beside the scrape: a lookup can hang, and there are few at a time, so
   * that two hosts whose name servers are gone would hold up all others.
   * @throws AddressRefusedError, also when `signal` aborts
   */
  async addressesOf(url: URL, guard: AddressGuard, signal: AbortSignal): Promise<LookupAddress[]> {
    const known = this.#hosts.get(url.hostname)
    const ageMs = known === undefined ? Infinity : this.#now() - known.atMs
    if (known === undefined || ageMs >= VALID_MS) return this.#lookUp(url, guard, signal)
    if (ageMs >= RENEW_AFTER_MS && !known.isRenewing) {
      known.isRenewing = true
      const renewed = () => {
        known.isRenewing = false
      }
      // What was checked stays good when it can't be renewed, for a while: connections go nowhere else.
      this.#lookUp(url, guard, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)).then(renewed, renewed)
    }
    return known.addresses
  }

  async #lookUp(url: URL, guard: AddressGuard, signal: AbortSignal): Promise<LookupAddress[]> {
    const addresses = await guard.addressesOf(url, signal)
    if (isIP(url.hostname) === 0) {
      if (this.#hosts.size >= MAX_HOSTS) this.#hosts.clear()
      this.#hosts.set(url.hostname, { addresses, atMs: this.#now(), isRenewing: false })
    }
    return addresses
  }

  /** Nothing was reached there: the next scrape looks the host up again. */
  forget({ hostname }: URL): void {
    this.#hosts.delete(hostname)
  }

  stop(): void {
    this.#plain.destroy()
    this.#secure.destroy()
  }
}
