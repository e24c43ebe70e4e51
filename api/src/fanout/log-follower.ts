import type { LiveLog, LogEntry } from './live-log.ts'

export interface Followed<T> {
  entry: T
  /** Entries missed right before this one: removed by retention, or jumped over. Normally 0. */
  skipped: number
}

export interface FollowOptions<T> {
  /** The follower begins right after this sequence. */
  after: number
  /** A follower further behind than this jumps forward and is told so. */
  maxBehind: number
  /** Which entries are for this follower; passing the others by is not skipping. For logs that keep everything. */
  matches?: (entry: T) => boolean
  /** Reads for this follower alone, when it has fallen out of the ring; default: the log's own read. */
  readAfter?: (sequence: number) => Promise<T[]>
  /** Called once, when the follower is done. */
  onEnd?: () => void
}

/** Entries taken from the ring at once. */
const BATCH = 64

/**
 * A position in a log, pulled: `next()` answers from the ring, from the store when it fell out of it, or waits.
 * Written by hand because `return()` must end a waiting `next()` at once; an async generator would queue it behind.
 * One `next()` at a time is served; calls overlap only in the order they came. When the store cannot be read, `next()`
 * rejects and the follower is done: it resumes as a new one.
 */
export class LogFollower<T extends LogEntry> implements AsyncIterableIterator<Followed<T>> {
  readonly #log: LiveLog<T>
  readonly #options: FollowOptions<T>
  #position: number
  /** Read ahead, not yet given: at most one batch. */
  #ready: T[] = []
  #readyIndex = 0
  #skipped = 0
  #ended = false
  #endWaiting: (() => void) | null = null
  #turn: Promise<unknown> = Promise.resolve()

  constructor(log: LiveLog<T>, options: FollowOptions<T>) {
    this.#log = log
    this.#options = options
    this.#position = options.after
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Everything through this sequence was given, or is not for this follower. */
  get position(): number {
    return this.#position
  }

  /** There is more than `poll` gives: it must be read from the store. */
  get needsFetch(): boolean {
    return !this.#ended && this.#position < this.#log.newest
  }

  /** Entries were missed, and what `poll` gives next will say so. */
  get hasGap(): boolean {
    return this.#skipped > 0
  }

  /** Nothing comes after what `poll` still gives. */
  get isOver(): boolean {
    return this.#ended || (this.#log.closed && this.#position >= this.#log.newest)
  }

  /** The next entry, if it is in memory. */
  poll(): Followed<T> | undefined {
    while (!this.#ended) {
      const entry = this.#ready[this.#readyIndex]
      if (entry === undefined) {
        if (!this.#takeFromRing()) return undefined
        continue
      }
      this.#readyIndex += 1
      const missed = entry.sequence - this.#position - 1
      this.#position = entry.sequence
      if (this.#options.matches) {
        if (!this.#options.matches(entry)) continue
      } else {
        this.#skipped += missed
      }
      const skipped = this.#skipped
      this.#skipped = 0
      return { entry, skipped }
    }
    return undefined
  }

  /** Goes on right after `sequence`: what lies before was given by other means. */
  resumeAfter(sequence: number): void {
    this.#position = sequence
    this.#setReady([])
  }

  next(): Promise<IteratorResult<Followed<T>>> {
    const turn = this.#turn.then(() => this.#pull())
    // A failed pull is told to its own caller, once.
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  return(): Promise<IteratorResult<Followed<T>>> {
    this.#end()
    return Promise.resolve({ done: true, value: undefined })
  }

  throw(error: unknown): Promise<IteratorResult<Followed<T>>> {
    this.#end()
    return Promise.reject(error instanceof Error ? error : new Error(String(error)))
  }

  async #pull(): Promise<IteratorResult<Followed<T>>> {
    for (;;) {
      const value = this.poll()
      if (value) return { done: false, value }
      if (this.isOver) {
        this.#end()
        return { done: true, value: undefined }
      }
      // Each round depends on what the last one found.
      // oxlint-disable-next-line no-await-in-loop
      await (this.needsFetch ? this.read() : this.#news())
    }
  }

  /** Reads what `poll` gives next from the store. When it fails, the follower is done. */
  async read(): Promise<void> {
    try {
      const newest = this.#log.newest
      const read = await (this.#options.readAfter?.(this.#position) ?? this.#log.readAfter(this.#position))
      if (this.#ended) return
      if (read.length === 0) {
        // Nothing of ours is left between here and the ring.
        if (!this.#options.matches) this.#skipped += newest - this.#position
        this.#position = newest
      }
      this.#setReady(read)
    } catch (error) {
      // Nobody calls return() on an iterator that threw: `for await` takes it for ended. So it is.
      this.#end()
      throw error
    }
  }

  /** Fills #ready from the ring; false when what comes next is not in it. */
  #takeFromRing(): boolean {
    const behind = this.#log.newest - this.#position
    if (behind <= 0) return false
    if (behind > this.#options.maxBehind) {
      this.#skipped += behind - this.#options.maxBehind
      this.#position = this.#log.newest - this.#options.maxBehind
    }
    const kept = this.#log.kept(this.#position, BATCH)
    if (!kept) return false
    this.#setReady(kept)
    return true
  }

  #setReady(entries: T[]): void {
    this.#ready = entries
    this.#readyIndex = 0
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      const withdraw = this.#log.onChange(() => {
        this.#endWaiting = null
        resolve()
      })
      this.#endWaiting = () => {
        withdraw()
        resolve()
      }
    })
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#setReady([])
    this.#endWaiting?.()
    this.#endWaiting = null
    this.#options.onEnd?.()
  }
}
