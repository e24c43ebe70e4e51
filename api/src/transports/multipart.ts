import type { ServerResponse } from 'node:http'
import type { MessageSink } from '../fanout/shared-message.ts'
import { type AnswerText, jsonOf } from '../engine/answer-body.ts'
import type { UnreadOfConnection } from './unread-bytes.ts'
import { connectionOf, countUnread, drained, keepAlive, type StreamEnd, writeThrough } from './sse.ts'

/** Each part ends with the boundary: readers take a part for complete when they see it. */
const BOUNDARY = '\r\n--graphql'
const PART_HEAD = '\r\nContent-Type: application/json\r\n\r\n'
const PAYLOAD_HEAD = Buffer.from(`${PART_HEAD}{"payload":`)
const PAYLOAD_TAIL = Buffer.from(`}${BOUNDARY}`)
const HEARTBEAT = `${PART_HEAD}{}${BOUNDARY}`
const END = '--\r\n'

/**
 * Answers with the parts of Apollo's multipart protocol for subscriptions, which its clients speak without WebSocket.
 * @param run as that of an event stream. A last result without data is an error of the stream, which ends it.
 */
export async function sendMultipart(
  res: ServerResponse,
  _id: string | undefined,
  unread: UnreadOfConnection,
  run: (sink: MessageSink) => Promise<StreamEnd>,
): Promise<void> {
  const socket = await connectionOf(res)
  if (socket === null) return
  res.writeHead(200, {
    'Content-Type': 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
    'Cache-Control': 'no-cache, no-store, no-transform',
    // nginx and similar proxies would otherwise buffer the parts.
    'X-Accel-Buffering': 'no',
  })
  socket.setNoDelay(true)
  writeThrough(res, socket, BOUNDARY + HEARTBEAT)
  const heartbeat = keepAlive(res, socket, HEARTBEAT)
  const wrote = countUnread(res, socket, unread)
  try {
    const end = await run(sinkOf(res, wrote))
    if (end === 'cut') return void res.destroy()
    const { last } = end
    if (last !== undefined) {
      const isTaken = writeThrough(res, socket, lastPart(last))
      wrote()
      if (!isTaken) await drained(res)
    }
    res.end(END)
  } catch (error) {
    res.destroy()
    throw error
  } finally {
    clearInterval(heartbeat)
  }
}

/** The sink for the shared messages of this stream. */
function sinkOf(res: ServerResponse, wrote: () => void): MessageSink {
  return {
    get isReady() {
      return !res.writableNeedDrain
    },
    write({ json }) {
      if (res.closed || res.writableEnded) return
      res.write(Buffer.concat([PAYLOAD_HEAD, json, PAYLOAD_TAIL]))
      wrote()
    },
    onReady: (resume) => void res.once('drain', resume),
  }
}

function lastPart(text: AnswerText): Buffer | string {
  const { data, errors } = text.body
  if (data !== 'absent') return Buffer.concat([PAYLOAD_HEAD, jsonOf(text), PAYLOAD_TAIL])
  return `${PART_HEAD}${JSON.stringify({ payload: null, errors })}${BOUNDARY}`
}
