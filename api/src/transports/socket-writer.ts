import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { MessageSink, SharedMessage } from '../fanout/shared-message.ts'
import { unpooledUtf8 } from '../fanout/unpooled-utf8.ts'

/** A socket that owes its reader more than this is not listened to until the reader has caught up. */
const MAX_BUFFERED_BYTES = 1024 * 1024
/** Bytes of shared messages between two questions whether the reader has come that far. */
const BYTES_PER_PING = 64 * 1024
/** Bytes that a reader may be behind. The kernels between us would hide megabytes. */
const MAX_UNCONFIRMED_BYTES = 256 * 1024
/** In the first byte of a frame: the last part of a text message. */
const FINAL_TEXT = 0x81
const CLOSING_BRACE = 0x7d
/** Writes up to this size share their memory: most are in the kernel when `write` returns. */
const SCRATCH_BYTES = 16 * 1024

/**
 * All that is sent over one WebSocket. What the protocol says goes the public way, through ws, and waits for its
 * reader. Shared messages are framed here and joined: one write for each socket and turn of the event loop, however
 * many subscriptions it holds. News for a socket with a single one is written at once, while it is at hand.
 *
 * Both may write to the same stream because ws, without compression, hands every frame to it whole and at once.
 */
export class SocketWriter {
  readonly #socket: WebSocket
  readonly #stream: Duplex
  readonly #subscriptions: ReadonlySet<string>
  readonly #closed: Promise<void>
  /** What this turn brings, in order: whose, and what. */
  readonly #sinks: OperationSink[] = []
  readonly #messages: SharedMessage[] = []
  #queuedBytes = 0
  /** Of shared messages, since the socket opened. */
  #sentBytes = 0
  #askedAt = 0
  #confirmedBytes = 0
  #waiting: (() => void)[] = []
  /** Asked for every message and subscriber, so it is kept instead of worked out. */
  #isReady = true

  /** @param subscriptions ids of what the socket follows, at any time */
  constructor(socket: WebSocket, stream: Duplex, subscriptions: ReadonlySet<string>) {
    this.#socket = socket
    this.#stream = stream
    this.#subscriptions = subscriptions
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()))
    stream.on('drain', () => this.#resume())
    socket.on('pong', (data) => this.#confirm(data))
  }

  /** False while the reader is behind. */
  get isReady(): boolean {
    return this.#isReady
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
      this.#look()
      // A reader who asks and asks and never reads would otherwise fill memory with answers.
      if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) this.#socket.pause()
    })
    if (!sent) await this.#closed
  }

  /** Where the shared messages of one operation go; once it is withdrawn by its client, nowhere. */
  sinkFor(id: string, isUnsubscribed: () => boolean): MessageSink {
    return new OperationSink(this, id, isUnsubscribed)
  }

  /** Calls back once, when `isReady` has become true. */
  onReady(resume: () => void): void {
    this.#waiting.push(resume)
  }

  queue(sink: OperationSink, message: SharedMessage, isLive: boolean): void {
    if (isLive && this.#sinks.length === 0 && this.#subscriptions.size === 1) {
      this.#write([sink], [message])
      return this.#look()
    }
    if (this.#sinks.length === 0) flushAfterThisTurn(this)
    this.#sinks.push(sink)
    this.#messages.push(message)
    this.#queuedBytes += sink.prefix.length + message.json.length
    if (this.#queuedBytes >= BYTES_PER_PING) this.#isReady = false
  }

  /** Called once a turn, and before anything else is sent. */
  flush(): void {
    this.#flush()
    this.#resume()
  }

  #flush(): void {
    if (this.#sinks.length === 0) return
    this.#queuedBytes = 0
    this.#write(this.#sinks, this.#messages)
    this.#sinks.length = this.#messages.length = 0
    this.#look()
  }

  /** The frames of all messages, one after another, in one write. */
  #write(sinks: readonly OperationSink[], messages: readonly SharedMessage[]): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    let total = 0
    for (let at = 0; at < sinks.length; at += 1) {
      const { prefix, isUnsubscribed } = sinks[at] as OperationSink
      if (!isUnsubscribed()) total += frameLength(prefix.length + (messages[at] as SharedMessage).json.length + 1)
    }
    if (total === 0) return
    // What the kernel has not taken lies where it was written: it must not be written over.
    const isShared = total <= SCRATCH_BYTES && this.#stream.writableLength === 0
    const bytes = isShared ? scratch.subarray(0, total) : Buffer.allocUnsafe(total)
    let end = 0
    for (let at = 0; at < sinks.length; at += 1) {
      const { prefix, isUnsubscribed } = sinks[at] as OperationSink
      if (isUnsubscribed()) continue
      const { json } = messages[at] as SharedMessage
      end = writeHeader(bytes, end, prefix.length + json.length + 1)
      bytes.set(prefix, end)
      bytes.set(json, end + prefix.length)
      end += prefix.length + json.length
      bytes[end] = CLOSING_BRACE
      end += 1
    }
    this.#stream.write(bytes)
    if (isShared && this.#stream.writableLength > 0) scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
    this.#sentBytes += total
    if (this.#sentBytes - this.#askedAt >= BYTES_PER_PING) {
      this.#askedAt = this.#sentBytes
      this.#socket.ping(String(this.#sentBytes))
    }
  }

  #confirm(data: Buffer): void {
    const bytes = Number(data.toString('latin1'))
    // A pong of the keep-alive is empty, and a client may send whatever it likes.
    if (!(bytes > this.#confirmedBytes && bytes <= this.#askedAt)) return
    this.#confirmedBytes = bytes
    this.#resume()
  }

  #look(): void {
    this.#isReady =
      !this.#stream.writableNeedDrain &&
      this.#queuedBytes < BYTES_PER_PING &&
      this.#sentBytes - this.#confirmedBytes < MAX_UNCONFIRMED_BYTES
  }

  #resume(): void {
    this.#look()
    if (this.#waiting.length === 0 || !this.#isReady) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }

  #listenAgain(): void {
    if (this.#socket.isPaused && this.#socket.bufferedAmount <= MAX_BUFFERED_BYTES / 2) this.#socket.resume()
  }
}

/** Where the shared messages of one operation go. */
class OperationSink implements MessageSink {
  /** Of its `next` messages, up to the payload. */
  readonly prefix: Buffer
  readonly isUnsubscribed: () => boolean
  readonly #writer: SocketWriter

  constructor(writer: SocketWriter, id: string, isUnsubscribed: () => boolean) {
    this.#writer = writer
    this.prefix = unpooledUtf8(`{"id":${JSON.stringify(id)},"type":"next","payload":`)
    this.isUnsubscribed = isUnsubscribed
  }

  get isReady(): boolean {
    return this.#writer.isReady
  }

  write(message: SharedMessage, isLive = false): void {
    this.#writer.queue(this, message, isLive)
  }

  onReady(resume: () => void): void {
    this.#writer.onReady(resume)
  }
}

let scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)

/** RFC 6455, 5.2: a server's frames are not masked. */
function frameLength(payload: number): number {
  if (payload < 126) return 2 + payload
  return (payload < 65_536 ? 4 : 10) + payload
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
