import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql'
import { WebSocket } from 'ws'
import { Queue } from './queue.ts'

/** A message of graphql-transport-ws as it came. */
export interface WsMessage {
  type: string
  id?: string
  payload?: unknown
}

export interface WsClose {
  code: number
  reason: string
}

export interface WsOptions {
  headers?: OutgoingHttpHeaders
  path?: string
  /** Default: graphql-transport-ws. */
  protocols?: string[]
}

/** The server answered the upgrade with plain HTTP. */
export class UpgradeRefused extends Error {
  override name = 'UpgradeRefused'
  constructor(readonly status: number) {
    super(`The upgrade was answered with ${status}.`)
  }
}

/** A raw graphql-transport-ws client: sends any message, valid or not, and queues what it receives. */
export class WsTestClient {
  readonly socket: WebSocket
  /** Every message, in order; ends when the socket closes. */
  readonly messages = new Queue<WsMessage>()
  readonly closed: Promise<WsClose>
  #lastId = 0

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data) => {
      if (!Buffer.isBuffer(data)) throw new TypeError('A socket without binaryType gives buffers.')
      this.messages.push(JSON.parse(data.toString('utf8')) as WsMessage)
    })
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.messages.end(new Error(`The socket was closed: ${code} ${String(reason)}`))
        resolve({ code, reason: String(reason) })
      })
    })
  }

  /**
   * @param origin like `http://127.0.0.1:4000`
   * @throws UpgradeRefused
   */
  static async open(origin: string, options: WsOptions = {}) {
    const { path = '/graphql', headers = {}, protocols = ['graphql-transport-ws'] } = options
    const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}${path}`, protocols, { headers })
    const client = new WsTestClient(socket)
    await new Promise<void>((resolve, reject) => {
      socket.on('open', resolve)
      socket.on('error', reject)
      socket.on('unexpected-response', (request: { destroy(): void }, response: IncomingMessage) => {
        reject(new UpgradeRefused(response.statusCode ?? 0))
        request.destroy()
      })
    })
    return client
  }

  /** Opens a socket and has it acknowledged. */
  static async connect(origin: string, token: string, options?: WsOptions): Promise<WsTestClient> {
    const client = await WsTestClient.open(origin, options)
    await client.init({ authorization: `Bearer ${token}` })
    return client
  }

  send(message: unknown): void {
    this.sendRaw(JSON.stringify(message))
  }

  sendRaw(data: string | Buffer): void {
    this.socket.send(data)
  }

  async init(payload?: Record<string, unknown>): Promise<void> {
    this.send(payload === undefined ? { type: 'connection_init' } : { type: 'connection_init', payload })
    const message = await this.messages.next()
    if (message.type !== 'connection_ack') throw new Error(`Not acknowledged: ${JSON.stringify(message)}`)
  }

  /** Starts an operation and returns its id. */
  subscribe(query: string, variables?: Record<string, unknown>): string {
    this.#lastId += 1
    const id = String(this.#lastId)
    this.send({ type: 'subscribe', id, payload: { query, variables } })
    return id
  }

  /** The result in the next message, which must be a `next`. */
  async next(): Promise<FormattedExecutionResult> {
    return await this.#payloadOf<FormattedExecutionResult>('next')
  }

  /** The errors in the next message, which must be an `error`. */
  async errors(): Promise<GraphQLFormattedError[]> {
    return await this.#payloadOf<GraphQLFormattedError[]>('error')
  }

  /** Stops reading from the network, as a stalled client does. */
  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  async close(): Promise<WsClose> {
    this.socket.close(1000)
    return await this.closed
  }

  async #payloadOf<T>(type: string): Promise<T> {
    const message = await this.messages.next()
    if (message.type !== type) throw new Error(`Not ${type}: ${JSON.stringify(message)}`)
    return message.payload as T
  }
}
