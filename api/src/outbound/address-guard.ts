import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import { deferred } from '../base/deferred.ts'
import { Semaphore } from '../base/semaphore.ts'
import { type AllowedHosts, isPublicAddress } from './public-addresses.ts'

/** A system lookup occupies one of Node's four threads, which files and hashes need too, and cannot be cancelled. */
const MAX_LOOKUPS = 2
const MAX_WAITING = 32

export interface AddressGuardOptions {
  /** How a host is resolved; default: as the system does. */
  lookup?: Lookup
  /** Lookups that may wait for others; default: 32. */
  maxWaiting?: number
}

export type Lookup = (host: string) => Promise<LookupAddress[]>

const systemAddresses: Lookup = (host) => promisify(systemLookup)(host, { all: true })

/**
 * The host cannot be resolved, or leads where we may not go. Which of the two is not revealed: it would map our
 * network.
 */
export class AddressRefusedError extends Error {
  override name = 'AddressRefusedError'
}

/**
 * Guards against server-side request forgery (SSRF): resolves hosts, and refuses those that lead anywhere but to public
 * addresses or to what the operator allows.
 */
export class AddressGuard {
  readonly #allowed: AllowedHosts
  readonly #lookup: Lookup
  readonly #lookups: Semaphore

  constructor(allowed: AllowedHosts, { lookup = systemAddresses, maxWaiting = MAX_WAITING }: AddressGuardOptions = {}) {
    this.#allowed = allowed
    this.#lookup = lookup
    this.#lookups = new Semaphore({ max: MAX_LOOKUPS, maxWaiting, refusal: () => new AddressRefusedError() })
  }

  /**
   * Every address of a URL's host; each may be connected to. Resolve once and connect to these: a second lookup may
   * answer differently (DNS rebinding).
   * @throws AddressRefusedError, also when `signal` aborts
   */
  async addressesOf({ hostname }: URL, signal: AbortSignal): Promise<LookupAddress[]> {
    const host = hostname.replace(/^\[(.*)\]$/, '$1')
    const addresses = await this.#resolve(host, signal).catch(() => [])
    const isAllowed = ({ address }: LookupAddress) =>
      this.#allowed.hasName(host) || this.#allowed.hasAddress(address) || isPublicAddress(address)
    if (addresses.length === 0 || !addresses.every(isAllowed)) throw new AddressRefusedError()
    return addresses
  }

  async #resolve(host: string, signal: AbortSignal): Promise<LookupAddress[]> {
    const family = isIP(host)
    if (family !== 0) return [{ address: host, family }]
    const release = await this.#lookups.acquire(signal)
    // The permit is held until the lookup itself ends: aborting only stops waiting for it.
    return untilAborted(this.#lookup(host).finally(release), signal)
  }
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = deferred<never>()
  const stop = () => reject(new AddressRefusedError())
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
