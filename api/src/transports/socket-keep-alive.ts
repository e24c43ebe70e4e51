/** How often in each period it is looked who is due: those who are share a moment. */
const SWEEPS_PER_PERIOD = 12

/** The other end of a connection. */
interface Peer {
  /** Whether it has answered since it was last asked. */
  readonly hasAnswered: boolean
  /** Asks it with what is sent next. */
  ask: () => void
  /** Asks it by itself, if nothing was sent meanwhile. */
  askNow: () => void
  cut: () => void
}

/**
 * Cuts peers that have vanished without closing: each is asked once a period for a sign of life, and has until the next
 * time. One timer for all of them, and pings that travel with messages where there are any: both would otherwise cost as
 * much as several messages.
 */
export class KeepAlive {
  readonly #periodMs: number
  /** When each is due, in milliseconds of the monotonic clock. Ascending, because all have the same period. */
  readonly #dueAt = new Map<Peer, number>()
  #asked: Peer[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(periodMs: number) {
    this.#periodMs = periodMs
  }

  /** Returns the function that forgets the peer. */
  add(peer: Peer): () => void {
    this.#dueAt.set(peer, performance.now() + this.#periodMs)
    this.#timer ??= setInterval(() => this.#sweep(), this.#periodMs / SWEEPS_PER_PERIOD)
    return () => {
      this.#dueAt.delete(peer)
      if (this.#dueAt.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  #sweep(): void {
    for (const peer of this.#asked) if (this.#dueAt.has(peer)) peer.askNow()
    this.#asked = []
    const now = performance.now()
    for (const [peer, dueAt] of this.#dueAt) {
      if (dueAt > now) break
      this.#dueAt.delete(peer)
      if (!peer.hasAnswered) {
        peer.cut()
        continue
      }
      this.#dueAt.set(peer, now + this.#periodMs)
      this.#asked.push(peer)
      peer.ask()
    }
  }
}
