import type { LookupAddress } from 'node:dns'
import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http'
import { Agent as SecureAgent, type RequestOptions as SecureRequestOptions } from 'node:https'
import { isIP } from 'node:net'
import type { AddressGuard } from '../../../outbound/address-guard.ts'

/** Longer than the longest interval. A server that closes earlier says so. */
const IDLE_MS = 75_000
const KEPT: AgentOptions = { keepAlive: true, maxFreeSockets: 4, timeout: IDLE_MS }
/** As long as addresses are commonly valid (DNS). */
const ADDRESSES_MS = 60_000
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

/**
 * What is kept between scrapes: open connections, each to an address that was checked, and the checked addresses of hosts,
 * so that hundreds of targets need no lookup each few seconds.
 */
export class ScrapeConnections {
  readonly #plain = new CheckedAgent(KEPT)
  readonly #secure = new CheckedSecureAgent(KEPT)
  readonly #addresses = new Map<string, { addresses: LookupAddress[]; untilMs: number }>()
  readonly #now: () => number

  /** @param now milliseconds of a clock that does not jump */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  agentFor({ protocol }: URL): Agent {
    return protocol === 'https:' ? this.#secure : this.#plain
  }

  /** @throws AddressRefusedError, also when `signal` aborts */
  async addressesOf(url: URL, guard: AddressGuard, signal: AbortSignal): Promise<LookupAddress[]> {
    const { hostname } = url
    const known = this.#addresses.get(hostname)
    if (known !== undefined && known.untilMs > this.#now()) return known.addresses
    const addresses = await guard.addressesOf(url, signal)
    if (isIP(hostname) === 0) {
      this.#addresses.delete(hostname)
      if (this.#addresses.size >= MAX_HOSTS) this.#addresses.clear()
      this.#addresses.set(hostname, { addresses, untilMs: this.#now() + ADDRESSES_MS })
    }
    return addresses
  }

  /** Nothing was reached there: the next scrape looks the host up again. */
  forget({ hostname }: URL): void {
    this.#addresses.delete(hostname)
  }

  stop(): void {
    this.#plain.destroy()
    this.#secure.destroy()
  }
}
