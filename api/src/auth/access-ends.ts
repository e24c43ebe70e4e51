/** What has ended: a token together with every session that was opened with it, or one session. */
export type AccessEnd = { tokenId: string } | { sessionId: string }

/**
 * Emits an event when a token is revoked or a session ends. Listeners are called in the order in which they were added.
 */
export class AccessEnds {
  readonly #listeners: ((end: AccessEnd) => void)[] = []

  on(listener: (end: AccessEnd) => void): void {
    this.#listeners.push(listener)
  }

  emit(end: AccessEnd): void {
    for (const listener of this.#listeners) listener(end)
  }
}
