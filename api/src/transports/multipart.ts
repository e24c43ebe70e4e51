import type { ServerResponse } from 'node:http'
import type { FormattedExecutionResult } from 'graphql'
import type { MessageSink } from '../fanout/shared-message.ts'
import { connectionOf, drained, keepAlive, type StreamEnd, writeThrough } from './sse.ts'

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
  try {
    const end = await run(sinkOf(res))
    if (end === 'cut') return void res.destroy()
    const { last } = end
    if (last && !res.write(`${PART_HEAD}${JSON.stringify(lastPart(last))}${BOUNDARY}`)) await drained(res)
    res.end(END)
  } catch (error) {
    res.destroy()
    throw error
  } finally {
    clearInterval(heartbeat)
  }
}

/** The sink for the shared messages of this stream. */
function sinkOf(res: ServerResponse): MessageSink {
  return {
    get isReady() {
      return !res.writableNeedDrain
    },
    write({ json }) {
      if (res.closed || res.writableEnded) return
      res.write(Buffer.concat([PAYLOAD_HEAD, json, PAYLOAD_TAIL]))
    },
    onReady: (resume) => void res.once('drain', resume),
  }
}

function lastPart(result: FormattedExecutionResult) {
  return result.data === undefined ? { payload: null, errors: result.errors } : { payload: result }
}
