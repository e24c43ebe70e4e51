import { ByteStream } from './stream.ts'
import {
  type Connection,
  operation,
  type Position,
  rawPath,
  type Subscriber,
  type SubscriberEvents,
  type Target,
} from './subscriber.ts'
import { indexOfMessage, subscriptionId } from './tally.ts'
import { clientFrame, CLOSE, PING, PONG, readFrames, TEXT } from './websocket-frames.ts'

const HEAD_END = '\r\n\r\n'

/** A client of graphql-transport-ws that counts its messages instead of reading them. */
export class WebSocketSubscriber implements Subscriber {
  readonly #stream: ByteStream
  readonly #target: Target
  readonly #after: Position | undefined
  readonly #token: string | undefined
  readonly #events: SubscriberEvents
  #isUpgraded = false
  #reason = 'the connection was closed'

  constructor(target: Target, { localAddress, token, after }: Connection, events: SubscriberEvents) {
    this.#target = target
    this.#after = after
    this.#token = token
    this.#events = events
    const origin = new URL(target.origin)
    this.#stream = new ByteStream(origin, localAddress, {
      onBytes: (bytes, length) => this.#read(bytes, length),
      onClose: () => events.onEnd(this.#reason),
    })
    const path = target.protocol === 'raw' ? rawPath(target, after) : '/graphql'
    this.#stream.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${origin.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        `Sec-WebSocket-Protocol: graphql-transport-ws${HEAD_END}`,
    )
  }

  pause(): void {
    this.#stream.socket.pause()
  }

  resume(): void {
    this.#stream.socket.resume()
  }

  destroy(): void {
    this.#stream.socket.destroy()
  }

  #read(bytes: Buffer, length: number): number {
    const head = this.#isUpgraded ? 0 : this.#readHead(bytes, length)
    if (!this.#isUpgraded) return 0
    return (
      head +
      readFrames(bytes.subarray(head), length - head, (opcode, from, to) => {
        if (opcode === TEXT) this.#readText(bytes, head + from, head + to)
        else if (opcode === PING) this.#send(PONG, Buffer.from(bytes.subarray(head + from, head + to)))
        else if (opcode === CLOSE) this.#fail(`closed: ${bytes.toString('latin1', head + from + 2, head + to)}`)
      })
    )
  }

  #readHead(bytes: Buffer, length: number): number {
    const end = bytes.subarray(0, length).indexOf(HEAD_END, 0, 'latin1')
    if (end < 0) return 0
    const head = bytes.toString('latin1', 0, end)
    if (!head.startsWith('HTTP/1.1 101')) this.#fail(head.split('\r\n', 1)[0] ?? '')
    else {
      this.#isUpgraded = true
      if (this.#target.protocol === 'raw') this.#events.onOpen()
      else this.#sendMessage({ type: 'connection_init', payload: this.#authorization() })
    }
    return end + HEAD_END.length
  }

  #readText(bytes: Buffer, from: number, to: number): void {
    const index = this.#target.deploymentIds.length > 1 ? indexOfMessage(bytes, from) : 0
    if (this.#events.onMessage(index, bytes, from, to)) return
    const text = bytes.toString('utf8', from, to)
    const type = /"type":"(\w+)"/.exec(text)?.[1]
    if (type === 'connection_ack') this.#subscribe()
    else if (type === 'ping') this.#sendMessage({ type: 'pong' })
    else if (type !== 'pong') this.#fail(`said ${text.slice(0, 300)}`)
  }

  #subscribe(): void {
    for (const index of this.#target.deploymentIds.keys()) {
      const payload = operation(this.#target, index, this.#after)
      this.#sendMessage({ id: subscriptionId(index), type: 'subscribe', payload })
    }
    this.#events.onOpen()
  }

  #authorization() {
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }
  }

  #sendMessage(message: object): void {
    this.#send(TEXT, Buffer.from(JSON.stringify(message)))
  }

  #send(opcode: number, payload: Buffer): void {
    this.#stream.socket.write(clientFrame(opcode, payload))
  }

  #fail(reason: string): void {
    this.#reason = reason
    this.#stream.socket.destroy()
  }
}
