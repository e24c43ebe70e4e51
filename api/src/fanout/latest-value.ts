import { type FeedUpdate, type SharedFeed, SharedSource, type SourceUpdate } from './shared-source.ts'
import { Waiters } from './waiters.ts'

/**
 * A value that is replaced, and its watchers: each is given the current value first, then the newest one whenever it is
 * ready. The values that a slow watcher missed are not kept.
 */
export class LatestValue<T> implements SharedFeed<T> {
  readonly subject = this
  #current: T | undefined
  #version = 0
  #isClosed = false
  readonly #waiters = new Waiters()
  #watchers = 0

  get watchers(): number {
    return this.#watchers
  }

  get version(): number {
    return this.#version
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  set(value: T): void {
    this.#current = value
    this.#version += 1
    this.#waiters.wake()
  }

  close(): void {
    this.#isClosed = true
    this.#waiters.wake()
  }

  /** The newest value, unless `version` is its version. */
  after(version: number): FeedUpdate<T> | undefined {
    if (version >= this.#version) return undefined
    return { version: this.#version, payload: this.#current as T }
  }

  onChange(wake: () => void): () => void {
    return this.#waiters.add(wake)
  }

  /** Watching begins here, not with the first `poll` or `next`. `onEnd` is called once. */
  watch(onEnd?: () => void): SharedSource<T> {
    this.#watchers += 1
    return new Watch(this, () => {
      this.#watchers -= 1
      onEnd?.()
    })
  }
}

/** One watcher: the version that it was given last. */
class Watch<T> extends SharedSource<T> {
  readonly feed: LatestValue<T>
  #seen = 0

  constructor(feed: LatestValue<T>, onEnd: () => void) {
    super(onEnd)
    this.feed = feed
  }

  get position(): number {
    return this.#seen
  }

  poll(): SourceUpdate<T> | undefined {
    const update = this.isEnded ? undefined : this.feed.after(this.#seen)
    if (update === undefined) return undefined
    this.#seen = update.version
    return { payload: update.payload as T, version: update.version }
  }

  resumeAfter(version: number): void {
    this.#seen = version
  }
}
