import type { SharedMessage } from './shared-message.ts'
import type { SourceUpdate } from './shared-source.ts'

/** A message, or the promise of one that takes longer to make. */
export type Made = SharedMessage | Promise<SharedMessage>
type Version = number | string

export interface GroupMessagesOptions<P> {
  /**
   * Executes the operation of the group for one payload. Never throws or rejects: errors are part of the message.
   */
  render: (payload: P) => Made
  /**
   * True when every message says only what belongs to its position. Any other is made anew for whoever did not get it
   * at its moment: what it says of the rest may have changed.
   */
  keeps: boolean
  /** How many bytes of messages may be kept for the members that are behind. */
  maxKeptBytes: () => number
}

/** Makes the messages of a group, and keeps those that may be kept. Messages with errors never are. */
export class GroupMessages<P> {
  readonly #options: GroupMessagesOptions<P>
  readonly #kept = new Map<Version, Made>()
  #keptBytes = 0
  /** By version: the message that is being made anew, and the one after it, for those who asked meanwhile. */
  readonly #renewed = new Map<Version, { made: Promise<SharedMessage>; next?: Promise<SharedMessage> }>()

  constructor(options: GroupMessagesOptions<P>) {
    this.#options = options
  }

  /** The message of an update that is happening now, for all who are live. */
  live(payload: P, version: Version): Made {
    return this.#options.keeps ? this.#keptOrMade(payload, version) : this.#options.render(payload)
  }

  /** The message of an update for one subscriber; the same for all when the update has a version. */
  of({ payload, version }: SourceUpdate<P>): Made {
    if (version === undefined) return this.#options.render(payload)
    return this.#options.keeps ? this.#keptOrMade(payload, version) : this.#anew(payload, version)
  }

  #keptOrMade(payload: P, version: Version): Made {
    const kept = this.#kept.get(version)
    if (kept !== undefined) return kept
    const made = this.#options.render(payload)
    if (made instanceof Promise) {
      this.#kept.set(version, made)
      void made.then((message) => {
        if (this.#kept.get(version) === made) this.#keep(version, message)
      })
    } else {
      this.#keep(version, made)
    }
    return made
  }

  #keep(version: Version, message: SharedMessage): void {
    if (message.hasErrors) return void this.#kept.delete(version)
    this.#kept.set(version, message)
    this.#keptBytes += message.eventChunk.length
    for (const [oldest, made] of this.#kept) {
      if (this.#keptBytes <= this.#options.maxKeptBytes() || oldest === version) break
      this.#kept.delete(oldest)
      if (!(made instanceof Promise)) this.#keptBytes -= made.eventChunk.length
    }
  }

  /** Never older than the call: whoever asks while a message is being made shares the next one with the others. */
  #anew(payload: P, version: Version): Made {
    const renewed = this.#renewed.get(version)
    if (renewed === undefined) return this.#renew(payload, version)
    return (renewed.next ??= renewed.made.then(() => this.#renew(payload, version)))
  }

  #renew(payload: P, version: Version): Made {
    this.#renewed.delete(version)
    const made = this.#options.render(payload)
    if (!(made instanceof Promise)) return made
    const renewed: { made: Promise<SharedMessage>; next?: Promise<SharedMessage> } = { made }
    this.#renewed.set(version, renewed)
    void made.then(() => {
      if (renewed.next === undefined) this.#renewed.delete(version)
    })
    return made
  }
}
