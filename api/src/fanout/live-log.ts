import { Waiters } from './waiters.ts'

/** An entry of a log: sequences are 1, 2, 3 … without holes, given by the store. */
export interface LogEntry {
  sequence: number
}

/** The newest entries before or at `sequence` may have been removed by retention; then the first given one is later. */
export type ReadAfter<T> = (sequence: number, limit: number) => Promise<T[]>

export interface LiveLogOptions<T> {
  /** Sequence of the newest stored entry when the log was opened; 0 for none. */
  head: number
  readAfter: ReadAfter<T>
  /** Entries kept in memory. */
  capacity: number
  onError: (error: unknown) => void
}

/** Entries of one store read. */
const CHUNK = 200

/**
 * The newest entries of one stored log, kept contiguous in a ring, and a wake-up for those who follow it. There is no
 * queue per follower: a follower is a position, and pulls what lies after it.
 *
 * Invariant: the ring holds exactly the entries `firstKept … newest` (none when firstKept > newest). A hint that leaves
 * a hole is not appended; the hole is read from the store first, once for everybody.
 */
export class LiveLog<T extends LogEntry> {
  readonly #options: LiveLogOptions<T>
  #ring: (T | undefined)[]
  #newest: number
  #firstKept: number
  /** The highest sequence that anybody told us of; beyond #newest while a hole is being read. */
  #announced: number
  #filling = false
  #filled: Promise<void> = Promise.resolve()
  readonly #waiters = new Waiters()
  #closed = false

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

  get closed(): boolean {
    return this.#closed
  }

  /** Takes an entry that was stored; known ones are ignored. */
  append(entry: T): void {
    if (this.#closed || entry.sequence <= this.#newest) return
    if (entry.sequence > this.#newest + 1 || this.#filling) {
      this.announce(entry.sequence)
      return
    }
    this.#announced = Math.max(this.#announced, entry.sequence)
    this.#keep(entry)
    this.#waiters.wake()
  }

  /** Says that the store holds entries up to `sequence`; whatever is not known yet is read. */
  announce(sequence: number): void {
    if (this.#closed || sequence <= this.#newest) return
    this.#announced = Math.max(this.#announced, sequence)
    if (!this.#filling) this.#filled = this.#fill()
  }

  /** Like `announce`, and resolves when what was missing has been read (or could not be). */
  async catchUp(sequence: number): Promise<void> {
    this.announce(sequence)
    await this.#filled
  }

  /** Ends every follower once it has read what is there. */
  close(): void {
    this.#closed = true
    this.#waiters.wake()
  }

  /** The entries right after `sequence` that are in memory; null when they start before the ring. */
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

  /** Calls back once, at the next entry or at the end; gives the function that withdraws. */
  onChange(wake: () => void): () => void {
    return this.#waiters.add(wake)
  }

  readAfter(sequence: number): Promise<T[]> {
    return this.#options.readAfter(sequence, CHUNK)
  }

  /** Never rejects: a failed read is reported, and tried again with the next hint. */
  async #fill(): Promise<void> {
    this.#filling = true
    try {
      // More than a ring behind: what lies between is read by whoever still wants it, straight from the store.
      if (this.#announced - this.#newest > this.#options.capacity) {
        this.#restartAfter(this.#announced - this.#options.capacity)
      }
      while (!this.#closed && this.#newest < this.#announced) {
        // One read at a time, in order: each starts where the last one ended.
        // oxlint-disable-next-line no-await-in-loop
        await this.#readHole()
      }
    } catch (error) {
      this.#options.onError(error)
    } finally {
      // In the same step as the last look at #announced: what is announced between the two would not be read.
      this.#filling = false
    }
  }

  async #readHole(): Promise<void> {
    const { readAfter } = this.#options
    // What is announced during the read need not be in its answer.
    const announced = this.#announced
    const entries = await readAfter(this.#newest, CHUNK)
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
