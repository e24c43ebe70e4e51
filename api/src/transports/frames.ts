import type { SharedMessage } from '../fanout/shared-message.ts'

// RFC 6455, section 5.2: the frames of a server are whole here, and not masked.
const FINAL_TEXT = 0x81
const FINAL_PING = 0x89
const CLOSING_BRACE = 0x7d
const MAX_HEAD = 10
/** What a frame of a shared message takes at most beside the message and what stands before it. */
export const MAX_FRAME_EXTRA_BYTES = MAX_HEAD + 1
/** A number in decimal digits. */
const MAX_PING_BYTES = 2 + 16

/** A text message in a frame: UTF-8, in parts. */
export function textFrame(parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const bytes = Buffer.allocUnsafe(MAX_HEAD + length)
  let end = writeHead(bytes, 0, length)
  for (const part of parts) end += part.copy(bytes, end)
  return bytes.subarray(0, end)
}

export function pingFrame(data: number): Buffer {
  const bytes = Buffer.allocUnsafe(MAX_PING_BYTES)
  return bytes.subarray(0, writePing(bytes, 0, data))
}

/**
 * The frames of one write, one after another in one buffer, which is used again for the next socket. Sockets that follow
 * the same subscriptions are written to one after the other: the frames are then there already, and only what stands
 * before each message is replaced, which names the subscription.
 */
export class Frames {
  #bytes: Buffer
  #view: Buffer
  /** What the buffer holds: each message, where its frame's payload begins and where it ends. */
  readonly #messages: SharedMessage[] = []
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  /** Those of this write. */
  #count = 0
  #length = 0

  /** @param capacity in bytes of frames of messages */
  constructor(capacity: number) {
    this.#bytes = this.#view = Buffer.allocUnsafeSlow(capacity + MAX_PING_BYTES)
  }

  /** Bytes of this write. */
  get length(): number {
    return this.#length
  }

  /** Of this write. */
  get bytes(): Buffer {
    if (this.#view.length !== this.#length) this.#view = this.#bytes.subarray(0, this.#length)
    return this.#view
  }

  /** The next write begins. */
  restart(): void {
    this.#count = this.#length = 0
  }

  /** @param prefix the beginning of the payload, whose end is a closing brace */
  add(prefix: Buffer, message: SharedMessage): void {
    const at = this.#count
    const payload = prefix.length + message.json.length + 1
    this.#count += 1
    if (at < this.#messages.length && this.#messages[at] === message) {
      const start = this.#starts[at] as number
      if (this.#ends[at] === start + payload) {
        this.#bytes.set(prefix, start)
        this.#length = start + payload
        return
      }
    }
    this.#forgetFrom(at)
    const start = writeHead(this.#bytes, this.#length, payload)
    const end = start + payload
    this.#bytes.set(prefix, start)
    this.#bytes.set(message.json, start + prefix.length)
    this.#bytes[end - 1] = CLOSING_BRACE
    this.#messages.push(message)
    this.#starts.push(start)
    this.#ends.push(end)
    this.#length = end
  }

  /** After all messages of this write. */
  addPing(data: number): void {
    this.#forgetFrom(this.#count)
    this.#length = writePing(this.#bytes, this.#length, data)
  }

  /** Leaves the buffer to those who still read it. */
  replaceBuffer(): void {
    this.#bytes = this.#view = Buffer.allocUnsafeSlow(this.#bytes.length)
    this.#forgetFrom(0)
  }

  #forgetFrom(at: number): void {
    if (at < this.#messages.length) this.#messages.length = this.#starts.length = this.#ends.length = at
  }
}

/** Gives where the payload begins. */
function writeHead(bytes: Buffer, at: number, payload: number): number {
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

/** Gives where the frame ends. */
function writePing(bytes: Buffer, at: number, data: number): number {
  const text = String(data)
  bytes[at] = FINAL_PING
  bytes[at + 1] = text.length
  return at + 2 + bytes.write(text, at + 2, 'latin1')
}
