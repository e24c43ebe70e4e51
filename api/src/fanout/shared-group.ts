import type { ExecutionResult } from 'graphql'
import { GraphQLError } from 'graphql'
import type { MessageSink, SharedMessage } from './shared-message.ts'
import type { SharedFeed, SharedSource, Taken } from './shared-source.ts'

/** Executes the operation of a group for one payload. Never throws and never rejects: errors are part of the message. */
export type Render<P> = (payload: P) => SharedMessage | Promise<SharedMessage>

export interface SharedGroupOptions<P> {
  feed: SharedFeed<P>
  render: Render<P>
  /** How many bytes of messages may be kept for those who still need them. */
  maxKeptBytes: () => number
  /** Called when the last member has left. */
  onEmpty: () => void
}

/**
 * Subscriptions that get the same answers: one execution and one serialisation for each update, however many members.
 *
 * Invariant: a member that is live has been given everything through `#delivered`, and may be further. Members that are
 * behind go their own way along their source, with the same messages, and become live when they have caught up.
 */
export class SharedGroup<P> {
  readonly #options: SharedGroupOptions<P>
  readonly #members = new Set<SharedMember<P>>()
  readonly #kept = new Map<number | string, SharedMessage | Promise<SharedMessage>>()
  #keptBytes = 0
  #delivered: number
  #isDelivering = false
  #withdraw: () => void = () => undefined

  constructor(options: SharedGroupOptions<P>) {
    this.#options = options
    this.#delivered = options.feed.version
    this.#listen()
  }

  get feed(): SharedFeed<P> {
    return this.#options.feed
  }

  get size(): number {
    return this.#members.size
  }

  /** A member that follows from the source's position on, once a sink is attached. */
  join(source: SharedSource<P>, onLeave: () => void): SharedMember<P> {
    const member: SharedMember<P> = new SharedMember(this, source, () => {
      this.#members.delete(member)
      onLeave()
      if (this.#members.size > 0) return
      this.#withdraw()
      this.#options.onEmpty()
    })
    this.#members.add(member)
    return member
  }

  /** The message of what a source hands out; made once where it is the same for everybody. */
  messageOf({ payload, version }: Taken<P>): SharedMessage | Promise<SharedMessage> {
    if (version === undefined) return this.#options.render(payload)
    const kept = this.#kept.get(version)
    if (kept !== undefined) return kept
    const made = this.#options.render(payload)
    this.#keep(version, made)
    return made
  }

  #keep(version: number | string, made: SharedMessage | Promise<SharedMessage>): void {
    this.#kept.set(version, made)
    if (made instanceof Promise) {
      void made.then((message) => {
        if (this.#kept.get(version) === made) this.#keep(version, message)
      })
      return
    }
    this.#keptBytes += made.json.length
    for (const [oldest, message] of this.#kept) {
      if (this.#keptBytes <= this.#options.maxKeptBytes() || oldest === version) break
      this.#kept.delete(oldest)
      if (!(message instanceof Promise)) this.#keptBytes -= message.json.length
    }
  }

  #listen(): void {
    this.#withdraw = this.feed.onChange(() => void this.#deliver())
  }

  /** Gives what is new to every live member. One run at a time; what comes meanwhile is part of it. */
  async #deliver(): Promise<void> {
    if (this.#isDelivering) return
    this.#isDelivering = true
    while (this.#members.size > 0 && this.#delivered < this.feed.version) {
      const update = this.feed.after(this.#delivered)
      if (update === undefined) {
        // Gone from memory already: each reads for itself.
        this.#delivered = this.feed.version
        for (const member of this.#members) member.fallBehind()
        break
      }
      const { version, ends } = update
      if ('payload' in update) {
        const made = this.messageOf({ payload: update.payload as P, version })
        // In order: a later update must not overtake. Most are made at once.
        // oxlint-disable-next-line no-await-in-loop
        const message = made instanceof Promise ? await made : made
        for (const member of this.#members) member.deliver(message, version)
      } else {
        for (const member of this.#members) member.skipTo(version)
      }
      this.#delivered = version
      if (ends) for (const member of this.#members) member.end()
    }
    this.#isDelivering = false
    if (this.feed.isClosed) for (const member of this.#members) member.endIfLive()
    else if (this.#members.size > 0) this.#listen()
  }
}

/**
 * One subscriber of a group. Its messages go to the sink it is given; as an iterator it only tells the end: nothing at
 * all, or the error that ended it.
 */
export class SharedMember<P = unknown> implements AsyncIterableIterator<ExecutionResult> {
  readonly #group: SharedGroup<P>
  readonly #source: SharedSource<P>
  readonly #onLeave: () => void
  #sink: MessageSink | undefined
  #isLive = false
  #isOver = false
  #isUnsubscribed = false
  /** While live: everything through this version was given. */
  #position = 0
  #finalResult: ExecutionResult | undefined
  #stopWaiting: () => void = () => undefined
  #tellEnd: () => void = () => undefined
  readonly #ended = new Promise<void>((resolve) => {
    this.#tellEnd = resolve
  })

  constructor(group: SharedGroup<P>, source: SharedSource<P>, onLeave: () => void) {
    this.#group = group
    this.#source = source
    this.#onLeave = onLeave
  }

  /** Messages go here from now on. Called once. */
  attach(sink: MessageSink): void {
    this.#sink = sink
    void this.#catchUp()
  }

  /** Whether whoever subscribed wants no more: what is on its way to them need not be sent. */
  get isUnsubscribed(): boolean {
    return this.#isUnsubscribed
  }

  /** A message for those who are live and do not have this version yet. */
  deliver(message: SharedMessage, version: number): void {
    if (!this.#isLive || this.#position >= version) return
    if (this.#sink?.isReady === true) {
      this.#sink.write(message, true)
      this.#position = version
    } else {
      this.fallBehind()
    }
  }

  /** This version holds nothing for anybody. */
  skipTo(version: number): void {
    if (this.#isLive && this.#position < version) this.#position = version
  }

  fallBehind(): void {
    if (!this.#isLive) return
    this.#isLive = false
    this.#source.resumeAfter(this.#position)
    void this.#catchUp()
  }

  /** Nothing follows what this member was given. */
  end(): void {
    this.#leave()
  }

  endIfLive(): void {
    if (this.#isLive) this.#leave()
  }

  async next(): Promise<IteratorResult<ExecutionResult>> {
    await this.#ended
    const last = this.#finalResult
    this.#finalResult = undefined
    return last === undefined ? { done: true, value: undefined } : { done: false, value: last }
  }

  return(): Promise<IteratorResult<ExecutionResult>> {
    this.#isUnsubscribed = true
    this.#leave()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Goes along the source until there is nothing more, then lets the group take over. */
  async #catchUp(): Promise<void> {
    const sink = this.#sink
    if (sink === undefined) return
    try {
      while (!this.#isOver) {
        if (!sink.isReady) return sink.onReady(() => void this.#catchUp())
        const taken = this.#source.poll()
        if (taken !== undefined) {
          const made = this.#group.messageOf(taken)
          // oxlint-disable-next-line no-await-in-loop
          const message = made instanceof Promise ? await made : made
          if (!this.#isOver) sink.write(message)
        } else if (this.#source.isOver) {
          return this.#leave()
        } else if (this.#source.needsFetch) {
          // oxlint-disable-next-line no-await-in-loop
          await this.#source.read()
        } else if (this.#source.hasGap) {
          // Nothing is there to tell it with: the next update will be, and is taken from the source.
          this.#stopWaiting = this.#group.feed.onChange(() => void this.#catchUp())
          return
        } else {
          this.#position = this.#source.position
          this.#source.goLive()
          this.#isLive = true
          return
        }
      }
    } catch (error) {
      const originalError = error instanceof Error ? error : new Error(String(error))
      this.#finalResult = { errors: [new GraphQLError('The source failed.', { originalError })] }
      this.#leave()
    }
  }

  #leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#isLive = false
    this.#stopWaiting()
    this.#onLeave()
    // None of our sources rejects here.
    void this.#source.return()
    this.#tellEnd()
  }
}
