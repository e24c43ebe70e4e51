import { createClient as createWsClient } from 'graphql-ws'
import { serverPath } from '../base-path.ts'
import { backoffMs, waitOrWake } from './backoff.ts'
import { connected, disconnected } from './connection.ts'
import { type StreamClient, Streams } from './streams.ts'

const ENDPOINT = serverPath('/graphql')
/** Remembered for the tab, so that the next page load need not find out again that WebSocket is blocked. */
const BLOCKED_KEY = 'gaugeline.websocket-blocked'
/** After this many failed attempts in a row, WebSocket counts as blocked if plain HTTP works. */
const ATTEMPTS_BEFORE_SSE = 2
const KEEP_ALIVE_MS = 10_000
const PONG_WITHIN_MS = 5_000
/** A tab that is hidden for less than this keeps its streams open. */
const PAUSE_AFTER_MS = 10_000

/**
 * Creates the page's streams, over WebSocket or, where that is blocked, over SSE. `onUnauthenticated` is called when
 * the server no longer knows who this is.
 */
export function createTransport(onUnauthenticated: () => void): Streams {
  const toSse = async () => {
    const sse = await createSse()
    sessionStorage.setItem(BLOCKED_KEY, '1')
    streams.switchTo(sse)
  }
  const streams = new Streams({ client: createWebSocket(toSse), onUnauthenticated })
  if (sessionStorage.getItem(BLOCKED_KEY)) void toSse()
  pauseWhileHidden(streams)
  addEventListener('offline', disconnected)
  addEventListener('online', disconnected)
  return streams
}

function createWebSocket(onBlocked: () => Promise<void>): StreamClient {
  // Attempts since the last success. We count these because not every failure causes a close event: a connection that
  // the content security policy blocks does not.
  let attempts = 0
  let pong: ReturnType<typeof setTimeout> | undefined
  let hasGivenUp = false
  const client = createWsClient({
    url: () => new URL(ENDPOINT, location.href.replace(/^http/, 'ws')).href,
    // Keeps the socket open when the page changes: its subscriptions end just before the next page's begin.
    lazyCloseTimeout: 3_000,
    connectionAckWaitTimeout: 6_000,
    keepAlive: KEEP_ALIVE_MS,
    retryAttempts: Infinity,
    retryWait: (retries) => waitOrWake(backoffMs(retries)),
    shouldRetry: (error) => !(isClose(error) && (error.code === 4401 || error.code === 4403)),
    on: {
      connecting: (isRetry) => {
        if (isRetry) disconnected()
        if (attempts >= ATTEMPTS_BEFORE_SSE && !hasGivenUp) void giveUp()
        attempts += 1
      },
      connected: () => {
        attempts = 0
        connected('websocket')
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
        if (isClose(event) && event.code === 1000) return
        disconnected()
      },
    },
  })
  async function giveUp(): Promise<void> {
    if (!(await reachable()) || hasGivenUp || attempts === 0) return
    hasGivenUp = true
    // Once its last subscription is gone, the WebSocket client stops retrying by itself.
    await onBlocked()
  }
  return client
}

/** Most pages never need SSE, so its client is loaded only where WebSocket fails. */
async function createSse(): Promise<StreamClient> {
  const { createClient } = await import('graphql-sse')
  return createClient({
    url: ENDPOINT,
    retryAttempts: Infinity,
    retry: (retries) => {
      disconnected()
      return waitOrWake(backoffMs(retries))
    },
    on: { connected: () => connected('sse') },
  })
}

/** Whether the server answers plain HTTP right now. */
async function reachable(): Promise<boolean> {
  return fetch(serverPath('/session'), { cache: 'no-store' }).then(
    (response) => response.status === 200,
    () => false,
  )
}

function isClose(event: unknown): event is { code: number } {
  return typeof event === 'object' && event !== null && 'code' in event && typeof event.code === 'number'
}

function pauseWhileHidden(streams: Streams): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer)
    if (document.visibilityState === 'hidden') timer = setTimeout(() => streams.pause('hidden'), PAUSE_AFTER_MS)
    else streams.resume('hidden')
  })
}
