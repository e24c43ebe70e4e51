import { ByteStream } from './stream.ts'
import {
  type Connection,
  operation,
  rawPath,
  type Subscriber,
  type SubscriberEvents,
  type Target,
} from './subscriber.ts'

const HEAD_END = '\r\n\r\n'
const EVENT_END = '\n\n'

/** A client of one event stream that counts its events instead of reading them. */
export class EventStreamSubscriber implements Subscriber {
  readonly #stream: ByteStream
  readonly #events: SubscriberEvents
  #hasHead = false
  /** An event of which only the beginning has come. */
  #begun: Buffer | undefined
  #reason = 'the connection was closed'

  constructor(target: Target, { localAddress, token, after }: Connection, events: SubscriberEvents) {
    this.#events = events
    const origin = new URL(target.origin)
    this.#stream = new ByteStream(origin, localAddress, {
      onBytes: (bytes, length) => this.#read(bytes, length),
      onClose: () => events.onEnd(this.#reason),
    })
    const body = JSON.stringify(operation(target, 0, after))
    const path = target.protocol === 'raw' ? rawPath(target, after) : '/graphql'
    this.#stream.socket.write(
      `POST ${path} HTTP/1.1\r\nHost: ${origin.host}\r\nAccept: text/event-stream\r\n` +
        (token === undefined ? '' : `Authorization: Bearer ${token}\r\n`) +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}${HEAD_END}${body}`,
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
    let at = this.#hasHead ? 0 : this.#readHead(bytes, length)
    if (!this.#hasHead) return 0
    for (;;) {
      const lineEnd = bytes.indexOf('\r\n', at, 'latin1')
      if (lineEnd < 0 || lineEnd >= length) return at
      const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
      const to = lineEnd + 2 + size
      if (to + 2 > length) return at
      this.#readChunk(bytes, lineEnd + 2, to)
      at = to + 2
    }
  }

  #readHead(bytes: Buffer, length: number): number {
    const end = bytes.subarray(0, length).indexOf(HEAD_END, 0, 'latin1')
    if (end < 0) return 0
    const head = bytes.toString('latin1', 0, end)
    if (!head.startsWith('HTTP/1.1 200') || !/transfer-encoding: chunked/i.test(head)) {
      this.#reason = `answered ${head.split('\r\n', 1)[0]} ${bytes.toString('utf8', end, Math.min(length, end + 300))}`
      this.destroy()
    } else {
      this.#hasHead = true
      this.#events.onOpen()
    }
    return end + HEAD_END.length
  }

  #readChunk(chunk: Buffer, from: number, to: number): void {
    let bytes = chunk
    let at = from
    let end = to
    if (this.#begun !== undefined) {
      bytes = Buffer.concat([this.#begun, chunk.subarray(from, to)])
      at = 0
      end = bytes.length
      this.#begun = undefined
    }
    while (at < end) {
      const eventEnd = bytes.indexOf(EVENT_END, at, 'latin1')
      if (eventEnd < 0 || eventEnd + EVENT_END.length > end) {
        this.#begun = Buffer.from(bytes.subarray(at, end))
        return
      }
      this.#readEvent(bytes, at, eventEnd)
      at = eventEnd + EVENT_END.length
    }
  }

  #readEvent(bytes: Buffer, from: number, to: number): void {
    if (this.#events.onMessage(0, bytes, from, to)) return
    const text = bytes.toString('utf8', from, to)
    // Comments keep the connection alive.
    if (text.startsWith(':') || text === '') return
    this.#reason = `said ${text}`
    this.destroy()
  }
}
