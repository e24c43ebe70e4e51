import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import { type AllowedHosts, isPublicAddress } from './public-addresses.ts'

/** A system lookup holds one of Node's four threads, which files and hashes need too, and cannot be called off. */
const MAX_LOOKUPS = 2
const MAX_WAITING = 32

export type Lookup = (host: string) => Promise<LookupAddress[]>

/** The host could not be resolved, or leads where webhooks may not go: which of the two is nobody's business. */
export class AddressRefusedError extends Error {
  override name = 'AddressRefusedError'
}

/** Resolves hosts, and refuses those that lead anywhere but to public addresses or what the operator allows. */
export class AddressGuard {
  readonly #allowed: AllowedHosts
  readonly #lookup: Lookup
  #lookups = 0
  readonly #waiting = new Set<() => void>()

  constructor(allowed: AllowedHosts, lookup: Lookup = (host) => promisify(systemLookup)(host, { all: true })) {
    this.#allowed = allowed
    this.#lookup = lookup
  }

  /**
   * Every address of a URL's host, each of which may be connected to. Resolve once and connect to these: a second lookup may
   * answer otherwise. Throws AddressRefusedError, also when `signal` aborts.
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
    await this.#turn(signal)
    const answer = this.#lookup(host).finally(() => this.#next())
    // Nobody may be left to hear of a failure.
    answer.catch(() => undefined)
    return untilAborted(answer, signal)
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#lookups < MAX_LOOKUPS) {
      this.#lookups += 1
      return
    }
    if (this.#waiting.size >= MAX_WAITING) throw new AddressRefusedError()
    let begin: () => void = () => undefined
    const turn = new Promise<void>((resolve) => {
      begin = resolve
    })
    this.#waiting.add(begin)
    try {
      await untilAborted(turn, signal)
    } catch (error) {
      // Given the turn and called off in the same moment: the next one has it.
      if (!this.#waiting.delete(begin)) this.#next()
      throw error
    }
  }

  #next(): void {
    const [begin] = this.#waiting
    if (begin === undefined) {
      this.#lookups -= 1
      return
    }
    this.#waiting.delete(begin)
    begin()
  }
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new AddressRefusedError())
  })
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
