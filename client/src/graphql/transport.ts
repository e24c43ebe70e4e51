import { connected, disconnected, paused } from './connection.ts'
import { openEventStream } from './event-stream.ts'
import { reachable } from './reachable.ts'
import { SparingStreams } from './sparing-streams.ts'
import { takeStreamSlot } from './stream-slot.ts'
import { type StreamClient, Streams } from './streams.ts'
import { onWake } from './wake.ts'
import { WebSocketJudge } from './websocket-judge.ts'
import { createWebSocket, probeWebSocket } from './websocket.ts'

/** How often a page on event streams tries whether WebSocket works by now. */
const PROBE_MS = 60_000
/** A tab that is hidden for less than this keeps its streams open. */
const PAUSE_AFTER_MS = 10_000

interface TransportOptions {
  /** Called when the server no longer knows who this is. */
  onUnauthenticated: () => void
  /** Asks again for what the page shows, where there is no connection to spare for its streams. */
  refresh: () => void
}

/** Creates the page's streams, over WebSocket or, for as long as that is blocked, over SSE. */
export function createTransport({ onUnauthenticated, refresh }: TransportOptions): Streams {
  const judge = new WebSocketJudge({ reachable, onBlocked: toSse })
  let client: StreamClient = createWebSocket(judge)
  const streams = new Streams({
    client,
    onUnauthenticated,
    onDelivery: (isDelivering) => (isDelivering ? connected(client.name, client.via) : disconnected()),
  })
  function switchTo(next: StreamClient): void {
    client = next
    streams.switchTo(next)
  }
  function toSse(): void {
    if (client.via === 'sse') return
    const isShell = ({ query }: { query: string }) => query.includes('deploymentEvents')
    switchTo(new SparingStreams({ open: openEventStream, takeSlot: takeStreamSlot, isShell, refresh }))
  }
  let isProbing = false
  async function probe(): Promise<void> {
    if (client.via === 'websocket' || isProbing || document.visibilityState === 'hidden') return
    isProbing = true
    if (await probeWebSocket()) {
      judge.connected()
      switchTo(createWebSocket(judge))
    }
    isProbing = false
  }

  setInterval(() => void probe(), PROBE_MS)
  addEventListener('online', () => void probe())
  document.addEventListener('visibilitychange', () => void probe())
  // The browser itself says so, and there is no close event.
  document.addEventListener('securitypolicyviolation', ({ blockedURI }) => {
    if (blockedURI.startsWith('ws')) toSse()
  })
  const restart = () => {
    judge.outage()
    client.restart()
    disconnected()
  }
  addEventListener('offline', restart)
  addEventListener('online', disconnected)
  // The connections of a machine that has slept are dead, and it would take a ping to find that out.
  onWake(restart)
  pauseWhileHidden(streams)
  return streams
}

function pauseWhileHidden(streams: Streams): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const pause = () => {
    streams.pause('hidden')
    paused()
  }
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer)
    if (document.visibilityState === 'hidden') timer = setTimeout(pause, PAUSE_AFTER_MS)
    else streams.resume('hidden')
  })
}
