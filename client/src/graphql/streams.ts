import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { stringifyDocument } from '@urql/core'
import type { ExecutionResult } from 'graphql'
import type { Client as SseClient, Sink } from 'graphql-sse'
import type { Client as WsClient } from 'graphql-ws'
import { backoffMs, waitOrWake } from './backoff.ts'

/**
 * What both transports' clients take. They read `variables` again at every (re)subscription: that is how a log resumes.
 */
export interface StreamRequest {
  query: string
  operationName?: string
  readonly variables?: Record<string, unknown>
}

interface StreamSink<Data> {
  next(result: ExecutionResult<Data>): void
  /**
   * The server no longer accepts the cursor, because its database is another one: what was shown before does not join
   * what comes next.
   */
  restarted?(): void
  complete?(): void
}

export type StreamClient = Pick<WsClient, 'subscribe'> | Pick<SseClient, 'subscribe'>

/** `hidden`: nobody is looking at the tab. `signed-out`: the server no longer knows who this is. */
type PauseReason = 'hidden' | 'signed-out'

interface StreamsOptions {
  client: StreamClient
  /** Called when the server no longer knows who this is. From then on, no stream is opened. */
  onUnauthenticated: () => void
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
  /** Failures in a row: the more, the longer the backoff. */
  failures: number
}

/**
 * Holds every subscription of the page and keeps it alive. The transports reconnect by themselves after a cut. What
 * they give up on (an internal error of the server, a cursor it does not accept) is retried here, with the same
 * backoff.
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
  readonly #wait: (ms: number) => Promise<void>
  readonly #subscribers = new Set<Subscriber>()
  readonly #pausedBy = new Set<PauseReason>()
  #client: StreamClient

  constructor({ client, onUnauthenticated, wait = waitOrWake }: StreamsOptions) {
    this.#client = client
    this.#onUnauthenticated = onUnauthenticated
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
      failures: 0,
    }
    this.#subscribers.add(subscriber)
    this.#open(subscriber)
    return () => {
      this.#subscribers.delete(subscriber)
      close(subscriber)
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
  }

  /** Takes a reason back. */
  resume(reason: PauseReason): void {
    if (this.#pausedBy.delete(reason)) for (const subscriber of this.#subscribers) this.#open(subscriber)
  }

  /** Does nothing while there is a reason to pause, or if the stream is open already. */
  #open(subscriber: Subscriber): void {
    if (this.#pausedBy.size > 0 || subscriber.close) return
    let isClosed = false
    const sink: Sink<ExecutionResult> = {
      next: (result) => {
        if (isClosed) return
        const code = errorCode(result.errors)
        if (code === 'CURSOR_INVALID') return this.#restart(subscriber)
        if (code === 'UNAUTHENTICATED') return this.#signOut()
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
        if (Array.isArray(error) && code !== undefined && FINAL.has(code)) {
          this.#subscribers.delete(subscriber)
          subscriber.sink.next({ errors: error })
          subscriber.sink.complete?.()
          return
        }
        void this.#retry(subscriber)
      },
      // A server that shuts down completes its SSE streams, so a stream is over only when a retry is refused.
      complete: () => {
        if (isClosed) return
        isClosed = true
        void this.#retry(subscriber)
      },
    }
    const closeStream = this.#client.subscribe(subscriber.request, sink)
    subscriber.close = () => {
      isClosed = true
      closeStream()
    }
  }

  #restart(subscriber: Subscriber): void {
    close(subscriber)
    subscriber.cursor = undefined
    subscriber.sink.restarted?.()
    void this.#retry(subscriber)
  }

  async #retry(subscriber: Subscriber): Promise<void> {
    subscriber.close = undefined
    await this.#wait(backoffMs(subscriber.failures++))
    if (this.#subscribers.has(subscriber)) this.#open(subscriber)
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

/** The WebSocket close codes for "unauthorized" and "forbidden", or those two over HTTP. */
function isRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  if ('code' in error && (error.code === 4401 || error.code === 4403)) return true
  return 'response' in error && error.response instanceof Response && [401, 403].includes(error.response.status)
}

/** The position of a log's message: by the schema's convention, the `cursor` beside its payload. */
function cursorOf(result: ExecutionResult): string | undefined {
  for (const update of Object.values(result.data ?? {})) {
    if (typeof update !== 'object' || update === null || !('cursor' in update)) continue
    if (typeof update.cursor === 'string') return update.cursor
  }
  return undefined
}
