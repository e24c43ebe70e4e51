import type { Clock } from '../clock.ts'
import type { Viewer } from '../auth/viewer.ts'

export type CloseReason = 'signed-out' | 'expired' | 'shutdown'
export type Transport = 'websocket' | 'sse'

interface LiveConnection {
  viewer: Viewer
  transport: Transport
  close: (reason: CloseReason) => void
}

const EXPIRY_CHECK_MS = 30_000

/** Sockets and streams that outlive the request they came with, so that the end of a session or server reaches them. */
export class LiveConnections {
  readonly #clock: Clock
  readonly #open = new Set<LiveConnection>()
  readonly #expiryCheck: NodeJS.Timeout
  readonly #shutDown = new Set<Transport>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#expiryCheck = setInterval(() => this.closeExpired(), EXPIRY_CHECK_MS).unref()
  }

  /**
   * Gives the way to take it out again; `close` is called at most once, and never after that. What comes while its
   * transport is being shut down is closed at once.
   */
  add(connection: LiveConnection): () => void {
    if (this.#shutDown.has(connection.transport)) connection.close('shutdown')
    else this.#open.add(connection)
    return () => this.#open.delete(connection)
  }

  count(transport: Transport): number {
    let count = 0
    for (const connection of this.#open) if (connection.transport === transport) count += 1
    return count
  }

  closeSession(sessionId: string): void {
    this.#close('signed-out', ({ viewer }) => viewer.sessionId === sessionId)
  }

  /** Closes what its credential no longer covers. */
  closeExpired(): void {
    const now = this.#clock.now()
    this.#close('expired', ({ viewer }) => viewer.expiresAt !== undefined && viewer.expiresAt.getTime() <= now)
  }

  /** Ends every stream and socket of this transport for good. */
  shutDown(transport: Transport): void {
    clearInterval(this.#expiryCheck)
    this.#shutDown.add(transport)
    this.#close('shutdown', (connection) => connection.transport === transport)
  }

  #close(reason: CloseReason, isMeant: (connection: LiveConnection) => boolean): void {
    for (const connection of this.#open) {
      if (!isMeant(connection)) continue
      this.#open.delete(connection)
      connection.close(reason)
    }
  }
}
