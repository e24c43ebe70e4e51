import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { stringifyDocument } from '@urql/core'
import type { FormattedExecutionResult } from 'graphql'
import { backoffMs, waitOrWake } from './backoff.ts'
import type { Connection } from './connection.ts'

/**
 * What a transport's client takes. They read `variables` again at every (re)subscription: that is how a log resumes.
 */
export interface StreamRequest {
  query: string
  operationName?: string
  readonly variables?: Record<string, unknown>
}

export type StreamResult<Data = Record<string, unknown>> = Pick<FormattedExecutionResult<Data>, 'data' | 'errors'>

interface StreamSink<Data> {
  next(result: StreamResult<Data>): void
  /**
   * The server no longer accepts the cursor, because its database is another one: what was shown before does not join
   * what comes next.
   */
  restarted?(): void
  complete?(): void
}

/** What a transport tells of one stream. */
export interface ClientSink {
  next(result: StreamResult): void
  /** Whether the server has confirmed the stream, and the connection still answers. */
  delivering(isDelivering: boolean): void
  error(error: unknown): void
  complete(): void
}

/** A transport of all streams. It reconnects by itself after a cut, or reports an error. */
export interface StreamClient {
  readonly via: Connection['via']
  /** What the page is while every stream delivers. */
  readonly name: 'live' | 'asking'
  /** The returned function ends the stream. */
  subscribe(request: StreamRequest, sink: ClientSink): () => void
  /** Opens every connection anew: the network has changed, so the old ones may be dead without having been closed. */
  restart(): void
}

/** `hidden`: nobody is looking at the tab. `signed-out`: the server no longer knows who this is. */
type PauseReason = 'hidden' | 'signed-out'

interface StreamsOptions {
  client: StreamClient
  /** Called when the server no longer knows who this is. From then on, no stream is opened. */
  onUnauthenticated: () => void
  /**
   * Called with true when every stream of the page delivers, and with false when one of them does not: it has failed,
   * waits to be opened again, or has been pending for too long. May repeat itself.
   */
  onDelivery?: (isDelivering: boolean) => void
  /**
   * How to wait before a retry. The default waits less than `ms` when there is reason to believe that a retry succeeds.
   */
  wait?: (ms: number) => Promise<void>
}

interface Subscriber {
  request: StreamRequest
  /** Where a log resumes. */
  cursor: string | undefined
  isResumable: boolean
  sink: StreamSink<unknown>
  /** Set while its stream is open. */
  close: (() => void) | undefined
  state: 'opening' | 'delivering' | 'failed'
  /** Failures in a row: the more, the longer the backoff. */
  failures: number
}

/** A stream may be pending for this long, as it is whenever the page changes, before the page counts as cut off. */
const PENDING_MS = 2_000

/**
 * Holds every subscription of the page and keeps it alive. What a transport gives up on (an internal error of the
 * server, a cursor it does not accept, a cut that it does not mend by itself) is retried here.
 *
 *     subscribe              failed, or completed by the server
 *         │               ┌───────────────────────────────────────┐
 *         │ ┌─────────────┴─┐                                   ┌─▼───────────────┐
 *         ├─►     open      ◄───────── the backoff is over ─────┤     waiting     │
 *         │ └─┬───▲───┬─────┘                                   └────────┬────────┘
 *         │   │   │   │ refused for good (FORBIDDEN, NOT_FOUND …)        │
 *         │   │   │   └───────────► complete                             │
 *         │   │   │ the last reason to pause is gone                     │
 *         │ ┌─▼───┴─────────┐                                            │
 *         └─►    paused     ◄──── there is a reason to pause ────────────┘
 *           └───────────────┘
 *
 * A reason to pause applies to all streams. Whenever a log is opened again, for whatever reason, it resumes from its
 * cursor, so nothing is missed; a stream of state starts with its current value. After unsubscribing, in any state, the
 * sink receives nothing more.
 */
export class Streams {
  readonly #onUnauthenticated: () => void
  readonly #onDelivery: (isDelivering: boolean) => void
  readonly #wait: (ms: number) => Promise<void>
  readonly #subscribers = new Set<Subscriber>()
  readonly #pausedBy = new Set<PauseReason>()
  #client: StreamClient
  #pending: ReturnType<typeof setTimeout> | undefined

  constructor({ client, onUnauthenticated, onDelivery = () => {}, wait = waitOrWake }: StreamsOptions) {
    this.#client = client
    this.#onUnauthenticated = onUnauthenticated
    this.#onDelivery = onDelivery
    this.#wait = wait
  }

  /**
   * Delivers the results of a subscription until the returned function is called, or until the server refuses it for
   * good; then the sink completes.
   */
  subscribe<Data>(query: string, variables: Record<string, unknown>, sink: StreamSink<Data>): () => void {
    const subscriber: Subscriber = {
      request: {
        query,
        get variables() {
          return 'after' in variables || subscriber.cursor !== undefined
            ? { ...variables, after: subscriber.cursor }
            : variables
        },
      },
      cursor: typeof variables['after'] === 'string' ? variables['after'] : undefined,
      isResumable: query.includes('$after'),
      sink,
      close: undefined,
      state: 'opening',
      failures: 0,
    }
    this.#subscribers.add(subscriber)
    this.#open(subscriber)
    return () => {
      this.#subscribers.delete(subscriber)
      close(subscriber)
      this.#review()
    }
  }

  /** The same for a typed document. */
  follow<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    sink: StreamSink<Data>,
  ): () => void {
    return this.subscribe(stringifyDocument(document), variables, sink)
  }

  /** Moves every stream to another transport. */
  switchTo(client: StreamClient): void {
    this.#client = client
    for (const subscriber of this.#subscribers) {
      close(subscriber)
      this.#open(subscriber)
    }
  }

  /** Closes every stream until this reason, and every other one, is gone: a paused stream costs the server nothing. */
  pause(reason: PauseReason): void {
    this.#pausedBy.add(reason)
    for (const subscriber of this.#subscribers) close(subscriber)
    this.#review()
  }

  /** Takes a reason back. */
  resume(reason: PauseReason): void {
    if (this.#pausedBy.delete(reason)) for (const subscriber of this.#subscribers) this.#open(subscriber)
  }

  /** Does nothing while there is a reason to pause, or if the stream is open already. */
  #open(subscriber: Subscriber): void {
    if (this.#pausedBy.size > 0 || subscriber.close) return
    let isClosed = false
    const sink: ClientSink = {
      delivering: (isDelivering) => {
        if (!isClosed) this.#enter(subscriber, isDelivering ? 'delivering' : 'failed')
      },
      next: (result) => {
        if (isClosed) return
        const code = errorCode(result.errors)
        if (code === 'CURSOR_INVALID') return this.#restart(subscriber)
        if (code === 'UNAUTHENTICATED') return this.#signOut()
        // Over SSE, a refusal is a result without data.
        if (result.data === undefined && result.errors && isFinal(code)) return this.#refused(subscriber, result.errors)
        subscriber.failures = 0
        if (subscriber.isResumable) subscriber.cursor = cursorOf(result) ?? subscriber.cursor
        subscriber.sink.next(result)
      },
      error: (error) => {
        if (isClosed) return
        isClosed = true
        const code = Array.isArray(error) ? errorCode(error) : undefined
        if (code === 'UNAUTHENTICATED' || isRefusal(error)) return this.#signOut()
        if (code === 'CURSOR_INVALID') return this.#restart(subscriber)
        if (Array.isArray(error) && isFinal(code)) return this.#refused(subscriber, error)
        void this.#retry(subscriber)
      },
      // A stream is over only when a retry is refused: a server or a proxy may have ended it for now.
      complete: () => {
        if (isClosed) return
        isClosed = true
        void this.#retry(subscriber)
      },
    }
    if (subscriber.state !== 'failed') this.#enter(subscriber, 'opening')
    const closeStream = this.#client.subscribe(subscriber.request, sink)
    subscriber.close = () => {
      isClosed = true
      closeStream()
    }
  }

  #refused(subscriber: Subscriber, errors: NonNullable<StreamResult['errors']>): void {
    this.#subscribers.delete(subscriber)
    close(subscriber)
    this.#review()
    subscriber.sink.next({ errors })
    subscriber.sink.complete?.()
  }

  #restart(subscriber: Subscriber): void {
    close(subscriber)
    subscriber.cursor = undefined
    subscriber.sink.restarted?.()
    void this.#retry(subscriber)
  }

  async #retry(subscriber: Subscriber): Promise<void> {
    subscriber.close = undefined
    this.#enter(subscriber, 'failed')
    await this.#wait(backoffMs(subscriber.failures++))
    if (this.#subscribers.has(subscriber)) this.#open(subscriber)
  }

  #enter(subscriber: Subscriber, state: Subscriber['state']): void {
    subscriber.state = state
    this.#review()
  }

  /** Reports whether every stream delivers. While one of them has just been opened, it is too early to say. */
  #review(): void {
    const states = [...this.#subscribers].map(({ state }) => state)
    const isPending = !states.includes('failed') && states.includes('opening')
    if (isPending && this.#pausedBy.size === 0) {
      this.#pending ??= setTimeout(() => this.#onDelivery(false), PENDING_MS)
      return
    }
    clearTimeout(this.#pending)
    this.#pending = undefined
    if (this.#pausedBy.size === 0 && states.length > 0) this.#onDelivery(!states.includes('failed'))
  }

  #signOut(): void {
    this.pause('signed-out')
    this.#onUnauthenticated()
  }
}

function close(subscriber: Subscriber): void {
  subscriber.close?.()
  subscriber.close = undefined
}

/** Codes after which a retry can only get the same answer. */
const FINAL = new Set(['FORBIDDEN', 'NOT_FOUND', 'BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_PARSE_FAILED'])

type Coded = { extensions?: Record<string, unknown> | undefined }

function errorCode(errors: readonly Coded[] | undefined): string | undefined {
  const code = errors?.find((error) => error.extensions?.['code'] !== undefined)?.extensions?.['code']
  return typeof code === 'string' ? code : undefined
}

function isFinal(code: string | undefined): boolean {
  return code !== undefined && FINAL.has(code)
}

/** The WebSocket close codes for wrong credentials and for those that have ended, or their HTTP status. */
function isRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  if ('code' in error && (error.code === 4401 || error.code === 4403)) return true
  return 'response' in error && error.response instanceof Response && error.response.status === 401
}

/** The position of a log's message: by the schema's convention, the `cursor` beside its payload. */
function cursorOf(result: StreamResult): string | undefined {
  for (const update of Object.values(result.data ?? {})) {
    if (typeof update !== 'object' || update === null || !('cursor' in update)) continue
    if (typeof update.cursor === 'string') return update.cursor
  }
  return undefined
}
