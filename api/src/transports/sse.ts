import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FormattedExecutionResult } from 'graphql'
import { HEARTBEAT_MS } from '../base/limits.ts'
import type { MessageSink, SharedMessage } from '../fanout/shared-message.ts'

const HEARTBEAT = ':\n\n'

/**
 * Answers with a stream in graphql-sse's distinct connections mode: `next` for each result, `complete` at the end.
 * The next result is pulled only when the connection has taken the last, so a reader that stops costs one message.
 * @param pull gives the next result, or undefined at the end. What it throws cuts the connection and is thrown on.
 * @param attach is given where shared messages go, once the stream has begun.
 */
export async function sendEventStream(
  res: ServerResponse,
  pull: () => Promise<FormattedExecutionResult | undefined>,
  attach: (sink: MessageSink) => void,
): Promise<void> {
  const socket = await connectionOf(res)
  if (socket === null) return
  res.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-store, no-transform',
    // nginx and its like would hold events back.
    'X-Accel-Buffering': 'no',
  })
  socket.setNoDelay(true)
  // Something must flow before a browser's fetch gives its caller the response.
  writeThrough(res, socket, HEARTBEAT)
  const heartbeat = keepAlive(res, socket)
  attach(sinkOf(res, socket))
  try {
    while (!res.closed) {
      // One at a time is the point: nothing is pulled before it can be sent.
      // oxlint-disable-next-line no-await-in-loop
      const result = await pull()
      if (result === undefined) break
      // oxlint-disable-next-line no-await-in-loop
      if (!writeThrough(res, socket, `event: next\ndata: ${JSON.stringify(result)}\n\n`)) await drained(res)
    }
    // The empty data is for EventSource, which ignores an event without any.
    res.end('event: complete\ndata:\n\n')
  } catch (error) {
    res.destroy()
    throw error
  } finally {
    clearInterval(heartbeat)
  }
}

/**
 * Where the shared messages of this stream go: past the response, as ready chunks, into its socket. HTTP/1.0 knows no
 * chunks.
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
function writeThrough(res: ServerResponse, socket: Socket, text: string): boolean {
  socket.cork()
  try {
    return res.write(text)
  } finally {
    socket.uncork()
  }
}

/** Beats at intervals, and cuts a reader who has taken nothing for two of them. */
function keepAlive(res: ServerResponse, socket: Socket): NodeJS.Timeout {
  let takenBefore = 0
  let stuck = 0
  return setInterval(() => {
    // To a reader that has stopped, beats would only pile up.
    if (!res.writableNeedDrain && res.socket?.writableNeedDrain !== true) {
      stuck = 0
      writeThrough(res, socket, HEARTBEAT)
      return
    }
    const taken = (res.socket?.bytesWritten ?? 0) - (res.socket?.writableLength ?? 0)
    stuck = taken > takenBefore ? 0 : stuck + 1
    takenBefore = taken
    if (stuck >= 2) res.destroy()
  }, HEARTBEAT_MS)
}

/** The connection, once the answers that were asked for before this one are sent; null when it is gone. */
async function connectionOf(res: ServerResponse): Promise<Socket | null> {
  if (res.socket !== null || res.req.socket.destroyed) return res.socket
  return await new Promise((resolve) => {
    res.once('socket', resolve)
    res.req.socket.once('close', () => resolve(null))
  })
}

/** Resolves when the connection can take more, or is gone. */
async function drained(res: ServerResponse): Promise<void> {
  if (res.closed) return
  await new Promise<void>((resolve) => {
    function finish(): void {
      res.off('drain', finish).off('close', finish)
      resolve()
    }
    res.on('drain', finish).on('close', finish)
  })
}
