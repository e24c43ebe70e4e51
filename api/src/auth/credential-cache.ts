import type { Clock } from '../base/clock.ts'
import { RefusedError } from '../base/errors.ts'
import { LastUsed } from '../base/last-used.ts'

/** No lookup is trusted for longer, whatever was heard meanwhile. */
const LIFETIME_MS = 60_000
const MAX_ENTRIES = 2000
/** Lookups at a time: what strangers send must not take the pool away from everybody else. */
const MAX_READS = 4
const MAX_WAITING = 2000

interface Entry<T> {
  value: T
  readAtMs: number
  generation: number
}

/**
 * Credentials that were found to be good, by their hashes. Only good ones are kept, and none longer than a minute. After
 * `clear` every one is read again, one that was being read meanwhile included.
 */
export class CredentialCache<T> {
  readonly #clock: Clock
  readonly #read: (hash: string) => Promise<T | undefined>
  readonly #entries = new LastUsed<Entry<T>>(MAX_ENTRIES)
  readonly #reading = new Map<string, Promise<T | undefined>>()
  readonly #waiting: (() => void)[] = []
  #readCount = 0
  #generation = 0

  constructor(clock: Clock, read: (hash: string) => Promise<T | undefined>) {
    this.#clock = clock
    this.#read = read
  }

  /** Whether it was good when it was last read, which may be long ago. */
  knows(hash: string): boolean {
    return this.#entries.has(hash)
  }

  isReading(hash: string): boolean {
    return this.#reading.has(hash)
  }

  /** Throws UNAVAILABLE when too many are waiting; errors of reading pass through. */
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

  /** Some credential has ended: nothing read before now counts. */
  clear(): void {
    this.#generation += 1
  }

  #isFresh({ generation, readAtMs }: Entry<T>): boolean {
    const age = this.#clock.now() - readAtMs
    return generation === this.#generation && age >= 0 && age < LIFETIME_MS
  }

  async #readAnew(hash: string): Promise<T | undefined> {
    await this.#turn()
    try {
      for (;;) {
        const generation = this.#generation
        const readAtMs = this.#clock.now()
        // Until nothing ended while it was read.
        // oxlint-disable-next-line no-await-in-loop
        const value = await this.#read(hash)
        if (generation !== this.#generation) continue
        if (value === undefined) this.#entries.delete(hash)
        else this.#entries.set(hash, { value, readAtMs, generation })
        return value
      }
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#readCount -= 1
      else next()
    }
  }

  /** Waits until fewer than MAX_READS are reading; the turn passes on to the next when one is done. */
  async #turn(): Promise<void> {
    if (this.#readCount < MAX_READS) {
      this.#readCount += 1
      return
    }
    if (this.#waiting.length >= MAX_WAITING) {
      throw new RefusedError('UNAVAILABLE', 'Too many callers are being looked up. Try again in a moment.')
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}
