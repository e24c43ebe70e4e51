import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FormattedExecutionResult } from 'graphql'
import { HEARTBEAT_MS } from '../base/limits.ts'
import type { MessageSink, SharedMessage } from '../fanout/shared-message.ts'

const HEARTBEAT = ':\n\n'

/**
 * Answers with a stream in graphql-sse's distinct connections mode: `next` for each result, `complete` at the end.
 * @param run is called once the stream has begun. It sends shared messages to the sink until there are no more, and
 *   resolves with one result that is sent after them, or undefined. What it throws cuts the connection and is rethrown.
 */
export async function sendEventStream(
  res: ServerResponse,
  run: (sink: MessageSink) => Promise<FormattedExecutionResult | undefined>,
): Promise<void> {
  const socket = await connectionOf(res)
  if (socket === null) return
  res.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-store, no-transform',
    // nginx and similar proxies would otherwise buffer the events.
    'X-Accel-Buffering': 'no',
  })
  socket.setNoDelay(true)
  // A browser's fetch gives its caller the response only when the first bytes of the body have arrived.
  writeThrough(res, socket, HEARTBEAT)
  const heartbeat = keepAlive(res, socket, HEARTBEAT)
  try {
    const last = await run(sinkOf(res, socket))
    // The heartbeat continues meanwhile, and cuts a reader that takes nothing.
    if (last && !writeThrough(res, socket, `event: next\ndata: ${JSON.stringify(last)}\n\n`)) await drained(res)
    // The empty data is for EventSource, which ignores an event that has none.
    res.end('event: complete\ndata:\n\n')
  } catch (error) {
    res.destroy()
    throw error
  } finally {
    clearInterval(heartbeat)
  }
}

/**
 * The sink for the shared messages of this stream: it bypasses the response and writes ready-made chunks to the socket.
 * HTTP/1.0 has no chunks, so there the response writes them.
 */
function sinkOf(res: ServerResponse, socket: Socket): MessageSink {
  return {
    get isReady() {
      return !socket.writableNeedDrain
    },
    write(message: SharedMessage) {
      if (res.closed || res.writableEnded) return
      if (res.chunkedEncoding) socket.write(message.eventChunk)
      else res.write(message.event)
    },
    onReady: (resume) => void socket.once('drain', resume),
  }
}

/**
 * Writes to the response, and on to its socket before it returns. Since Node 24 a response otherwise keeps a chunk to
 * itself until the next tick, and a shared message, which goes straight to the socket, would overtake it.
 */
export function writeThrough(res: ServerResponse, socket: Socket, text: string): boolean {
  socket.cork()
  try {
    return res.write(text)
  } finally {
    socket.uncork()
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
