import type { LiveLog, LogEntry } from './live-log.ts'
import { type Followed, type FollowOptions, LogFollower } from './log-follower.ts'
import { type FeedUpdate, type SharedFeed, SharedSource, type Taken } from './shared-source.ts'

export interface LogSourceOptions<T, P> extends FollowOptions<T> {
  /** What a subscriber is given for an entry. */
  payloadOf: (followed: Followed<T>) => P
}

/** One subscriber's way along a log. Versions are sequences. */
export class LogSource<T extends LogEntry, P> extends SharedSource<P> {
  readonly feed: SharedFeed<P>
  readonly #follower: LogFollower<T>
  readonly #payloadOf: (followed: Followed<T>) => P

  constructor(log: LiveLog<T>, { payloadOf, ...options }: LogSourceOptions<T, P>) {
    super()
    this.#payloadOf = payloadOf
    this.#follower = new LogFollower(log, options)
    this.feed = feedOf(log, payloadOf, options.matches)
  }

  get position(): number {
    return this.#follower.position
  }

  get needsFetch(): boolean {
    return this.#follower.needsFetch
  }

  override get hasGap(): boolean {
    return this.#follower.hasGap
  }

  get isOver(): boolean {
    return this.#follower.isOver
  }

  poll(): Taken<P> | undefined {
    const followed = this.#follower.poll()
    if (followed === undefined) return undefined
    const payload = this.#payloadOf(followed)
    return followed.skipped > 0 ? { payload } : { payload, version: followed.entry.sequence }
  }

  read(): Promise<void> {
    return this.#follower.read()
  }

  resumeAfter(version: number): void {
    this.#follower.resumeAfter(version)
  }

  // A position costs nothing while it stands.
  goLive(): void {}

  async next(): Promise<IteratorResult<P>> {
    const result = await this.#follower.next()
    return result.done ? { done: true, value: undefined } : { done: false, value: this.#payloadOf(result.value) }
  }

  async return(): Promise<IteratorResult<P>> {
    await this.#follower.return()
    return { done: true, value: undefined }
  }
}

function feedOf<T extends LogEntry, P>(
  log: LiveLog<T>,
  payloadOf: (followed: Followed<T>) => P,
  matches: ((entry: T) => boolean) | undefined,
): SharedFeed<P> {
  return {
    subject: log,
    get version() {
      return log.newest
    },
    get isClosed() {
      return log.closed
    },
    after(version): FeedUpdate<P> | undefined {
      const entry = log.entry(version + 1)
      if (entry === undefined) return undefined
      if (matches !== undefined && !matches(entry)) return { version: entry.sequence }
      return { version: entry.sequence, payload: payloadOf({ entry, skipped: 0 }) }
    },
    onChange: (wake) => log.onChange(wake),
  }
}
