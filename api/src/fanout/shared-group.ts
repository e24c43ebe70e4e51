import type { ExecutionResult } from 'graphql'
import { GraphQLError } from 'graphql'
import { GroupMessages, type GroupMessagesOptions } from './group-messages.ts'
import type { MessageSink, SharedMessage } from './shared-message.ts'
import type { SharedFeed, SharedSource } from './shared-source.ts'

interface SharedGroupOptions<P> extends GroupMessagesOptions<P> {
  feed: SharedFeed<P>
  /** Called when the last member has left the group. */
  onEmpty: () => void
}

/**
 * The fan-out to subscriptions that get the same messages: one execution and one serialisation for each update, however
 * many members are live.
 *
 * Invariant: a live member has been given everything through `#delivered`, and may be further. A member that is behind
 * polls its own source, gets the same messages from there, and becomes live when it has caught up.
 */
export class SharedGroup<P> {
  readonly #options: SharedGroupOptions<P>
  readonly #members = new Set<SharedMember<P>>()
  readonly messages: GroupMessages<P>
  #delivered: number
  #isDelivering = false
  #unsubscribe: () => void = () => undefined

  constructor(options: SharedGroupOptions<P>) {
    this.#options = options
    this.messages = new GroupMessages(options)
    this.#delivered = options.feed.version
    this.#listen()
  }

  get feed(): SharedFeed<P> {
    return this.#options.feed
  }

  /** Adds a member. It follows from the source's position on, once a sink is attached. */
  join(source: SharedSource<P>, onLeave: () => void): SharedMember<P> {
    const member: SharedMember<P> = new SharedMember(this, source, () => {
      this.#members.delete(member)
      onLeave()
      if (this.#members.size > 0) return
      this.#unsubscribe()
      this.#options.onEmpty()
    })
    this.#members.add(member)
    return member
  }

  #listen(): void {
    this.#unsubscribe = this.feed.onChange(() => void this.#deliver())
  }

  /** Delivers new updates to every live member. One run at a time; it also delivers what arrives meanwhile. */
  async #deliver(): Promise<void> {
    if (this.#isDelivering) return
    this.#isDelivering = true
    while (this.#members.size > 0 && this.#delivered < this.feed.version) {
      const update = this.feed.after(this.#delivered)
      if (update === undefined) {
        // The update is no longer in memory: each member reads for itself.
        this.#delivered = this.feed.version
        for (const member of this.#members) member.fallBehind()
        break
      }
      const { version, ends } = update
      if ('payload' in update) {
        const made = this.messages.of({ payload: update.payload as P, version }, 0)
        // In order: a later update must not overtake. Most messages are made synchronously, without a promise.
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
 * One subscriber of a group. Its messages go to its sink. As an iterator it yields no messages: it ends when the
 * subscription does, and yields the result that says why, if there is one.
 */
export class SharedMember<P = unknown> implements AsyncIterableIterator<ExecutionResult> {
  readonly #group: SharedGroup<P>
  readonly #source: SharedSource<P>
  readonly #onLeave: () => void
  readonly #joined: number
  #sink: MessageSink | undefined
  #isLive = false
  #isOver = false
  #isUnsubscribed = false
  /** While live: everything through this version was delivered. */
  #position = 0
  #finalResult: ExecutionResult | undefined
  #stopWaiting: () => void = () => undefined
  #resolveEnded: () => void = () => undefined
  readonly #ended = new Promise<void>((resolve) => {
    this.#resolveEnded = resolve
  })

  constructor(group: SharedGroup<P>, source: SharedSource<P>, onLeave: () => void) {
    this.#group = group
    this.#source = source
    this.#joined = group.messages.moment
    this.#onLeave = onLeave
  }

  /** Messages go to this sink from now on. Called once. */
  attach(sink: MessageSink): void {
    this.#sink = sink
    void this.#catchUp()
  }

  /** The id by which a client resumes that has been given nothing yet; absent when the feed cannot be resumed. */
  get id(): string | undefined {
    return this.#source.startId
  }

  /** The client has unsubscribed: messages that are still queued for it need not be sent. */
  get isUnsubscribed(): boolean {
    return this.#isUnsubscribed
  }

  /** Sends the message if this member is live and does not have this version yet; without room for it, falls behind. */
  deliver(message: SharedMessage, version: number): void {
    if (!this.#isLive || this.#position >= version) return
    if (this.#sink?.isReady === true) {
      this.#sink.write(message, true)
      this.#position = version
    } else {
      this.fallBehind()
    }
  }

  /** This version concerns no subscriber. */
  skipTo(version: number): void {
    if (this.#isLive && this.#position < version) this.#position = version
  }

  /** From here on this member polls its source, until it has caught up. */
  fallBehind(): void {
    if (!this.#isLive) return
    this.#isLive = false
    this.#source.resumeAfter(this.#position)
    void this.#catchUp()
  }

  /** Ends the subscription: nothing comes after what this member was given. */
  end(): void {
    this.#leave()
  }

  /** Ends the subscription of a live member. A member that is behind first catches up, and then ends by its source. */
  endIfLive(): void {
    if (this.#isLive) this.#leave()
  }

  async next(): Promise<IteratorResult<ExecutionResult>> {
    await this.#ended
    const result = this.#finalResult
    this.#finalResult = undefined
    return result === undefined ? { done: true, value: undefined } : { done: false, value: result }
  }

  return(): Promise<IteratorResult<ExecutionResult>> {
    this.#isUnsubscribed = true
    this.#leave()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Polls the source until there is nothing more, then goes live. Waits while the sink signals backpressure. */
  async #catchUp(): Promise<void> {
    const sink = this.#sink
    if (sink === undefined) return
    try {
      while (!this.#isOver) {
        if (!sink.isReady) return sink.onReady(() => void this.#catchUp())
        const update = this.#source.poll()
        if (update !== undefined) {
          const made = this.#group.messages.of(update, this.#joined)
          const message = made instanceof Promise ? await made : made
          if (!this.#isOver) sink.write(message)
        } else if (this.#source.isOver) {
          return this.#leave()
        } else if (this.#source.needsFetch) {
          await this.#source.fetch()
        } else if (this.#source.hasGap) {
          // No update is there to report the gap with. The next one will, and it must come from the source.
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
      this.#leave(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** @param failure why the subscription ends before its time, which its client is told */
  #leave(failure = this.#group.feed.failure): void {
    if (this.#isOver) return
    this.#isOver = true
    if (failure !== undefined) {
      this.#finalResult = { errors: [new GraphQLError('The source failed.', { originalError: failure })] }
    }
    this.#isLive = false
    this.#stopWaiting()
    this.#onLeave()
    this.#source.end()
    this.#resolveEnded()
  }
}
