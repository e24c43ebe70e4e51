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
      if (this.#ended) return { done: true, value: undefined }
      while (this.#readyIndex < this.#ready.length) {
        const entry = this.#ready[this.#readyIndex] as T
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
        return { done: false, value: { entry, skipped } }
      }
      try {
        // Each round depends on what the last one found.
        // oxlint-disable-next-line no-await-in-loop
        if (!(await this.#readMore())) this.#end()
      } catch (error) {
        // Nobody calls return() on an iterator that threw: `for await` takes it for ended. So it is.
        this.#end()
        throw error
      }
    }
  }

  /** Fills #ready or waits for news; false at the log's end. */
  async #readMore(): Promise<boolean> {
    this.#ready = []
    this.#readyIndex = 0
    if (this.#position >= this.#log.newest) {
      if (this.#log.closed) return false
      await this.#news()
      return true
    }
    const behind = this.#log.newest - this.#position
    if (behind > this.#options.maxBehind) {
      this.#skipped += behind - this.#options.maxBehind
      this.#position = this.#log.newest - this.#options.maxBehind
    }
    const kept = this.#log.kept(this.#position, BATCH)
    if (kept) {
      this.#ready = kept
      return true
    }
    const newest = this.#log.newest
    const read = await (this.#options.readAfter?.(this.#position) ?? this.#log.readAfter(this.#position))
    if (read.length === 0) {
      // Nothing of ours is left between here and the ring.
      if (!this.#options.matches) this.#skipped += newest - this.#position
      this.#position = newest
    }
    this.#ready = read
    return true
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
    this.#ready = []
    this.#endWaiting?.()
    this.#endWaiting = null
    this.#options.onEnd?.()
  }
}
