import { MessageType, type SubscribeMessage, type SubscribePayload, validateMessage } from 'graphql-ws'
import { MAX_OPERATION_ID_LENGTH, SOCKET_MESSAGES } from '../base/limits.ts'
import { TokenBucket } from '../base/token-bucket.ts'
import { isObject, withEmptyObjects } from './operation-request.ts'

/**
 * Message types that only a server sends. graphql-ws throws for them as for a bug; by the protocol they are bad
 * requests.
 */
const TYPES_OF_SERVERS = new Set<unknown>([MessageType.ConnectionAck, MessageType.Next, MessageType.Error])

/** A client sent a message that closes its socket as a bad request. The message of the error is the reason. */
export class BadMessageError extends Error {
  override name = 'BadMessageError'
}

/** What graphql-ws is given in place of a payload that it would keep for as long as the operation runs. */
const NO_PAYLOAD: SubscribePayload = { query: '' }

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
  /** What operations that have not begun ask for. */
  readonly #payloads = new Map<string, SubscribePayload & { bytes: number }>()

  /** @param onOver is called with the id of an operation that the client has completed, or that has ended */
  constructor(handle: (text: string) => Promise<void>, onOver: (id: string) => void) {
    this.#handle = handle
    this.#onOver = onOver
  }

  /** False when more has arrived than one socket may send. Pings count as well. */
  mayReceive(): boolean {
    return this.#messages.take(1)
  }

  /** Gives the payload of an operation that begins, once, with the length of its message. */
  takePayload(id: string): SubscribePayload & { bytes: number } {
    const payload = this.#payloads.get(id)
    if (payload === undefined) throw new Error('An operation began that no message asked for.')
    this.#payloads.delete(id)
    return payload
  }

  /**
   * Resolves when the message is handled: when its operation is over, if it began one.
   *
   * Not async, nor does it pass on what was received: a function that waits keeps its arguments, and a subscription may
   * run for days.
   */
  receive(received: string): Promise<void> {
    return this.#dispatch(this.#read(received))
  }

  async #dispatch({ type, id, text }: Message): Promise<void> {
    if (TYPES_OF_SERVERS.has(type)) throw new BadMessageError('Invalid message received')
    if (id === undefined || (type !== 'subscribe' && type !== 'complete')) return await this.#handle(text)
    if (id.length > MAX_OPERATION_ID_LENGTH) {
      throw new BadMessageError(`The id of an operation may have at most ${MAX_OPERATION_ID_LENGTH} characters`)
    }
    const before = this.#runs.get(id)
    if (type === 'complete') {
      if (before !== undefined) before.isCompleted = true
      // At once: a page that shows others instead completes all its subscriptions and begins as many.
      this.#onOver(id)
      this.#payloads.delete(id)
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

  /** The payload of a `subscribe` stays here. graphql-ws refuses invalid messages, so those it is given whole. */
  #read(received: string): Message {
    const message = parsed(received)
    if (!isObject(message)) return { text: received }
    const { type, id } = message
    const head = { type, ...(typeof id === 'string' && { id }) }
    if (type !== MessageType.Subscribe || !isObject(message['payload'])) return { ...head, text: received }
    const payload = withEmptyObjects(message['payload'])
    const subscribe = valid({ ...message, payload })
    if (subscribe === undefined) return { ...head, text: received }
    this.#payloads.set(subscribe.id, { ...subscribe.payload, bytes: received.length })
    return { ...head, text: JSON.stringify({ id: subscribe.id, type, payload: NO_PAYLOAD }) }
  }
}

/** The type and id of a message, and its text for graphql-ws. */
interface Message {
  type?: unknown
  id?: string
  text: string
}

/** Undefined when the text is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Undefined when the `subscribe` message is invalid, for which graphql-ws has no type of error. */
function valid(message: object): SubscribeMessage | undefined {
  try {
    const checked = validateMessage(message)
    return checked.type === MessageType.Subscribe ? checked : undefined
  } catch {
    return undefined
  }
}
