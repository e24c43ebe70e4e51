/** A part of a running server: what it does by itself begins with `start` and is over when `stop` resolves. */
export interface Part {
  start?(): void | Promise<void>
  stop?(): void | Promise<void>
}

/** Starts parts in order and stops them in reverse, since each may use those before it. */
export class Lifecycle {
  readonly #started: Part[] = []

  /** @throws the error of the first part that fails; those after it are not started */
  async start(...parts: Part[]): Promise<void> {
    for (const part of parts) {
      // Noted before it starts: one that fails halfway may hold something that only its `stop` lets go of.
      this.#started.push(part)
      await part.start?.()
    }
  }

  /**
   * Stops every part, whatever fails on the way, so that nothing stays open or locked. Stopping again does nothing.
   * @throws the failure when there was one, an AggregateError when there were several
   */
  async stop(): Promise<void> {
    const failures: unknown[] = []
    for (let part = this.#started.pop(); part !== undefined; part = this.#started.pop()) {
      try {
        await part.stop?.()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length === 1) throw failures[0]
    if (failures.length > 1) throw new AggregateError(failures, 'Several parts of the server failed to stop.')
  }
}
