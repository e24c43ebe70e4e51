import { MessageType } from 'graphql-ws'
import { SOCKET_MESSAGES } from '../base/limits.ts'
import { TokenBucket } from '../base/token-bucket.ts'

/** graphql-ws fails on them as on a bug; to the protocol they are bad requests. */
const TYPES_OF_SERVERS = new Set<unknown>([MessageType.ConnectionAck, MessageType.Next, MessageType.Error])

/** A client sent a message of a type that only a server sends. */
export class UnexpectedMessageError extends Error {
  override name = 'UnexpectedMessageError'
}

interface Run {
  isStarted: boolean
  /** Its client has completed it. */
  isCompleted: boolean
  done: Promise<void>
}

/**
 * What comes over one socket, on its way to the protocol. An id may be used again as soon as its client has completed it;
 * graphql-ws would take the older operation, while that lets go, for the newer: the newer waits here until it has.
 */
export class SocketInbox {
  readonly #handle: (text: string) => Promise<void>
  readonly #onOver: (id: string) => void
  readonly #messages = new TokenBucket(SOCKET_MESSAGES, () => performance.now())
  /** The newest operation of each id, while it runs. */
  readonly #runs = new Map<string, Run>()

  /** @param onOver hears of an operation that has let go of all it held. */
  constructor(handle: (text: string) => Promise<void>, onOver: (id: string) => void) {
    this.#handle = handle
    this.#onOver = onOver
  }

  /** False when more came than one socket may send. Pings count as well. */
  mayReceive(): boolean {
    return this.#messages.take(1)
  }

  async receive(text: string): Promise<void> {
    const { type, id } = headOf(text)
    if (TYPES_OF_SERVERS.has(type)) throw new UnexpectedMessageError()
    if (id === undefined || (type !== 'subscribe' && type !== 'complete')) return await this.#handle(text)
    const before = this.#runs.get(id)
    if (type === 'complete') {
      if (before !== undefined) before.isCompleted = true
      // What waits for its id is known to nobody but us.
      if (before?.isStarted === false) return undefined
      return await this.#handle(text)
    }
    // An id that is in use is the protocol's to complain of.
    if (before?.isCompleted === false) return await this.#handle(text)
    await this.#run(id, text, before?.done)
  }

  async #run(id: string, text: string, before: Promise<void> | undefined): Promise<void> {
    const run: Run = { isStarted: false, isCompleted: false, done: Promise.resolve() }
    const execution = this.#start(run, text, before)
    run.done = execution.catch(() => undefined)
    this.#runs.set(id, run)
    try {
      await execution
    } finally {
      if (this.#runs.get(id) === run) {
        this.#runs.delete(id)
        this.#onOver(id)
      }
    }
  }

  async #start(run: Run, text: string, before: Promise<void> | undefined): Promise<void> {
    if (before !== undefined) {
      await before
      if (run.isCompleted) return
    }
    run.isStarted = true
    await this.#handle(text)
  }
}

/** Wrong messages are the protocol's to refuse. */
function headOf(text: string): { type?: unknown; id?: string } {
  try {
    const message = JSON.parse(text) as { type?: unknown; id?: unknown } | null
    return { type: message?.type, ...(typeof message?.id === 'string' && { id: message.id }) }
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
