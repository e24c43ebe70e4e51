const EVENT_HEAD = Buffer.from('event: next\ndata: ')
const EVENT_TAIL = Buffer.from('\n\n')
const CHUNK_TAIL = Buffer.from('\r\n')

/** The serialised answer of one execution, made once for all who are sent it. */
export class SharedMessage {
  /** An ExecutionResult as JSON, UTF-8. */
  readonly json: Buffer
  #event: Buffer | undefined
  #eventChunk: Buffer | undefined

  constructor(json: string) {
    this.json = Buffer.from(json)
  }

  /** As a server-sent event. */
  get event(): Buffer {
    this.#event ??= Buffer.concat([EVENT_HEAD, this.json, EVENT_TAIL])
    return this.#event
  }

  /** The same as a chunk of a chunked HTTP/1.1 body. */
  get eventChunk(): Buffer {
    if (this.#eventChunk === undefined) {
      const length = EVENT_HEAD.length + this.json.length + EVENT_TAIL.length
      const size = Buffer.from(`${length.toString(16)}\r\n`)
      this.#eventChunk = Buffer.concat([size, EVENT_HEAD, this.json, EVENT_TAIL, CHUNK_TAIL])
    }
    return this.#eventChunk
  }
}

/** Where one subscriber's messages go. */
export interface MessageSink {
  /** False while the reader is behind: what is written now would only pile up. */
  readonly isReady: boolean
  write(message: SharedMessage): void
  /** Calls back once, when `isReady` has become true; never, where the reader is gone. */
  onReady(resume: () => void): void
}
