import { createClient } from 'graphql-ws'
import { serverPath } from '../base-path.ts'
import { backoffMs, waitOrWake } from './backoff.ts'
import type { ClientSink, StreamClient } from './streams.ts'
import type { WebSocketJudge } from './websocket-judge.ts'

const SUBPROTOCOL = 'graphql-transport-ws'
const ACK_WITHIN_MS = 6_000
const KEEP_ALIVE_MS = 10_000
const PONG_WITHIN_MS = 5_000

const address = () => new URL(serverPath('/graphql'), location.href.replace(/^http/, 'ws')).href

/** All streams over one WebSocket, which reconnects by itself. They deliver while it is acknowledged. */
export function createWebSocket(judge: WebSocketJudge): StreamClient {
  const sinks = new Set<ClientSink>()
  let isConnected = false
  let fail: (() => Promise<void>) | undefined
  let pong: ReturnType<typeof setTimeout> | undefined
  const setConnected = (value: boolean) => {
    isConnected = value
    for (const sink of sinks) sink.delivering(value)
  }
  const client = createClient({
    url: address,
    // Keeps the socket open when the page changes: its subscriptions end just before the next page's begin.
    lazyCloseTimeout: 3_000,
    connectionAckWaitTimeout: ACK_WITHIN_MS,
    keepAlive: KEEP_ALIVE_MS,
    retryAttempts: Infinity,
    retryWait: (retries) => waitOrWake(backoffMs(retries)),
    shouldRetry: (error) => !(isClose(error) && (error.code === 4401 || error.code === 4403)),
    on: {
      connecting: () => {
        fail = judge.begin()
      },
      connected: () => {
        fail = undefined
        judge.connected()
        setConnected(true)
      },
      // A socket can die without a close event (a laptop that slept), so a ping without a pong terminates it.
      ping: (received) => {
        if (!received) pong = setTimeout(() => client.terminate(), PONG_WITHIN_MS)
      },
      pong: (received) => {
        if (received) clearTimeout(pong)
      },
      closed: (event) => {
        clearTimeout(pong)
        // 1000 is our own close, when no subscription is left.
        if (isConnected && !(isClose(event) && event.code === 1000)) judge.outage()
        void fail?.()
        fail = undefined
        setConnected(false)
      },
    },
  })
  return {
    via: 'websocket',
    name: 'live',
    subscribe(request, sink) {
      const close = client.subscribe(request, {
        next: (result) => sink.next(result),
        error: (error) => {
          sinks.delete(sink)
          sink.error(error)
        },
        complete: () => {
          sinks.delete(sink)
          sink.complete()
        },
      })
      sinks.add(sink)
      if (isConnected) sink.delivering(true)
      return () => {
        sinks.delete(sink)
        close()
      }
    },
    restart: () => client.terminate(),
  }
}

/** Whether a WebSocket to the server opens and is acknowledged. */
export async function probeWebSocket(): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = new WebSocket(address(), SUBPROTOCOL)
    const finish = (isOpen: boolean) => {
      clearTimeout(timer)
      resolve(isOpen)
      socket.close(1000)
    }
    const timer = setTimeout(() => finish(false), ACK_WITHIN_MS)
    socket.addEventListener('open', () => socket.send('{"type":"connection_init"}'))
    socket.addEventListener('message', () => finish(true))
    for (const end of ['error', 'close']) socket.addEventListener(end, () => finish(false))
  })
}

function isClose(event: unknown): event is { code: number } {
  return typeof event === 'object' && event !== null && 'code' in event && typeof event.code === 'number'
}
