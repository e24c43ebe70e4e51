import { networkOf } from '../auth/failed-attempts.ts'
import { MAX_UNAUTHENTICATED_SOCKETS, MAX_UNAUTHENTICATED_SOCKETS_PER_ADDRESS } from '../base/limits.ts'

/** Counts the sockets that have not authenticated yet, in total and by address. */
export class UnauthenticatedSockets {
  #total = 0
  readonly #byNetwork = new Map<string, number>()

  /** Returns the function that frees the place, which may be called more than once; undefined when there is no room. */
  enter(address: string): (() => void) | undefined {
    const network = networkOf(address)
    const ofNetwork = this.#byNetwork.get(network) ?? 0
    if (this.#total >= MAX_UNAUTHENTICATED_SOCKETS || ofNetwork >= MAX_UNAUTHENTICATED_SOCKETS_PER_ADDRESS)
      return undefined
    this.#total += 1
    this.#byNetwork.set(network, ofNetwork + 1)
    let isInside = true
    return () => {
      if (!isInside) return
      isInside = false
      this.#total -= 1
      const left = (this.#byNetwork.get(network) ?? 1) - 1
      if (left === 0) this.#byNetwork.delete(network)
      else this.#byNetwork.set(network, left)
    }
  }
}
