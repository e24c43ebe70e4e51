import { get, type ClientRequest, type IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import type { Update } from './seen.ts'

/** Whoever follows a subscription. */
export interface Follower {
  readonly payload: { query: string; variables: Record<string, unknown> }
  take(update: Update): void
  /** Called with what came in place of a result, as JSON. */
  fault(what: string): void
}

/** A client's connection, which need not be a good one. */
export interface Connection {
  /**
   * Called with the reason, whichever side ended it; of a WebSocket the close code first. A stalled reader learns it
   * late.
   */
  readonly ended: Promise<string>
  readonly hasEnded: boolean
  stopReading(): void
  readOn(): void
  /** For one that has stopped: takes what a single read of the kernel gives. */
  sip(): void
  /** Without a word. Nothing is handed out any more. */
  cut(): void
  /** As a client does that is done. */
  close(): void
}

/** The server has refused a connection. */
export class ConnectionRefused extends Error {
  override name = 'ConnectionRefused'
}

/** A graphql-transport-ws client that hands each result to whom it is for. */
export class SocketConnection implements Connection {
  readonly socket: WebSocket
  readonly ended: Promise<string>
  hasEnded = false
  readonly #followers = new Map<string, Follower>()
  #lastId = 0

  private constructor(origin: string) {
    this.socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws')
    // Is followed by the end.
    this.socket.on('error', () => undefined)
    this.ended = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        this.hasEnded = true
        resolve(`${code} ${String(reason)}`.trim())
      })
    })
  }

  /**
   * Connects, and authenticates when there is a token.
   *
   * @throws ConnectionRefused with the close code.
   */
  static async open(origin: string, token?: string): Promise<SocketConnection> {
    const connection = new SocketConnection(origin)
    const { socket, ended } = connection
    const refused = ended.then((reason) => {
      throw new ConnectionRefused(reason)
    })
    await Promise.race([refused, new Promise((resolve) => socket.once('open', resolve))])
    if (token !== undefined) {
      const acknowledged = new Promise((resolve) => socket.once('message', resolve))
      connection.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })
      await Promise.race([refused, acknowledged])
    }
    socket.on('message', (data: Buffer) => connection.#take(data))
    return connection
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message))
  }

  subscribe(follower: Follower): void {
    this.#lastId += 1
    const id = String(this.#lastId)
    this.#followers.set(id, follower)
    this.send({ type: 'subscribe', id, payload: follower.payload })
  }

  /** Whatever still comes for it is ignored. */
  leave(follower: Follower): void {
    for (const [id, one] of this.#followers) {
      if (one !== follower) continue
      this.#followers.delete(id)
      this.send({ type: 'complete', id })
    }
  }

  stopReading(): void {
    this.socket.pause()
  }

  readOn(): void {
    this.socket.resume()
  }

  sip(): void {
    this.socket.once('message', () => this.socket.pause())
    this.socket.resume()
  }

  cut(): void {
    this.#followers.clear()
    this.socket.terminate()
  }

  close(): void {
    this.socket.close(1000)
  }

  #take(data: Buffer): void {
    const message = JSON.parse(data.toString()) as { type: string; id?: string; payload?: Update }
    const follower = this.#followers.get(message.id ?? '')
    if (message.type === 'next') follower?.take(message.payload ?? {})
    else follower?.fault(JSON.stringify(message))
  }
}

/** One subscription over Server-Sent Events. */
export class StreamConnection implements Connection {
  readonly ended: Promise<string>
  hasEnded = false
  readonly #request: ClientRequest
  readonly #response: IncomingMessage

  private constructor(request: ClientRequest, response: IncomingMessage, follower: Follower) {
    this.#request = request
    this.#response = response
    this.ended = new Promise((resolve) => {
      let reason = 'the stream has ended'
      response.on('error', (error) => {
        reason = `the stream was cut: ${String(error)}`
      })
      response.once('close', () => {
        this.hasEnded = true
        resolve(reason)
      })
    })
    let rest = ''
    response.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line.startsWith('data: {')) follower.take(JSON.parse(line.slice(6)) as Update)
    })
  }

  /** @throws ConnectionRefused with the status. */
  static async open(origin: string, token: string, follower: Follower): Promise<StreamConnection> {
    const { query, variables } = follower.payload
    const parameters = new URLSearchParams({ query, variables: JSON.stringify(variables) })
    const request = get(`${origin}/graphql?${parameters.toString()}`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` },
      agent: false,
    })
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      // An error after the response is reported by the response.
      request.once('response', resolve).on('error', reject)
    })
    if (response.statusCode !== 200) {
      response.resume()
      throw new ConnectionRefused(String(response.statusCode))
    }
    return new StreamConnection(request, response, follower)
  }

  stopReading(): void {
    this.#response.pause()
  }

  readOn(): void {
    this.#response.resume()
  }

  sip(): void {
    this.#response.once('data', () => this.#response.pause())
    this.#response.resume()
  }

  cut(): void {
    this.#response.removeAllListeners('data')
    this.#request.destroy()
  }

  close(): void {
    this.cut()
  }
}
