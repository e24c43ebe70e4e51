import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { stringifyDocument } from '@urql/core'
import type { ExecutionResult } from 'graphql'
import type { Client as SseClient, Sink } from 'graphql-sse'
import type { Client as WsClient } from 'graphql-ws'
import { backoffMs, waitOrWake } from './backoff.ts'

/** What both published clients take. `variables` is read anew at every (re)subscription, which is how a log resumes. */
export interface StreamRequest {
  query: string
  operationName?: string
  readonly variables?: Record<string, unknown>
}

export interface StreamSink<Data> {
  next(result: ExecutionResult<Data>): void
  /**
   * The cursor is no longer good (the database is another one): what was shown before does not join what comes next.
   */
  restarted?(): void
  complete?(): void
}

export interface Streams {
  /**
   * Follows a subscription until the returned function is called or the server refuses it for good (then `complete`).
   */
  subscribe<Data>(query: string, variables: Record<string, unknown>, sink: StreamSink<Data>): () => void
  /** The same for a typed document. */
  follow<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    sink: StreamSink<Data>,
  ): () => void
  /** Every stream ends here and goes on over the other transport, from its cursor. */
  switchTo(client: StreamClient): void
  /** Drops the streams and takes them up again: a hidden tab costs nothing, and misses nothing. */
  pause(): void
  resume(): void
}

export type StreamClient = Pick<WsClient, 'subscribe'> | Pick<SseClient, 'subscribe'>

interface Follower {
  request: StreamRequest
  cursor: string | undefined
  resumable: boolean
  sink: StreamSink<unknown>
  stop: (() => void) | undefined
  failures: number
}

export interface StreamsOptions {
  client: StreamClient
  /** The server no longer knows who this is; called instead of trying again. */
  onUnauthenticated: () => void
  wait?: (ms: number) => Promise<void>
}

/**
 * Holds every subscription of the page and keeps it going. The transports reconnect by themselves after a cut; what
 * they give up on (an internal error of the server, a refused cursor) is tried again here, with the same backoff.
 */
export function createStreams({ client, onUnauthenticated, wait = waitOrWake }: StreamsOptions): Streams {
  const followers = new Set<Follower>()
  let current = client
  let paused = false

  function open(follower: Follower): void {
    let ended = false
    const sink: Sink<ExecutionResult> = {
      next(result) {
        if (ended) return
        const code = errorCode(result.errors)
        if (code === 'CURSOR_INVALID') return restart(follower)
        if (code === 'UNAUTHENTICATED') return onUnauthenticated()
        follower.failures = 0
        if (follower.resumable) follower.cursor = cursorOf(result) ?? follower.cursor
        follower.sink.next(result)
      },
      error(error) {
        if (ended) return
        ended = true
        if (isRefusal(error)) return onUnauthenticated()
        const code = Array.isArray(error) ? errorCode(error) : undefined
        if (code === 'UNAUTHENTICATED') return onUnauthenticated()
        if (code === 'CURSOR_INVALID') return restart(follower)
        if (Array.isArray(error) && code !== undefined && FINAL.has(code)) {
          followers.delete(follower)
          follower.sink.next({ errors: error })
          follower.sink.complete?.()
          return
        }
        void again(follower)
      },
      // A server that shuts down completes its SSE streams, so an end is only believed once asking again is refused.
      complete() {
        if (ended) return
        ended = true
        void again(follower)
      },
    }
    const close = current.subscribe(follower.request, sink)
    follower.stop = () => {
      ended = true
      close()
    }
  }

  function close(follower: Follower): void {
    follower.stop?.()
    follower.stop = undefined
  }

  function restart(follower: Follower): void {
    close(follower)
    follower.cursor = undefined
    follower.sink.restarted?.()
    void again(follower)
  }

  async function again(follower: Follower): Promise<void> {
    follower.stop = undefined
    await wait(backoffMs(follower.failures++))
    if (followers.has(follower) && !paused && !follower.stop) open(follower)
  }

  function subscribe<Data>(query: string, variables: Record<string, unknown>, sink: StreamSink<Data>): () => void {
    const resumable = query.includes('$after')
    const follower: Follower = {
      request: {
        query,
        get variables() {
          return follower.cursor === undefined ? variables : { ...variables, after: follower.cursor }
        },
      },
      cursor: undefined,
      resumable,
      sink,
      stop: undefined,
      failures: 0,
    }
    followers.add(follower)
    if (!paused) open(follower)
    return () => {
      followers.delete(follower)
      close(follower)
    }
  }

  return {
    subscribe,
    follow: (document, variables, sink) => subscribe(stringifyDocument(document), variables, sink),
    switchTo(next) {
      current = next
      for (const follower of followers) {
        close(follower)
        if (!paused) open(follower)
      }
    },
    pause() {
      paused = true
      for (const follower of followers) close(follower)
    },
    resume() {
      if (!paused) return
      paused = false
      for (const follower of followers) open(follower)
    },
  }
}

/** Codes after which asking again can only give the same answer. */
const FINAL = new Set(['FORBIDDEN', 'NOT_FOUND', 'BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_PARSE_FAILED'])

type Coded = { extensions?: Record<string, unknown> | undefined }

function errorCode(errors: readonly Coded[] | undefined): string | undefined {
  const code = errors?.find((error) => error.extensions?.['code'] !== undefined)?.extensions?.['code']
  return typeof code === 'string' ? code : undefined
}

/** WebSocket close codes for "who are you" and "not you", and the same two over HTTP. */
function isRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  if ('code' in error && (error.code === 4401 || error.code === 4403)) return true
  return 'response' in error && error.response instanceof Response && [401, 403].includes(error.response.status)
}

/** The position of a log's message: the `cursor` beside its payload, by the schema's convention. */
function cursorOf(result: ExecutionResult): string | undefined {
  for (const update of Object.values(result.data ?? {})) {
    if (typeof update !== 'object' || update === null || !('cursor' in update)) continue
    if (typeof update.cursor === 'string') return update.cursor
  }
  return undefined
}
