/** What a source hands to one subscriber. */
export interface Taken<P> {
  payload: P
  /** The same for everybody who is handed this payload; absent when it was made for one subscriber alone. */
  version?: number | string
}

/** An update of a feed. Without a payload it concerns nobody who follows; after one that `ends`, nothing comes. */
export interface FeedUpdate<P> {
  version: number
  payload?: P
  ends?: boolean
}

/** What many follow together: updates with growing versions. */
export interface SharedFeed<P> {
  /** What is followed. Feeds of the same document and variables are the same feed when their subjects are. */
  readonly subject: object
  /** Of the newest update; 0 before the first. */
  readonly version: number
  /** Nothing comes after the newest update. */
  readonly isClosed: boolean
  /** The update to send to those who have everything through `version`; undefined when it is not in memory. */
  after(version: number): FeedUpdate<P> | undefined
  /** Calls back once, at the next update or at the end; gives the function that withdraws. */
  onChange(wake: () => void): () => void
}

/**
 * One subscriber's own way along a feed. As an iterator it stands alone; a shared subscription instead takes from it
 * until it has caught up, and comes back to it when the subscriber has fallen behind.
 */
export abstract class SharedSource<P> implements AsyncIterableIterator<P> {
  abstract readonly feed: SharedFeed<P>
  /** This subscriber has everything through this version. */
  abstract readonly position: number
  /** There is more, but `read` must fetch it. */
  abstract readonly needsFetch: boolean
  /** Something was missed that this subscriber has not been told of: what comes next is for them alone. */
  get hasGap(): boolean {
    return false
  }
  /** Nothing comes after what `poll` still gives. */
  abstract readonly isOver: boolean
  /** What comes next, if it is in memory. */
  abstract poll(): Taken<P> | undefined
  /** Fetches what `poll` gives next. Throws what the store throws; then this source is done. */
  abstract read(): Promise<void>
  /** This subscriber was given everything through `version` by other means, and follows by itself from here. */
  abstract resumeAfter(version: number): void
  /** This subscriber is given what comes by other means until `resumeAfter` is called. */
  abstract goLive(): void
  abstract next(): Promise<IteratorResult<P>>
  abstract return(): Promise<IteratorResult<P>>
  [Symbol.asyncIterator](): this {
    return this
  }
}
