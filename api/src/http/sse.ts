import type { ServerResponse } from 'node:http'
import type { FormattedExecutionResult } from 'graphql'

/** Proxies and browsers drop a silent connection after a minute or less. */
const HEARTBEAT_MS = 12_000
const HEARTBEAT = ':\n\n'

/**
 * Answers with a stream in graphql-sse's distinct connections mode: `next` for each result, `complete` at the end.
 * The next result is pulled only when the connection has taken the last, so a reader that stops costs one message.
 * @param pull gives the next result, or undefined at the end. What it throws cuts the connection and is thrown on.
 */
export async function sendEventStream(
  res: ServerResponse,
  pull: () => Promise<FormattedExecutionResult | undefined>,
): Promise<void> {
  res.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-store, no-transform',
    // nginx and its like would hold events back.
    'X-Accel-Buffering': 'no',
  })
  res.socket?.setNoDelay(true)
  // Something must flow before a browser's fetch gives its caller the response.
  res.write(HEARTBEAT)
  const heartbeat = setInterval(() => {
    // To a reader that has stopped, beats would only pile up.
    if (!res.writableNeedDrain) res.write(HEARTBEAT)
  }, HEARTBEAT_MS)
  try {
    while (!res.closed) {
      // One at a time is the point: nothing is pulled before it can be sent.
      // oxlint-disable-next-line no-await-in-loop
      const result = await pull()
      if (result === undefined) break
      // oxlint-disable-next-line no-await-in-loop
      if (!res.write(`event: next\ndata: ${JSON.stringify(result)}\n\n`)) await drained(res)
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
