import { Waiters } from './waiters.ts'

/** An entry of a log. The store numbers entries 1, 2, 3 … without holes. */
export interface LogEntry {
  sequence: number
}

/**
 * Reads the entries after `sequence`, ascending. Retention may have removed some of them; then the first entry of the
 * answer lies further on.
 */
type ReadAfter<T> = (sequence: number, limit: number) => Promise<T[]>

interface LiveLogOptions<T> {
  /** Sequence of the newest stored entry when the log was opened; 0 for none. */
  head: number
  readAfter: ReadAfter<T>
  /** Entries kept in memory. */
  capacity: number
  /** Whether two entries of the same sequence are the same entry. Default: always. */
  isSame?: (one: T, other: T) => boolean
  onError: (error: unknown) => void
}

/** Entries per read of the store. */
const CHUNK = 200

/**
 * The newest entries of one stored log, kept contiguous in a ring buffer, and a wake-up for its subscribers. There is
 * no queue per subscriber: a subscriber is a position, and polls what lies after it.
 *
 * Invariant: the ring holds exactly the entries `firstKept … newest` (none when firstKept > newest). An entry that
 * would leave a hole is not appended; the hole is read from the store first, once for all subscribers.
 */
export class LiveLog<T extends LogEntry> {
  readonly #options: LiveLogOptions<T>
  #ring: (T | undefined)[]
  #newest: number
  #firstKept: number
  /** The highest sequence that the log knows to be stored; beyond #newest while a hole is being read. */
  #announced: number
  #filling = false
  #filled: Promise<void> = Promise.resolve()
  readonly #waiters = new Waiters()
  #isClosed = false
  #failure: Error | undefined

  constructor(options: LiveLogOptions<T>) {
    this.#options = options
    this.#ring = Array.from({ length: options.capacity })
    this.#newest = options.head
    this.#announced = options.head
    this.#firstKept = options.head + 1
  }

  /** Sequence of the newest entry that can be read. */
  get newest(): number {
    return this.#newest
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Why the log was closed, if its subscribers must know. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /**
   * Appends an entry that was stored; an entry that the log already has is ignored. Answers false when the log has
   * another one in its place: then the store was set back.
   */
  append(entry: T): boolean {
    if (this.#isClosed) return true
    if (entry.sequence <= this.#newest) {
      const known = this.entry(entry.sequence)
      return known === undefined || (this.#options.isSame?.(known, entry) ?? true)
    }
    if (entry.sequence > this.#newest + 1 || this.#filling) {
      this.announce(entry.sequence)
      return true
    }
    this.#announced = Math.max(this.#announced, entry.sequence)
    this.#keep(entry)
    this.#waiters.wake()
    return true
  }

  /** The store holds entries up to `sequence`: the log reads those that it does not have. */
  announce(sequence: number): void {
    if (this.#isClosed || sequence <= this.#newest) return
    this.#announced = Math.max(this.#announced, sequence)
    if (!this.#filling) this.#filled = this.#fill()
  }

  /** Like `announce`, and resolves when the missing entries have been read, or the read has failed. */
  async catchUp(sequence: number): Promise<void> {
    this.announce(sequence)
    await this.#filled
  }

  /** Takes nothing more. Every subscriber ends once it has been given what is there. */
  close(): void {
    this.#isClosed = true
    this.#waiters.wake()
  }

  /** Ends every subscriber at once, with this error: what the log holds is no longer true. */
  fail(error: Error): void {
    this.#failure = error
    this.#restartAfter(0)
    this.close()
  }

  /** The entries right after `sequence`, from the ring; null when the first of them is older than the ring. */
  kept(sequence: number, limit: number): T[] | null {
    if (sequence + 1 < this.#firstKept) return null
    const entries: T[] = []
    for (let next = sequence + 1; next <= this.#newest && entries.length < limit; next += 1) {
      entries.push(this.#ring[next % this.#options.capacity] as T)
    }
    return entries
  }

  /** The entry of this sequence, if it is in memory. */
  entry(sequence: number): T | undefined {
    if (sequence < this.#firstKept || sequence > this.#newest) return undefined
    return this.#ring[sequence % this.#options.capacity]
  }

  /** Calls back once, at the next entry or when the log is closed. Returns the function that unsubscribes. */
  onChange(wake: () => void): () => void {
    return this.#waiters.add(wake)
  }

  /** Reads the store, for a subscriber that has fallen out of the ring. */
  readAfter(sequence: number): Promise<T[]> {
    return this.#options.readAfter(sequence, CHUNK)
  }

  /** Never rejects: a failed read is reported, and repeated at the next `append` or `announce`. */
  async #fill(): Promise<void> {
    this.#filling = true
    try {
      // More than a ring behind: a subscriber that still needs what lies between reads it from the store.
      if (this.#announced - this.#newest > this.#options.capacity) {
        this.#restartAfter(this.#announced - this.#options.capacity)
      }
      while (!this.#isClosed && this.#newest < this.#announced) {
        // One read at a time, in order: each starts where the last one ended.
        await this.#readHole()
      }
    } catch (error) {
      this.#options.onError(error)
    } finally {
      // In the same step as the last check of #announced: what is announced between the two would not be read.
      this.#filling = false
    }
  }

  async #readHole(): Promise<void> {
    const { readAfter } = this.#options
    // Entries that are announced during the read need not be in its answer.
    const announced = this.#announced
    const entries = await readAfter(this.#newest, CHUNK)
    if (this.#failure !== undefined) return
    if (entries.length === 0) this.#restartAfter(announced)
    for (const entry of entries) {
      if (entry.sequence <= this.#newest) continue
      if (entry.sequence > this.#newest + 1) this.#restartAfter(entry.sequence - 1)
      this.#keep(entry)
    }
    this.#waiters.wake()
  }

  #restartAfter(sequence: number): void {
    this.#newest = sequence
    this.#firstKept = sequence + 1
    this.#ring.fill(undefined)
  }

  #keep(entry: T): void {
    this.#newest = entry.sequence
    this.#ring[entry.sequence % this.#options.capacity] = entry
    this.#firstKept = Math.max(this.#firstKept, entry.sequence - this.#options.capacity + 1)
  }
}
