import type { AccessEnd } from '../auth/access-ends.ts'
import type { Viewer } from '../base/viewer.ts'
import type { Clock } from '../base/clock.ts'
import { RefusedError } from '../base/errors.ts'
import { MAX_LIVE_CONNECTIONS, MAX_LIVE_CONNECTIONS_PER_CALLER } from '../base/limits.ts'

export type CloseReason = 'signed-out' | 'revoked' | 'expired' | 'shutdown'
/** Why a socket or stream is closed, as the client sees it. */
export const CLOSE_MESSAGES = {
  'signed-out': 'Signed out',
  revoked: 'Token revoked',
  expired: 'Session or token expired',
} satisfies Record<Exclude<CloseReason, 'shutdown'>, string>

export type Transport = 'websocket' | 'sse'

interface LiveConnection {
  viewer: Viewer
  transport: Transport
  close: (reason: CloseReason) => void
}

/** Timers are set no further ahead: the clock can be moved, and timers do not follow it. */
const MAX_TIMER_MS = 30_000
/** For a client that is refused because there is no room. */
const RETRY_AFTER_SECONDS = 5

/**
 * Sockets and streams that outlive the request that opened them, so that the end of a token, session or server closes
 * them. After adding a connection, the caller must authenticate it again: its credential may have ended just before.
 */
export class LiveConnections {
  readonly #clock: Clock
  readonly #open = new Set<LiveConnection>()
  readonly #countOf = new Map<string, number>()
  readonly #shutDown = new Set<Transport>()
  /** When the next credential expires, or when to check again. */
  #timerAtMs = Infinity
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Returns the function that removes the connection; its `close` is called at most once, and never after it is
   * removed. A connection that is added while its transport is being shut down is closed at once.
   */
  add(connection: LiveConnection): () => void {
    const { key } = connection.viewer
    if (this.#shutDown.has(connection.transport)) connection.close('shutdown')
    else {
      this.#open.add(connection)
      this.#countOf.set(key, (this.#countOf.get(key) ?? 0) + 1)
    }
    if (connection.viewer.expiresAt !== undefined) this.#expectExpiry(connection.viewer.expiresAt.getTime())
    return () => this.#remove(connection)
  }

  /** @throws RefusedError RATE_LIMITED when there are as many connections as allowed, of all callers or of this one */
  checkRoom({ key }: Viewer): void {
    const ofCaller = this.#countOf.get(key) ?? 0
    const isFull = this.#open.size >= MAX_LIVE_CONNECTIONS
    if (!isFull && ofCaller < MAX_LIVE_CONNECTIONS_PER_CALLER) return
    const max = isFull ? MAX_LIVE_CONNECTIONS : MAX_LIVE_CONNECTIONS_PER_CALLER
    const scope = isFull ? 'of this server' : 'of one caller'
    const message = `The live connections ${scope} may be at most ${max}; asked: ${max + 1}.`
    throw new RefusedError('RATE_LIMITED', message, { retryAfterSeconds: RETRY_AFTER_SECONDS })
  }

  count(transport: Transport): number {
    let count = 0
    for (const connection of this.#open) if (connection.transport === transport) count += 1
    return count
  }

  /**
   * Closes the connections of a revoked token, those of its sessions included, or the connections of an ended session.
   */
  closeEnded(end: AccessEnd): void {
    if ('tokenId' in end) this.#close('revoked', ({ viewer }) => viewer.tokenId === end.tokenId)
    else this.#close('signed-out', ({ viewer }) => viewer.sessionId === end.sessionId)
  }

  /** Closes every stream or socket of this transport, and each one that is added later. */
  shutDown(transport: Transport): void {
    this.#shutDown.add(transport)
    this.#close('shutdown', (connection) => connection.transport === transport)
    if (this.#open.size === 0) clearTimeout(this.#timer)
  }

  #remove(connection: LiveConnection): void {
    if (!this.#open.delete(connection)) return
    const { key } = connection.viewer
    const left = (this.#countOf.get(key) ?? 1) - 1
    if (left === 0) this.#countOf.delete(key)
    else this.#countOf.set(key, left)
  }

  #expectExpiry(atMs: number): void {
    if (atMs >= this.#timerAtMs) return
    clearTimeout(this.#timer)
    const now = this.#clock.now()
    this.#timerAtMs = Math.min(atMs, now + MAX_TIMER_MS)
    this.#timer = setTimeout(() => this.#closeExpired(), Math.max(0, this.#timerAtMs - now)).unref()
  }

  /** Closes the connections whose credentials have expired, and sets the timer for the next ones. */
  #closeExpired(): void {
    const now = this.#clock.now()
    this.#timerAtMs = Infinity
    this.#close('expired', ({ viewer }) => viewer.expiresAt !== undefined && viewer.expiresAt.getTime() <= now)
    let next = Infinity
    for (const { viewer } of this.#open) next = Math.min(next, viewer.expiresAt?.getTime() ?? Infinity)
    if (next < Infinity) this.#expectExpiry(next)
  }

  #close(reason: CloseReason, matches: (connection: LiveConnection) => boolean): void {
    for (const connection of this.#open) {
      if (!matches(connection)) continue
      this.#remove(connection)
      connection.close(reason)
    }
  }
}
