import { LRUCache } from 'lru-cache'
import type { Clock } from '../base/clock.ts'
import { RefusedError } from '../base/errors.ts'
import { Semaphore } from '../base/semaphore.ts'

/** No lookup is trusted for longer, even if no revocation was reported meanwhile. */
const LIFETIME_MS = 60_000
const MAX_ENTRIES = 2000
/** Lookups at a time: credentials sent by strangers must not take the connection pool away from everybody else. */
const MAX_READS = 4
const MAX_WAITING = 2000

interface Entry<T> {
  value: T
  readAtMs: number
  generation: number
}

/**
 * Valid credentials, by their hashes. Invalid ones are not kept, and none is trusted for longer than a minute. After
 * `clear` each is read again, also one that is being read at that moment.
 */
export class CredentialCache<T> {
  readonly #monotonic: Clock
  readonly #read: (hash: string) => Promise<T | undefined>
  readonly #entries = new LRUCache<string, Entry<T>>({ max: MAX_ENTRIES })
  readonly #reading = new Map<string, Promise<T | undefined>>()
  readonly #reads = new Semaphore({
    max: MAX_READS,
    maxWaiting: MAX_WAITING,
    refusal: () => new RefusedError('UNAVAILABLE', 'Too many callers are being looked up. Try again in a moment.'),
  })
  #generation = 0

  constructor(monotonic: Clock, read: (hash: string) => Promise<T | undefined>) {
    this.#monotonic = monotonic
    this.#read = read
  }

  /** Whether the credential was valid when it was last read, which may be long ago. Does not count as a use. */
  knows(hash: string): boolean {
    return this.#entries.has(hash)
  }

  isReading(hash: string): boolean {
    return this.#reading.has(hash)
  }

  /** @throws RefusedError UNAVAILABLE when too many lookups are waiting; errors of reading pass through */
  async get(hash: string): Promise<T | undefined> {
    const entry = this.#entries.get(hash)
    if (entry !== undefined && this.#isFresh(entry)) return entry.value
    let reading = this.#reading.get(hash)
    if (reading === undefined) {
      reading = this.#readAnew(hash).finally(() => this.#reading.delete(hash))
      this.#reading.set(hash, reading)
    }
    return await reading
  }

  /** Some credential was revoked or has ended: nothing that was read before now is trusted. */
  clear(): void {
    this.#generation += 1
  }

  #isFresh({ generation, readAtMs }: Entry<T>): boolean {
    return generation === this.#generation && this.#monotonic.now() - readAtMs < LIFETIME_MS
  }

  async #readAnew(hash: string): Promise<T | undefined> {
    const release = await this.#reads.acquire()
    try {
      // Read again as long as some credential ended during the read.
      for (;;) {
        const generation = this.#generation
        const readAtMs = this.#monotonic.now()
        const value = await this.#read(hash)
        if (generation !== this.#generation) continue
        if (value === undefined) this.#entries.delete(hash)
        else this.#entries.set(hash, { value, readAtMs, generation })
        return value
      }
    } finally {
      release()
    }
  }
}
