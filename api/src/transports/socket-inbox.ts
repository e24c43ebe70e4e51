import { MessageType } from 'graphql-ws'
import { SOCKET_MESSAGES } from '../base/limits.ts'
import { TokenBucket } from '../base/token-bucket.ts'
import { isObject, withEmptyObjects } from './operation-request.ts'

/**
 * Message types that only a server sends. graphql-ws throws for them as for a bug; by the protocol they are bad
 * requests.
 */
const TYPES_OF_SERVERS = new Set<unknown>([MessageType.ConnectionAck, MessageType.Next, MessageType.Error])

/** A client sent a message of a type that only a server sends. */
export class UnexpectedMessageError extends Error {
  override name = 'UnexpectedMessageError'
}

/** One operation of a socket. */
interface Run {
  isStarted: boolean
  /** The client has completed it. */
  isCompleted: boolean
  done: Promise<void>
}

/**
 * The messages of one socket, on their way to graphql-ws. A client may reuse an id as soon as it has completed the
 * operation; while the older operation is still ending, graphql-ws would mistake it for the newer one. So the newer one
 * waits here until the older one has ended.
 */
export class SocketInbox {
  readonly #handle: (text: string) => Promise<void>
  readonly #onOver: (id: string) => void
  readonly #messages = new TokenBucket(SOCKET_MESSAGES, () => performance.now())
  /** The newest operation of each id, while it runs. */
  readonly #runs = new Map<string, Run>()

  /** @param onOver is called with the id of an operation that the client has completed, or that has ended */
  constructor(handle: (text: string) => Promise<void>, onOver: (id: string) => void) {
    this.#handle = handle
    this.#onOver = onOver
  }

  /** False when more has arrived than one socket may send. Pings count as well. */
  mayReceive(): boolean {
    return this.#messages.take(1)
  }

  async receive(received: string): Promise<void> {
    const { type, id, text } = readMessage(received)
    if (TYPES_OF_SERVERS.has(type)) throw new UnexpectedMessageError()
    if (id === undefined || (type !== 'subscribe' && type !== 'complete')) return await this.#handle(text)
    const before = this.#runs.get(id)
    if (type === 'complete') {
      if (before !== undefined) before.isCompleted = true
      // At once: a page that shows others instead completes all its subscriptions and begins as many.
      this.#onOver(id)
      // An operation that waits for its id is not known to graphql-ws.
      if (before?.isStarted === false) return undefined
      return await this.#handle(text)
    }
    // An id that is in use is for graphql-ws to refuse.
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

/** The type and id of a message, and its text for graphql-ws, which refuses invalid messages. */
function readMessage(text: string): { type?: unknown; id?: string; text: string } {
  try {
    const message: unknown = JSON.parse(text)
    if (!isObject(message)) return { text }
    const { type, id, payload } = message
    const head = { type, ...(typeof id === 'string' && { id }) }
    if (type !== MessageType.Subscribe || !isObject(payload)) return { ...head, text }
    const mended = withEmptyObjects(payload)
    return { ...head, text: mended === payload ? text : JSON.stringify({ ...message, payload: mended }) }
  } catch (error) {
    if (error instanceof SyntaxError) return { text }
    throw error
  }
}
