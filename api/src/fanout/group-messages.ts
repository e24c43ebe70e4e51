import type { SharedMessage } from './shared-message.ts'
import type { SourceUpdate } from './shared-source.ts'

/** A message, or the promise of one that takes longer to make. */
type Made = SharedMessage | Promise<SharedMessage>
type Version = number | string

export interface GroupMessagesOptions<P> {
  /**
   * Executes the operation of the group for one payload. Never throws or rejects: errors are part of the message.
   */
  render: (payload: P) => Made
  /**
   * True when every message says only what belongs to its position, so that it is the same whenever it is made. What
   * any other says of the rest may have changed since.
   */
  isOfPosition: boolean
  /** How many bytes of messages may be kept for the members that are behind. */
  maxKeptBytes: () => number
}

interface Kept {
  made: Made
  /** The moment at which its execution began. */
  began: number
  /** Made after it, for those who asked meanwhile and may not be given this one. */
  next?: Promise<SharedMessage>
}

/**
 * Makes the messages of a group, and keeps them for the members that are behind. Whoever joins later is given a kept
 * message only if it says nothing but what belongs to its position; any other one is made anew. Messages with errors
 * are not kept.
 */
export class GroupMessages<P> {
  readonly #options: GroupMessagesOptions<P>
  readonly #kept = new Map<Version, Kept>()
  #keptBytes = 0
  #moment = 0

  constructor(options: GroupMessagesOptions<P>) {
    this.#options = options
  }

  /** How many executions have begun: it orders them and the members that join. */
  get moment(): number {
    return this.#moment
  }

  /**
   * The message of an update; the same for all when the update has a version.
   * @param joined the moment at which the member joined that it is for; 0 for members that had joined before the update
   */
  of({ payload, version }: SourceUpdate<P>, joined: number): Made {
    if (version === undefined) return this.#options.render(payload)
    const kept = this.#kept.get(version)
    if (kept === undefined) return this.#make(payload, version)
    if (this.#options.isOfPosition || kept.began > joined) return kept.made
    if (!(kept.made instanceof Promise)) return this.#make(payload, version)
    // Many who join at once share the next one, instead of making one each.
    return (kept.next ??= kept.made.then(() => this.#make(payload, version)))
  }

  #make(payload: P, version: Version): Made {
    this.#forget(version)
    this.#moment += 1
    const began = this.#moment
    const made = this.#options.render(payload)
    const kept: Kept = { made, began }
    if (made instanceof Promise) {
      this.#kept.set(version, kept)
      void made.then((message) => {
        if (this.#kept.get(version) === kept) this.#keep(version, kept, message)
      })
    } else {
      this.#keep(version, kept, made)
    }
    return made
  }

  #keep(version: Version, kept: Kept, message: SharedMessage): void {
    if (message.hasErrors) return void this.#kept.delete(version)
    kept.made = message
    this.#kept.set(version, kept)
    this.#keptBytes += message.eventChunk.length
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes <= this.#options.maxKeptBytes() || oldest === version) break
      this.#forget(oldest)
    }
  }

  #forget(version: Version): void {
    const made = this.#kept.get(version)?.made
    if (made === undefined) return
    this.#kept.delete(version)
    if (!(made instanceof Promise)) this.#keptBytes -= made.eventChunk.length
  }
}
