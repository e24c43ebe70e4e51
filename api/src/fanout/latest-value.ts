import { type FeedUpdate, type SharedFeed, SharedSource, type Taken } from './shared-source.ts'
import { Waiters } from './waiters.ts'

/**
 * A value that is replaced, and those who watch it: each gets the current one first, then the newest whenever it asks;
 * what it was too slow for is not kept.
 */
export class LatestValue<T> implements SharedFeed<T> {
  readonly subject = this
  #current: T | undefined
  #version = 0
  #closed = false
  readonly #waiters = new Waiters()
  #watchers = 0

  get watchers(): number {
    return this.#watchers
  }

  get version(): number {
    return this.#version
  }

  get isClosed(): boolean {
    return this.#closed
  }

  set(value: T): void {
    this.#current = value
    this.#version += 1
    this.#waiters.wake()
  }

  close(): void {
    this.#closed = true
    this.#waiters.wake()
  }

  /** The newest value, unless it is this version's. */
  after(version: number): FeedUpdate<T> | undefined {
    if (version >= this.#version) return undefined
    return { version: this.#version, payload: this.#current as T }
  }

  onChange(wake: () => void): () => void {
    return this.#waiters.add(wake)
  }

  /** Watching begins here, not with the first `next()`. `onEnd` is called once. */
  watch(onEnd?: () => void): SharedSource<T> {
    this.#watchers += 1
    return new Watch(this, () => {
      this.#watchers -= 1
      onEnd?.()
    })
  }
}

/** One watcher: the version it has been given. */
class Watch<T> extends SharedSource<T> {
  readonly feed: LatestValue<T>
  readonly needsFetch = false
  readonly #onEnd: () => void
  #seen = 0
  #isEnded = false
  readonly #waiting = new Set<() => void>()

  constructor(feed: LatestValue<T>, onEnd: () => void) {
    super()
    this.feed = feed
    this.#onEnd = onEnd
  }

  get position(): number {
    return this.#seen
  }

  get isOver(): boolean {
    return this.#isEnded || (this.feed.isClosed && this.#seen >= this.feed.version)
  }

  poll(): Taken<T> | undefined {
    const update = this.#isEnded ? undefined : this.feed.after(this.#seen)
    if (update === undefined) return undefined
    this.#seen = update.version
    return { payload: update.payload as T, version: update.version }
  }

  read(): Promise<void> {
    return Promise.resolve()
  }

  resumeAfter(version: number): void {
    this.#seen = version
  }

  goLive(): void {}

  async next(): Promise<IteratorResult<T>> {
    for (;;) {
      const taken = this.poll()
      if (taken !== undefined) return { done: false, value: taken.payload }
      if (this.isOver) {
        this.#end()
        return { done: true, value: undefined }
      }
      // oxlint-disable-next-line no-await-in-loop
      await this.#news()
    }
  }

  return(): Promise<IteratorResult<T>> {
    this.#end()
    return Promise.resolve({ done: true, value: undefined })
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      const withdraw = this.feed.onChange(end)
      const waiting = this.#waiting
      function end(): void {
        withdraw()
        waiting.delete(end)
        resolve()
      }
      waiting.add(end)
    })
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    for (const end of this.#waiting) end()
    this.#onEnd()
  }
}
