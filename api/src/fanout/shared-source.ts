/** What a source gives to its one subscriber. */
export interface SourceUpdate<P> {
  payload: P
  /** The same for every subscriber that is given this payload; absent when the payload was made for one subscriber. */
  version?: number | string
}

/** An update of a feed. Without a payload it concerns no subscriber; after an update that `ends` there is no other. */
export interface FeedUpdate<P> {
  version: number
  payload?: P
  ends?: boolean
}

/** What many subscribers follow together: updates with growing versions. */
export interface SharedFeed<P> {
  /** What is followed. Two feeds of the same document and variables are the same feed when their subjects are. */
  readonly subject: object
  /** Version of the newest update; 0 before the first. */
  readonly version: number
  /** No update comes after the newest one. */
  readonly isClosed: boolean
  /** The update for subscribers that have everything through `version`; undefined when it is not in memory. */
  after(version: number): FeedUpdate<P> | undefined
  /** Calls back once, at the next update or when the feed is closed. Returns the function that unsubscribes. */
  onChange(wake: () => void): () => void
  /** Why the feed was closed before its time; its subscribers end with this error. */
  readonly failure?: Error | undefined
  /** The id by which a subscriber resumes right after an update; absent when the feed cannot be resumed. */
  readonly idOf?: ((payload: P) => string) | undefined
}

const IDLE: Promise<unknown> = Promise.resolve()

/**
 * One subscriber's own way along a feed. A shared subscription polls it until it has caught up, and comes back to it
 * when the subscriber has fallen behind. Without a subscription around it, it can be iterated.
 */
export abstract class SharedSource<P> implements AsyncIterableIterator<P> {
  abstract readonly feed: SharedFeed<P>
  /** This subscriber has been given everything through this version. */
  abstract readonly position: number
  readonly #onEnd: (() => void) | undefined
  #isEnded = false
  #stopWaiting: (() => void) | undefined
  /** Settles when the last call of `next` does. */
  #turn = IDLE

  /** @param onEnd is called once, when this source ends */
  constructor(onEnd?: () => void) {
    this.#onEnd = onEnd
  }

  protected get isEnded(): boolean {
    return this.#isEnded
  }

  /** The id by which a subscriber resumes that has been given nothing yet; absent when the feed cannot be resumed. */
  get startId(): string | undefined {
    return undefined
  }

  /** What comes next, if it is in memory. Nothing once this source has ended. */
  abstract poll(): SourceUpdate<P> | undefined
  /** There is more than `poll` gives: `fetch` must read it from the store first. */
  get needsFetch(): boolean {
    return false
  }
  /**
   * Reads what `poll` gives next from the store. Rejects with what the store throws; the caller then ends this source.
   */
  async fetch(): Promise<void> {}
  /** The subscriber missed updates and does not know it yet: the next update is made for this subscriber alone. */
  get hasGap(): boolean {
    return false
  }
  /** Nothing comes after what `poll` still gives. */
  get isOver(): boolean {
    return this.#isEnded || (this.feed.isClosed && this.position >= this.feed.version)
  }
  /** The group delivers to this subscriber from here on, until it calls `resumeAfter`. */
  goLive(): void {}
  /** The group has delivered everything through `version`; from here on this subscriber polls again. */
  abstract resumeAfter(version: number): void

  /** Ends this source at once: `poll` gives nothing more, and a call of `next` that waits for a change is answered. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#stopWaiting?.()
    this.#onEnd?.()
  }

  /**
   * Waits for the next payload. Calls that overlap are answered in their order. When the store cannot be read, `next`
   * rejects and this source ends: `for await` considers an iterator that threw ended, and never calls its `return`.
   */
  next(): Promise<IteratorResult<P>> {
    const turn = this.#turn.then(() => this.#pull())
    // A failure is reported to its own caller, once.
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  // Written by hand, because `return` must end a waiting `next` at once: an async generator would queue it behind.
  return(): Promise<IteratorResult<P>> {
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  throw(error: unknown): Promise<IteratorResult<P>> {
    this.end()
    return Promise.reject(error instanceof Error ? error : new Error(String(error)))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async #pull(): Promise<IteratorResult<P>> {
    try {
      for (;;) {
        const update = this.poll()
        if (update !== undefined) return { done: false, value: update.payload }
        if (this.isOver) break
        await (this.needsFetch ? this.fetch() : this.#change())
      }
      if (this.feed.failure !== undefined) throw this.feed.failure
      this.end()
      return { done: true, value: undefined }
    } catch (error) {
      this.end()
      throw error
    }
  }

  /** Resolves at the next change of the feed, or when this source ends. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      const unsubscribe = this.feed.onChange(resolve)
      this.#stopWaiting = () => {
        unsubscribe()
        resolve()
      }
    })
  }
}
