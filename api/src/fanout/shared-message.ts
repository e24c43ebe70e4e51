import { unpooledUtf8 } from './unpooled-utf8.ts'

const EVENT_HEAD = 'event: next\ndata: '
const EVENT_TAIL = '\n\n'
const CHUNK_TAIL = '\r\n'

/** The serialised result of one execution, made once for every subscriber: the same bytes in each of their forms. */
export class SharedMessage {
  /** An ExecutionResult as JSON, UTF-8. */
  readonly json: Buffer
  /** As a server-sent event. */
  readonly event: Buffer
  /** The server-sent event as a chunk of a chunked HTTP/1.1 body. */
  readonly eventChunk: Buffer
  /** Such a message is for the moment at which it was made. */
  readonly hasErrors: boolean

  /** @param id of the server-sent event: one line of ASCII. The JSON does not contain it. */
  constructor(text: string, id?: string, hasErrors = false) {
    this.hasErrors = hasErrors
    const head = id === undefined ? EVENT_HEAD : `id: ${id}\n${EVENT_HEAD}`
    const length = Buffer.byteLength(text)
    const size = `${(head.length + length + EVENT_TAIL.length).toString(16)}\r\n`
    const start = size.length + head.length
    const bytes = unpooledUtf8(size + head + text + EVENT_TAIL + CHUNK_TAIL)
    this.json = bytes.subarray(start, start + length)
    this.event = bytes.subarray(size.length, -CHUNK_TAIL.length)
    this.eventChunk = bytes
  }
}

/** Where one subscriber's messages go. */
export interface MessageSink {
  /** False while the reader is behind (backpressure): what is written now would only pile up. */
  readonly isReady: boolean
  /** @param isLive whether the message is sent as it happens; a subscriber that catches up gets many at a time. */
  write(message: SharedMessage, isLive?: boolean): void
  /** Calls back once, when `isReady` has become true; never, if the reader has disconnected. */
  onReady(resume: () => void): void
}
