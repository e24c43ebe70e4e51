import type { Socket } from 'node:net'

interface Connection {
  /** Responses that have not been sent completely. */
  responses: number
  /** Called once all of them are sent. */
  whenSent: (() => void)[]
}

/**
 * The open TCP connections. One that is kept alive between requests is idle: when the server is crowded, each new
 * connection takes the place of the one that has been idle for the longest time.
 */
export class Connections {
  readonly #crowdedAt: number
  readonly #open = new Map<Socket, Connection>()
  /** The one that has been idle for the longest time first. */
  readonly #idle = new Set<Socket>()

  constructor(crowdedAt: number) {
    this.#crowdedAt = crowdedAt
  }

  [Symbol.iterator](): Iterator<Socket> {
    return this.#open.keys()
  }

  add(socket: Socket): void {
    // An ignored upgrade gives the server a connection that it has already.
    if (this.#open.has(socket)) return
    this.#open.set(socket, { responses: 0, whenSent: [] })
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#idle.delete(socket)
    })
    if (this.#open.size <= this.#crowdedAt) return
    const [longestIdle] = this.#idle
    if (longestIdle === undefined) return
    this.#idle.delete(longestIdle)
    longestIdle.destroy()
  }

  /** A request has arrived. */
  begin(socket: Socket): void {
    this.#idle.delete(socket)
    const connection = this.#open.get(socket)
    if (connection !== undefined) connection.responses += 1
  }

  /** The response to a request is sent, or can no longer be. */
  end(socket: Socket): void {
    const connection = this.#open.get(socket)
    if (connection === undefined) return
    connection.responses -= 1
    if (connection.responses > 0) return
    if (!socket.destroyed) this.#idle.add(socket)
    for (const resolve of connection.whenSent.splice(0)) resolve()
  }

  /** Resolves when every request that has arrived so far is answered, or never if the connection is closed before. */
  async untilAnswered(socket: Socket): Promise<void> {
    const connection = this.#open.get(socket)
    if (connection === undefined || connection.responses === 0) return
    await new Promise<void>((resolve) => connection.whenSent.push(resolve))
  }
}
