import { isIPv6 } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { RefusedError } from '../base/errors.ts'

/** An address may fail this often at once, and after that once every PAUSE_MS. */
const BURST = 30
const PAUSE_MS = 2000
const MAX_ADDRESSES = 10_000
/** Concurrent lookups of unknown credentials from one address: failures are counted only after their lookups. */
const MAX_AT_ONCE = 100

/**
 * Counts wrong credentials by address: after too many, credentials from that address are not looked up for a while.
 * Credentials that are known to be valid are never checked here, so nobody can be locked out by a neighbour.
 */
export class FailedAttempts {
  readonly #monotonic: Clock
  /** When all failures of an address will be forgotten: each failure adds PAUSE_MS. Oldest first. */
  readonly #clearAtMs = new Map<string, number>()
  readonly #inFlight = new Map<string, number>()

  constructor(monotonic: Clock) {
    this.#monotonic = monotonic
  }

  /** @throws RefusedError RATE_LIMITED while the address has failed too often */
  check(address: string): void {
    const now = this.#monotonic.now()
    const waitMs = (this.#clearAtMs.get(networkOf(address)) ?? now) - now - (BURST - 1) * PAUSE_MS
    if (waitMs <= 0) return
    const seconds = Math.ceil(waitMs / 1000)
    throw new RefusedError('RATE_LIMITED', `Too many wrong credentials. Try again in ${seconds} s.`, {
      retryAfterSeconds: seconds,
    })
  }

  /**
   * Runs a lookup.
   * @throws RefusedError RATE_LIMITED while the address has as many lookups in flight as it may have
   */
  async during<T>(address: string, lookup: () => Promise<T>): Promise<T> {
    const network = networkOf(address)
    const inFlight = this.#inFlight.get(network) ?? 0
    if (inFlight >= MAX_AT_ONCE) {
      throw new RefusedError('RATE_LIMITED', 'Too many unknown credentials at once. Try again in a moment.', {
        retryAfterSeconds: 1,
      })
    }
    this.#inFlight.set(network, inFlight + 1)
    try {
      return await lookup()
    } finally {
      const left = (this.#inFlight.get(network) ?? 1) - 1
      if (left > 0) this.#inFlight.set(network, left)
      else this.#inFlight.delete(network)
    }
  }

  add(address: string): void {
    const network = networkOf(address)
    const now = this.#monotonic.now()
    const clearAtMs = Math.max(this.#clearAtMs.get(network) ?? now, now) + PAUSE_MS
    this.#clearAtMs.delete(network)
    this.#clearAtMs.set(network, clearAtMs)
    for (const [oldest, atMs] of this.#clearAtMs) {
      if (atMs > now && this.#clearAtMs.size <= MAX_ADDRESSES) break
      this.#clearAtMs.delete(oldest)
    }
  }
}

/** An IPv6 host can choose any address of its network, so only the first 64 bits count. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  if (tail !== undefined) while (groups.length + rest.length < 8) groups.push('0')
  return [...groups, ...rest].slice(0, 4).join(':')
}
