import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { HEARTBEAT_MS } from '../base/limits.ts'
import { type AnswerText, jsonOf } from '../engine/answer-body.ts'
import type { MessageSink, SharedMessage } from '../fanout/shared-message.ts'
import type { UnreadOfConnection } from './unread-bytes.ts'

const HEARTBEAT = ':\n\n'
const EVENT_HEAD = Buffer.from('event: next\ndata: ')
const EVENT_TAIL = Buffer.from('\n\n')
const HEAD = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-store, no-transform',
  // nginx and similar proxies would otherwise buffer the events.
  'X-Accel-Buffering': 'no',
}
/**
 * The id of a `complete` that is final. EventSource reconnects after every end of a stream, and says with this id that
 * it need not.
 */
export const OVER = 'complete'
/** The operation that ended with one of these may succeed later. */
const FOR_NOW = new Set<unknown>(['UNAVAILABLE', 'RATE_LIMITED'])

/**
 * How a stream ends: with `complete`, after one more result if there is one; or cut, which says that the operation is
 * not over, so that clients reconnect.
 */
export type StreamEnd = { last: AnswerText | undefined } | 'cut'

/**
 * Answers with a stream in graphql-sse's distinct connections mode: `next` for each result, `complete` at the end.
 * @param id by which a client resumes that was given no event; undefined when the operation cannot be resumed
 * @param unread is told what the reader has not taken
 * @param run is called once the stream has begun. It sends shared messages to the sink until there are no more. What it
 *   throws cuts the connection and is rethrown.
 */
export async function sendEventStream(
  res: ServerResponse,
  id: string | undefined,
  unread: UnreadOfConnection,
  run: (sink: MessageSink) => Promise<StreamEnd>,
): Promise<void> {
  const socket = await connectionOf(res)
  if (socket === null) return
  res.writeHead(200, HEAD)
  socket.setNoDelay(true)
  // A browser's fetch gives its caller the response only when the first bytes of the body have arrived.
  writeThrough(res, socket, id === undefined ? HEARTBEAT : `:\nid: ${id}\n\n`)
  const heartbeat = keepAlive(res, socket, HEARTBEAT)
  const wrote = countUnread(res, socket, unread)
  try {
    const end = await run(sinkOf(res, socket, wrote))
    if (end === 'cut') return void res.destroy()
    const { last } = end
    // The heartbeat continues meanwhile, and cuts a reader that takes nothing.
    if (last !== undefined) {
      const isTaken = writeThrough(res, socket, Buffer.concat([EVENT_HEAD, jsonOf(last), EVENT_TAIL]))
      wrote()
      if (!isTaken) await drained(res)
    }
    const isForNow = last?.body.errors.some(({ extensions }) => FOR_NOW.has(extensions?.['code'])) ?? false
    // The empty data is for EventSource, which ignores an event that has none.
    res.end(`${isForNow ? '' : `id: ${OVER}\n`}event: complete\ndata:\n\n`)
  } catch (error) {
    res.destroy()
    throw error
  } finally {
    clearInterval(heartbeat)
  }
}

/** The id of the last event that the client of an event stream was given, when it comes back. */
export function lastEventIdOf(req: IncomingMessage): string | undefined {
  return req.headers['last-event-id']?.toString() || undefined
}

/** Whether the caller is an EventSource, which gives up for good at any status but 200. */
export function isEventSource(req: IncomingMessage): boolean {
  return req.method === 'GET' && req.headers.accept === 'text/event-stream'
}

/** Makes an EventSource try again in a few seconds: the stream ends as soon as it has begun. */
export function sendEmptyStream(res: ServerResponse): void {
  res.writeHead(200, HEAD)
  res.end(HEARTBEAT)
}

/** The stream is over: an EventSource does not come back after this status. */
export function sendOver(res: ServerResponse): void {
  res.writeHead(204, { 'Cache-Control': 'no-store' })
  res.end()
}

/**
 * The sink for the shared messages of this stream: it bypasses the response and writes ready-made chunks to the socket.
 * HTTP/1.0 has no chunks, so there the response writes them.
 */
function sinkOf(res: ServerResponse, socket: Socket, wrote: () => void): MessageSink {
  return {
    get isReady() {
      return !socket.writableNeedDrain
    },
    write(message: SharedMessage) {
      if (res.closed || res.writableEnded) return
      if (res.chunkedEncoding) socket.write(message.eventChunk)
      else res.write(message.event)
      wrote()
    },
    onReady: (resume) => void socket.once('drain', resume),
  }
}

/**
 * Writes to the response, and on to its socket before it returns. Since Node 24 a response otherwise keeps a chunk to
 * itself until the next tick, and a shared message, which goes straight to the socket, would overtake it.
 */
export function writeThrough(res: ServerResponse, socket: Socket, text: string | Buffer): boolean {
  socket.cork()
  try {
    return res.write(text)
  } finally {
    socket.uncork()
  }
}

/**
 * Keeps the account of a stream up to date.
 * @returns what to call after each write
 */
export function countUnread(res: ServerResponse, socket: Socket, unread: UnreadOfConnection): () => void {
  const settle = () => unread.set(0)
  socket.on('drain', settle)
  res.once('close', () => {
    socket.off('drain', settle)
    settle()
  })
  return () => {
    if (!res.closed) unread.set(socket.writableNeedDrain ? socket.writableLength : 0)
  }
}

/** Sends a heartbeat at intervals, and cuts a reader that has taken nothing for two of them. */
export function keepAlive(res: ServerResponse, socket: Socket, heartbeat: string): NodeJS.Timeout {
  let takenBefore = 0
  let stuck = 0
  return setInterval(() => {
    // For a reader that has stopped, heartbeats would only pile up.
    if (!res.writableNeedDrain && res.socket?.writableNeedDrain !== true) {
      stuck = 0
      writeThrough(res, socket, heartbeat)
      return
    }
    const taken = (res.socket?.bytesWritten ?? 0) - (res.socket?.writableLength ?? 0)
    stuck = taken > takenBefore ? 0 : stuck + 1
    takenBefore = taken
    if (stuck >= 2) res.destroy()
  }, HEARTBEAT_MS)
}

/** The connection, once the responses to earlier pipelined requests are sent; null when it is closed. */
export async function connectionOf(res: ServerResponse): Promise<Socket | null> {
  if (res.socket !== null || res.req.socket.destroyed) return res.socket
  return await new Promise((resolve) => {
    res.once('socket', resolve)
    res.req.socket.once('close', () => resolve(null))
  })
}

/** Resolves when the connection can take more, or is closed. */
export async function drained(res: ServerResponse): Promise<void> {
  if (res.closed) return
  await new Promise<void>((resolve) => {
    function finish(): void {
      res.off('drain', finish).off('close', finish)
      resolve()
    }
    res.on('drain', finish).on('close', finish)
  })
}
