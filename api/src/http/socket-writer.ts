import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { MessageSink, SharedMessage } from '../live/shared-message.ts'

/** A socket that owes its reader more than this is not listened to until the reader has caught up. */
const MAX_BUFFERED_BYTES = 1024 * 1024
/** Bytes of shared messages between two questions whether the reader has come that far. */
const BYTES_PER_PING = 64 * 1024
/** Bytes that a reader may be behind. The kernels between us would hide megabytes. */
const MAX_UNCONFIRMED_BYTES = 256 * 1024
/** In the first byte of a frame: the last part of a text message. */
const FINAL_TEXT = 0x81
const CLOSING_BRACE = Buffer.from('}')

/**
 * All that is sent over one WebSocket. What the protocol says goes the public way, through ws, and waits for its
 * reader. Shared messages are framed here and joined: one write for each socket and turn of the event loop, however
 * many subscriptions it holds.
 *
 * Both may write to the same stream because ws, without compression, hands every frame to it whole and at once.
 */
export class SocketWriter {
  readonly #socket: WebSocket
  readonly #stream: Duplex
  readonly #closed: Promise<void>
  #frames: { operation: Operation; message: SharedMessage }[] = []
  #queuedBytes = 0
  /** Of shared messages, since the socket opened. */
  #sentBytes = 0
  #askedAt = 0
  #confirmedBytes = 0
  #waiting: (() => void)[] = []

  constructor(socket: WebSocket, stream: Duplex) {
    this.#socket = socket
    this.#stream = stream
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()))
    stream.on('drain', () => this.#resume())
    socket.on('pong', (data) => this.#confirm(data))
  }

  /**
   * Sends a message of the protocol. Resolves when the kernel has taken it: whoever sends one at a time holds one.
   * Where the socket is going away it resolves when it is gone, so that a source is not pulled dry into nothing.
   */
  async send(data: string): Promise<void> {
    this.#flush()
    if (this.#socket.readyState !== this.#socket.OPEN) return await this.#closed
    const sent = await new Promise<boolean>((resolve) => {
      this.#socket.send(data, (error) => {
        this.#listenAgain()
        resolve(error == null)
      })
      // A reader who asks and asks and never reads would otherwise fill memory with answers.
      if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) this.#socket.pause()
    })
    if (!sent) await this.#closed
  }

  /** Where the shared messages of one operation go; once it is withdrawn by its client, nowhere. */
  sinkFor(id: string, isWithdrawn: () => boolean): MessageSink {
    const isReady = () => this.#isReady()
    const prefix = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`)
    const operation: Operation = { prefix, isWithdrawn }
    return {
      get isReady() {
        return isReady()
      },
      write: (message) => this.#queue(operation, message),
      onReady: (resume) => void this.#waiting.push(resume),
    }
  }

  #isReady(): boolean {
    return (
      !this.#stream.writableNeedDrain &&
      this.#queuedBytes < BYTES_PER_PING &&
      this.#sentBytes - this.#confirmedBytes < MAX_UNCONFIRMED_BYTES
    )
  }

  #queue(operation: Operation, message: SharedMessage): void {
    if (this.#frames.length === 0) flushAfterThisTurn(this)
    this.#frames.push({ operation, message })
    this.#queuedBytes += operation.prefix.length + message.json.length
  }

  /** Called once a turn, and before anything else is sent. */
  flush(): void {
    this.#flush()
    this.#resume()
  }

  #flush(): void {
    if (this.#frames.length === 0) return
    const frames = this.#frames.filter(({ operation }) => !operation.isWithdrawn())
    this.#frames = []
    this.#queuedBytes = 0
    if (this.#socket.readyState !== this.#socket.OPEN || frames.length === 0) return
    const bytes = framed(frames)
    this.#sentBytes += bytes.length
    this.#stream.write(bytes)
    if (this.#sentBytes - this.#askedAt < BYTES_PER_PING) return
    this.#askedAt = this.#sentBytes
    this.#socket.ping(String(this.#sentBytes))
  }

  #confirm(data: Buffer): void {
    const bytes = Number(data.toString('latin1'))
    // A pong of the keep-alive is empty, and a client may send whatever it likes.
    if (!(bytes > this.#confirmedBytes && bytes <= this.#askedAt)) return
    this.#confirmedBytes = bytes
    this.#resume()
  }

  #resume(): void {
    if (this.#waiting.length === 0 || !this.#isReady()) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }

  #listenAgain(): void {
    if (this.#socket.isPaused && this.#socket.bufferedAmount <= MAX_BUFFERED_BYTES / 2) this.#socket.resume()
  }
}

interface Operation {
  /** Of its `next` messages, up to the payload. */
  prefix: Buffer
  isWithdrawn: () => boolean
}

/** The frames of these messages, one after another, in one buffer. */
function framed(frames: readonly { operation: Operation; message: SharedMessage }[]): Buffer {
  let total = 0
  for (const { operation, message } of frames) {
    const length = operation.prefix.length + message.json.length + 1
    total += headerLength(length) + length
  }
  const bytes = Buffer.allocUnsafe(total)
  let at = 0
  for (const { operation, message } of frames) {
    const { prefix } = operation
    const { json } = message
    at = writeHeader(bytes, at, prefix.length + json.length + 1)
    at += prefix.copy(bytes, at)
    at += json.copy(bytes, at)
    at += CLOSING_BRACE.copy(bytes, at)
  }
  return bytes
}

/** RFC 6455, 5.2: a server's frames are not masked. */
function headerLength(payload: number): number {
  if (payload < 126) return 2
  return payload < 65_536 ? 4 : 10
}

function writeHeader(bytes: Buffer, at: number, payload: number): number {
  bytes[at] = FINAL_TEXT
  if (payload < 126) {
    bytes[at + 1] = payload
    return at + 2
  }
  if (payload < 65_536) {
    bytes[at + 1] = 126
    return bytes.writeUInt16BE(payload, at + 2)
  }
  bytes[at + 1] = 127
  return bytes.writeBigUInt64BE(BigInt(payload), at + 2)
}

/** Writers with something to flush. Everything published in one turn goes out together. */
let due: SocketWriter[] = []

function flushAfterThisTurn(writer: SocketWriter): void {
  if (due.length === 0) setImmediate(flushAll)
  due.push(writer)
}

function flushAll(): void {
  const writers = due
  due = []
  for (const writer of writers) writer.flush()
}
