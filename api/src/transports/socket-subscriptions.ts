import { MAX_SUBSCRIPTION_BYTES_PER_SOCKET, MAX_SUBSCRIPTIONS_PER_SOCKET } from '../base/limits.ts'
import { limitError } from '../engine/limit-error.ts'

/** The open subscriptions of one socket: their number and what is kept of them is limited. */
export class SocketSubscriptions {
  /** The size of each, by id. */
  readonly #bytes = new Map<string, number>()
  #total = 0

  get size(): number {
    return this.#bytes.size
  }

  /**
   * @param payload of its `subscribe` message: the document and its variables are kept for as long as it is open
   * @throws RefusedError when the socket has no room for it
   */
  add(id: string, payload: object): void {
    const count = this.size + 1
    if (count > MAX_SUBSCRIPTIONS_PER_SOCKET) throw limitError('subscriptions', MAX_SUBSCRIPTIONS_PER_SOCKET, count)
    const bytes = Buffer.byteLength(id) + Buffer.byteLength(JSON.stringify(payload))
    const total = this.#total + bytes
    if (total > MAX_SUBSCRIPTION_BYTES_PER_SOCKET) {
      throw limitError('subscriptionBytes', MAX_SUBSCRIPTION_BYTES_PER_SOCKET, total)
    }
    this.#bytes.set(id, bytes)
    this.#total = total
  }

  delete(id: string): void {
    this.#total -= this.#bytes.get(id) ?? 0
    this.#bytes.delete(id)
  }
}
