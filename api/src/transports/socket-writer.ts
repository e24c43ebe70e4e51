import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { RefusedError } from '../base/errors.ts'
import type { MessageSink, SharedMessage } from '../fanout/shared-message.ts'
import { unpooledUtf8 } from '../fanout/unpooled-utf8.ts'
import { Frames, MAX_FRAME_EXTRA_BYTES, pingFrame, textFrame } from './frames.ts'
import type { UnreadOfConnection } from './unread-bytes.ts'

/** While more than this is buffered for the reader of a socket, no answers are made, nor is the socket read from. */
const MAX_BUFFERED_BYTES = 1024 * 1024
/** How many bytes of shared messages lie between two pings. The pong says that the reader has come that far. */
const BYTES_PER_PING = 64 * 1024
/** How many bytes may be unconfirmed by a pong. The kernels on both sides would hide megabytes of backpressure. */
const MAX_UNCONFIRMED_BYTES = 256 * 1024
/** Writes up to this size share one buffer: the kernel has taken most of them when `write` returns. */
const SHARED_BYTES = 16 * 1024

/**
 * Everything that is sent over one WebSocket. `send` waits until the kernel has taken a message of the protocol. Shared
 * messages are joined: one write per socket and turn of the event loop, however many subscriptions it holds. A live
 * message for a socket with a single subscription is written at once. Pings travel with them.
 *
 * The frames are made here, each in one buffer with its payload, which ws would write as two. Both may write to the same
 * stream because ws, without compression, writes every frame whole and synchronously.
 */
export class SocketWriter {
  readonly #socket: WebSocket
  readonly #stream: Duplex
  readonly #subscriptions: { readonly size: number }
  readonly #closed: Promise<void>
  /** The queue of this turn of the event loop, in order: for each message, the sink it is for. */
  readonly #sinks: OperationSink[] = []
  readonly #messages: SharedMessage[] = []
  #queuedBytes = 0
  /** Bytes of shared messages since the socket opened; of these: up to the last ping, and up to the last pong. */
  #sentBytes = 0
  #pingedBytes = 0
  #confirmedBytes = 0
  #waiting: (() => void)[] = []
  /** Operations that run once the reader has taken the answers to those before. */
  #tooEarly: (() => void)[] = []
  #mayWait = true
  /** Read for every message and subscriber, so it is stored instead of computed. */
  #isReady = true
  #unread: UnreadOfConnection | undefined
  #isPingDue = false
  #hasAnswered = true

  /** @param subscriptions the socket's open subscriptions; the caller keeps them up to date */
  constructor(socket: WebSocket, stream: Duplex, subscriptions: { readonly size: number }) {
    this.#socket = socket
    this.#stream = stream
    this.#subscriptions = subscriptions
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#unread?.set(0)
        this.refuseToWait()
        resolve()
      })
    })
    stream.on('drain', () => {
      this.#resumeReading()
      this.#resume()
    })
    socket.on('pong', (data) => this.#confirm(data))
  }

  /** False while the reader is behind (backpressure). */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Whether the reader has answered a ping since it was last asked to. */
  get hasAnswered(): boolean {
    return this.#hasAnswered
  }

  /** The next write ends with a ping. */
  ask(): void {
    this.#hasAnswered = false
    this.#isPingDue = true
  }

  /** Pings, unless a write has done so since `ask`. */
  askNow(): void {
    if (!this.#isPingDue || this.#socket.readyState !== this.#socket.OPEN) return
    this.#pinged()
    this.#stream.write(pingFrame(this.#sentBytes))
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#socket.terminate()
  }

  /** Whether so much is buffered that no more answers are to be made. A socket that is closing has no reader. */
  get isFarBehind(): boolean {
    return this.#socket.bufferedAmount > MAX_BUFFERED_BYTES && this.#socket.readyState === this.#socket.OPEN
  }

  /**
   * Resolves when the reader is no longer far behind.
   * @throws RefusedError UNAVAILABLE when that will not be
   */
  async untilTaken(): Promise<void> {
    if (!this.isFarBehind) return
    if (this.#mayWait) await new Promise<void>((resolve) => this.#tooEarly.push(resolve))
    if (this.#mayWait) return
    throw new RefusedError('UNAVAILABLE', 'The connection was closed before this operation had its turn.')
  }

  /** From now on, an operation whose answer could not be read does not run. Called before the socket is closed. */
  refuseToWait(): void {
    this.#mayWait = false
    this.#endWaiting()
  }

  /** From now on, what the kernel has not taken counts for the caller. */
  count(unread: UnreadOfConnection): void {
    this.#unread = unread
  }

  /** A client that sends requests or pings and never reads would otherwise fill memory with answers. */
  pauseIfBehind(): void {
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) this.#socket.pause()
    this.#updateReadiness()
  }

  /**
   * Sends a message of the protocol, which may be in parts. Resolves when the kernel has taken it, so that a caller that awaits each message
   * buffers at most one. On a socket that is closing it resolves when the socket is closed: nothing more is made for
   * it.
   */
  async send(text: string | readonly Buffer[]): Promise<void> {
    this.#flush()
    if (this.#socket.readyState !== this.#socket.OPEN) return await this.#closed
    const sent = await new Promise<boolean>((resolve) => {
      this.#stream.write(textFrame(typeof text === 'string' ? [Buffer.from(text)] : text), (error) => {
        this.#resumeReading()
        resolve(error == null)
      })
      this.pauseIfBehind()
    })
    if (!sent) await this.#closed
  }

  /**
   * The sink for the shared messages of one operation. Queued messages are dropped once the client has unsubscribed.
   */
  sinkFor(id: string, isUnsubscribed: () => boolean): MessageSink {
    return new OperationSink(this, id, isUnsubscribed)
  }

  /** Calls back once, when `isReady` has become true. */
  onReady(resume: () => void): void {
    this.#waiting.push(resume)
  }

  queue(sink: OperationSink, message: SharedMessage, isLive: boolean): void {
    const bytes = sink.prefix.length + message.json.length + MAX_FRAME_EXTRA_BYTES
    if (isLive && this.#sinks.length === 0 && this.#subscriptions.size === 1) {
      const frames = this.#framesOf(bytes)
      if (!sink.isUnsubscribed()) frames.add(sink.prefix, message)
      this.#write(frames)
      return this.#updateReadiness()
    }
    if (this.#sinks.length === 0) flushAfterThisTurn(this)
    this.#sinks.push(sink)
    this.#messages.push(message)
    this.#queuedBytes += bytes
    if (this.#queuedBytes >= BYTES_PER_PING) this.#isReady = false
  }

  /** Writes what is queued. Called once a turn. */
  flush(): void {
    this.#flush()
    this.#resume()
  }

  #flush(): void {
    if (this.#sinks.length === 0) return
    const frames = this.#framesOf(this.#queuedBytes)
    for (let at = 0; at < this.#sinks.length; at += 1) {
      const sink = this.#sinks[at] as OperationSink
      if (!sink.isUnsubscribed()) frames.add(sink.prefix, this.#messages[at] as SharedMessage)
    }
    this.#write(frames)
    this.#queuedBytes = 0
    this.#sinks.length = this.#messages.length = 0
    this.#updateReadiness()
  }

  /** What the kernel has not taken yet stays in the buffer that was written: such a buffer is not shared. */
  #framesOf(bytes: number): Frames {
    const isShared = bytes <= SHARED_BYTES && this.#stream.writableLength === 0
    const frames = isShared ? sharedFrames : new Frames(bytes)
    frames.restart()
    return frames
  }

  #write(frames: Frames): void {
    if (frames.length === 0 || this.#socket.readyState !== this.#socket.OPEN) return
    this.#sentBytes += frames.length
    if (this.#isPingDue || this.#sentBytes - this.#pingedBytes >= BYTES_PER_PING) {
      this.#pinged()
      frames.addPing(this.#sentBytes)
    }
    this.#stream.write(frames.bytes)
    if (frames === sharedFrames && this.#stream.writableLength > 0) frames.replaceBuffer()
  }

  #pinged(): void {
    this.#isPingDue = false
    this.#pingedBytes = this.#sentBytes
  }

  #confirm(data: Buffer): void {
    this.#hasAnswered = true
    const bytes = Number(data.toString('latin1'))
    // A client may send any pong it likes.
    if (!(bytes > this.#confirmedBytes && bytes <= this.#pingedBytes)) return
    this.#confirmedBytes = bytes
    this.#resume()
  }

  #updateReadiness(): void {
    const isBehind = this.#stream.writableNeedDrain
    this.#unread?.set(isBehind ? this.#stream.writableLength : 0)
    this.#isReady =
      !isBehind && this.#queuedBytes < BYTES_PER_PING && this.#sentBytes - this.#confirmedBytes < MAX_UNCONFIRMED_BYTES
  }

  #resume(): void {
    this.#updateReadiness()
    if (this.#waiting.length === 0 || !this.#isReady) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }

  #resumeReading(): void {
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES / 2) return
    if (this.#socket.isPaused) this.#socket.resume()
    this.#endWaiting()
  }

  #endWaiting(): void {
    const waiting = this.#tooEarly
    if (waiting.length === 0) return
    this.#tooEarly = []
    for (const resolve of waiting) resolve()
  }
}

/** The sink for the shared messages of one operation. */
class OperationSink implements MessageSink {
  /** The beginning of each `next` message, up to the payload. */
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

const sharedFrames = new Frames(SHARED_BYTES)

/** Writers with something to flush. Everything published in one turn of the event loop is written together. */
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
