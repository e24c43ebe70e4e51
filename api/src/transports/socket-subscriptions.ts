import { MAX_SUBSCRIPTIONS_PER_SOCKET } from '../base/limits.ts'
import { limitError } from '../engine/limit-error.ts'

/** The ids of the open subscriptions of one socket, whose number is limited. */
export class SocketSubscriptions {
  readonly #ids = new Set<string>()

  get size(): number {
    return this.#ids.size
  }

  /** @throws RefusedError when the socket has no room for it */
  add(id: string): void {
    const count = this.size + 1
    if (count > MAX_SUBSCRIPTIONS_PER_SOCKET) throw limitError('subscriptions', MAX_SUBSCRIPTIONS_PER_SOCKET, count)
    this.#ids.add(id)
  }

  delete(id: string): void {
    this.#ids.delete(id)
  }
}
