import type { LiveLog, LogEntry } from './live-log.ts'
import { type FeedUpdate, type SharedFeed, SharedSource, type SourceUpdate } from './shared-source.ts'

/** An entry of a log, as one subscriber is given it. */
export interface LogUpdate<T> {
  entry: T
  /** Entries missed right before this one: removed by retention, or jumped over. Normally 0. */
  skipped: number
}

export interface LogSourceOptions<T, P> {
  /** The subscriber begins right after this sequence. */
  after: number
  /** A subscriber further behind than this jumps forward; its next update says how many entries it skipped. */
  maxBehind: number
  /** What the subscriber is given for an entry. */
  payloadOf: (update: LogUpdate<T>) => P
  /** Which entries are for this subscriber; the others do not count as skipped. For logs that keep everything. */
  matches?: (entry: T) => boolean
  /** Reads for this subscriber alone, when it has fallen out of the ring. Default: the log's own read. */
  readAfter?: (sequence: number) => Promise<T[]>
  /** The id by which a subscriber resumes right after an entry that it was given. */
  idOf?: (payload: P) => string
  /** The id by which it resumes when it was given none. */
  startId?: string
  /** Called once, when the source ends. */
  onEnd?: () => void
}

/** Entries taken from the ring at once. */
const BATCH = 64

/**
 * One subscriber of a log: a position, and no queue. It is polled: from the ring, or from the store once it has fallen
 * out of the ring. While its subscriber is live, it costs nothing. Versions are sequences.
 */
export class LogSource<T extends LogEntry, P> extends SharedSource<P> {
  readonly feed: SharedFeed<P>
  readonly #log: LiveLog<T>
  readonly #options: LogSourceOptions<T, P>
  #position: number
  /** Read ahead and not given yet: at most one batch or one read. */
  #ready: T[] = []
  #readyIndex = 0
  #skipped = 0

  constructor(log: LiveLog<T>, options: LogSourceOptions<T, P>) {
    super(options.onEnd)
    this.#log = log
    this.#options = options
    this.#position = options.after
    this.feed = feedOf(log, options)
  }

  /** Every entry through this sequence was given, or is not for this subscriber. */
  get position(): number {
    return this.#position
  }

  override get startId(): string | undefined {
    return this.#options.startId
  }

  override get needsFetch(): boolean {
    return this.#position < this.#log.newest
  }

  override get hasGap(): boolean {
    return this.#skipped > 0
  }

  poll(): SourceUpdate<P> | undefined {
    const { matches, payloadOf } = this.#options
    while (!this.isEnded) {
      const entry = this.#ready[this.#readyIndex]
      if (entry === undefined) {
        if (!this.#takeFromRing()) return undefined
        continue
      }
      this.#readyIndex += 1
      const missed = entry.sequence - this.#position - 1
      this.#position = entry.sequence
      if (matches !== undefined) {
        if (!matches(entry)) continue
      } else {
        this.#skipped += missed
      }
      const skipped = this.#skipped
      this.#skipped = 0
      const payload = payloadOf({ entry, skipped })
      return skipped > 0 ? { payload } : { payload, version: entry.sequence }
    }
    return undefined
  }

  override async fetch(): Promise<void> {
    const { readAfter, matches } = this.#options
    const newest = this.#log.newest
    const entries = await (readAfter?.(this.#position) ?? this.#log.readAfter(this.#position))
    if (entries.length === 0) {
      // Nothing for this subscriber is left between its position and the ring.
      if (matches === undefined) this.#skipped += newest - this.#position
      this.#position = newest
    }
    this.#setReady(entries)
  }

  /** `poll` has given everything that was read ahead; that must not stay in memory while the subscriber is live. */
  override goLive(): void {
    this.#setReady([])
  }

  resumeAfter(sequence: number): void {
    this.#position = sequence
  }

  /** Fills #ready from the ring; false when what comes next is not in the ring. */
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
}

function feedOf<T extends LogEntry, P>(
  log: LiveLog<T>,
  { payloadOf, matches, idOf }: LogSourceOptions<T, P>,
): SharedFeed<P> {
  return {
    subject: log,
    get version() {
      return log.newest
    },
    get isClosed() {
      return log.isClosed
    },
    get failure() {
      return log.failure
    },
    after(version): FeedUpdate<P> | undefined {
      const entry = log.entry(version + 1)
      if (entry === undefined) return undefined
      if (matches !== undefined && !matches(entry)) return { version: entry.sequence }
      return { version: entry.sequence, payload: payloadOf({ entry, skipped: 0 }) }
    },
    onChange: (wake) => log.onChange(wake),
    idOf,
  }
}
