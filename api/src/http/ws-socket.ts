import type { WebSocket } from 'ws'

/** A socket that owes its reader more than this is not listened to until the reader has caught up. */
const MAX_BUFFERED_BYTES = 1024 * 1024

/** Sending that waits for the reader, over one WebSocket. */
export class PatientSocket {
  readonly #socket: WebSocket
  readonly #closed: Promise<void>

  constructor(socket: WebSocket) {
    this.#socket = socket
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()))
  }

  /**
   * Resolves when the kernel has taken the message: whoever sends one at a time holds one. Where the socket is going
   * away it resolves when it is gone, so that a source is not pulled dry into nothing.
   */
  async send(data: string): Promise<void> {
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

  #listenAgain(): void {
    if (this.#socket.isPaused && this.#socket.bufferedAmount <= MAX_BUFFERED_BYTES / 2) this.#socket.resume()
  }
}
