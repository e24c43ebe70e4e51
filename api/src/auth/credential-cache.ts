import { LRUCache } from 'lru-cache'
import type { Clock } from '../base/clock.ts'

/** No lookup is trusted for longer, even if no revocation was reported meanwhile. */
const LIFETIME_MS = 60_000
const MAX_ENTRIES = 2000
/** Lookups of one round. No more can wait than there are connections: a handful of rounds. */
const MAX_AT_ONCE = 1000

interface Entry<T> {
  value: T
  readAtMs: number
  generation: number
}

/**
 * Valid credentials, by their hashes. Invalid ones are not kept, and none is trusted for longer than a minute. After
 * `clear` each is read again, also one that is being read at that moment.
 *
 * Lookups are made in rounds, which Prisma turns into one statement each, so that thousands of strangers neither take
 * the connections to the database nor keep each other waiting. Credentials that were valid before have rounds of their
 * own: no stranger is before them.
 */
export class CredentialCache<T> {
  readonly #monotonic: Clock
  readonly #read: (hash: string) => Promise<T | undefined>
  readonly #entries = new LRUCache<string, Entry<T>>({ max: MAX_ENTRIES })
  readonly #reading = new Map<string, Promise<T | undefined>>()
  readonly #known = new Rounds()
  readonly #unknown = new Rounds()
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

  /** Errors of reading pass through. */
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
    const rounds = this.knows(hash) ? this.#known : this.#unknown
    await rounds.join()
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
      rounds.leave()
    }
  }
}

/** One round of lookups at a time: whatever comes meanwhile begins together, when all of it has ended. */
class Rounds {
  readonly #waiting: (() => void)[] = []
  #inRound = 0

  /** Resolves when the lookup may begin. It must call `leave` at its end. */
  async join(): Promise<void> {
    if (this.#inRound === 0) {
      this.#inRound = 1
      return
    }
    await new Promise<void>((begin) => this.#waiting.push(begin))
  }

  leave(): void {
    this.#inRound -= 1
    if (this.#inRound > 0) return
    const next = this.#waiting.splice(0, MAX_AT_ONCE)
    this.#inRound = next.length
    for (const begin of next) begin()
  }
}
