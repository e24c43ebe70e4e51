/** What ended: a token, with every session opened with it, or one session. */
export type AccessEnd = { tokenId: string } | { sessionId: string }

/** Passes on that a token was revoked or a session ended. Listeners hear of it in the order in which they came. */
export class AccessEnds {
  readonly #listeners: ((end: AccessEnd) => void)[] = []

  on(listener: (end: AccessEnd) => void): void {
    this.#listeners.push(listener)
  }

  emit(end: AccessEnd): void {
    for (const listener of this.#listeners) listener(end)
  }
}
