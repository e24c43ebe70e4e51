import { type Connection, SocketConnection, StreamConnection } from './connections.ts'
import { Lateness, Seen, type SeenOptions } from './seen.ts'

/**
 * Subscribers who behave well: they read, and stay to the end. Where a connection ends before that, it is their fault.
 */
export class Subscribers {
  readonly seen: Seen[] = []
  readonly lateness = new Lateness()
  readonly #origin: string
  readonly #windowMs: number
  readonly #connections: Connection[] = []
  #isClosing = false

  constructor(origin: string, windowMs: number) {
    this.#origin = origin
    this.#windowMs = windowMs
  }

  /** Another subscriber, who has yet to be connected. */
  add(what: string, options: Pick<SeenOptions, 'query' | 'variables'>): Seen {
    const one = new Seen(`subscriber ${this.seen.length + 1} of ${what}`, {
      ...options,
      windowMs: this.#windowMs,
      lateness: this.lateness,
    })
    this.seen.push(one)
    return one
  }

  /** All of them on one WebSocket. */
  async openSocket(token: string, members: readonly Seen[]): Promise<void> {
    const connection = await SocketConnection.open(this.#origin, token)
    for (const one of members) connection.subscribe(one)
    this.#hold(connection, members)
  }

  async openStream(token: string, one: Seen): Promise<void> {
    this.#hold(await StreamConnection.open(this.#origin, token, one), [one])
  }

  close(): void {
    this.#isClosing = true
    for (const connection of this.#connections) connection.close()
  }

  #hold(connection: Connection, members: readonly Seen[]): void {
    this.#connections.push(connection)
    void connection.ended.then((reason) => {
      if (!this.#isClosing) for (const one of members) one.fault(`the connection has ended: ${reason}`)
    })
  }
}

/** The subscribers that lack more windows than were cut off at both ends, each as a sentence. */
export function cutOff(seen: readonly Seen[], seconds: number): string[] {
  return seen
    .filter(({ follows, count, passedBy }) => follows === 'windows' && count + passedBy < seconds - 10)
    .map(({ what, count }) => `${what}: ${count}`)
}
