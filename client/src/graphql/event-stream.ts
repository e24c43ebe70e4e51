import { serverPath } from '../base-path.ts'
import { createChunk } from '../ui/chunks.ts'
import type { StreamRequest, StreamResult } from './streams.ts'

/** The server sends a heartbeat every 12 s. */
const SILENT_FOR_MS = 30_000

export interface EventStreamSink {
  /** The server has begun to answer. */
  begun(): void
  next(result: StreamResult): void
  error(error: unknown): void
  complete(): void
}

/** Opens one event stream. The returned function closes it; after that, and after its end, the sink hears nothing. */
export type OpenEventStream = (request: StreamRequest, sink: EventStreamSink) => () => void

/** Most pages never need SSE, so its client is loaded only where WebSocket fails. */
const sse = createChunk(() => import('graphql-sse'))

export const openEventStream: OpenEventStream = (request, sink) => {
  let isOver = false
  let abort = () => {}
  const end = (tell: () => void) => {
    if (isOver) return
    isOver = true
    tell()
  }
  sse.load().then(
    ({ createClient }) => {
      if (isOver) return
      abort = createClient({ url: serverPath('/graphql'), retryAttempts: 0, fetchFn: fetchWithWatch }).subscribe(
        request,
        {
          next: (result) => !isOver && sink.next(result),
          error: (error) => end(() => sink.error(error)),
          complete: () => end(() => sink.complete()),
        },
        { connected: () => !isOver && sink.begun() },
      )
    },
    (error: unknown) => end(() => sink.error(error)),
  )
  return () => {
    isOver = true
    abort()
  }
}

/** Fetches a response whose body fails when nothing, not even a heartbeat, has come for too long. */
async function fetchWithWatch(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  if (!response.body) return response
  let timer: ReturnType<typeof setTimeout> | undefined
  const wait = (controller: TransformStreamDefaultController<Uint8Array>) => {
    clearTimeout(timer)
    timer = setTimeout(() => controller.error(new TypeError('The event stream is silent.')), SILENT_FOR_MS)
  }
  init.signal?.addEventListener('abort', () => clearTimeout(timer))
  const watch = new TransformStream<Uint8Array, Uint8Array>({
    start: wait,
    transform(chunk, controller) {
      wait(controller)
      controller.enqueue(chunk)
    },
    flush: () => clearTimeout(timer),
  })
  return new Response(response.body.pipeThrough(watch), response)
}
