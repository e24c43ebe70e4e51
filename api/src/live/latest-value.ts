/**
 * A value that is replaced, and those who watch it: each gets the current one first, then the newest whenever it asks;
 * what it was too slow for is not kept.
 */
export class LatestValue<T> {
  #value: { current: T } | null = null
  #version = 0
  #closed = false
  #waiters = new Set<() => void>()
  #watchers = 0

  get watchers(): number {
    return this.#watchers
  }

  set(value: T): void {
    this.#value = { current: value }
    this.#version += 1
    this.#wake()
  }

  close(): void {
    this.#closed = true
    this.#wake()
  }

  /** Watching begins here, not with the first `next()`. `onEnd` is called once. */
  watch(onEnd?: () => void): AsyncIterableIterator<T> {
    let seen = 0
    let ended = false
    const waiting = new Set<() => void>()
    this.#watchers += 1
    const end = () => {
      if (ended) return
      ended = true
      this.#watchers -= 1
      for (const resolve of waiting) {
        this.#waiters.delete(resolve)
        resolve()
      }
      onEnd?.()
    }
    const pull = async (): Promise<IteratorResult<T>> => {
      for (;;) {
        if (ended) return { done: true, value: undefined }
        if (this.#value && seen < this.#version) {
          seen = this.#version
          return { done: false, value: this.#value.current }
        }
        if (this.#closed) {
          end()
          return { done: true, value: undefined }
        }
        // oxlint-disable-next-line no-await-in-loop
        await new Promise<void>((resolve) => {
          const wake = () => {
            waiting.delete(wake)
            resolve()
          }
          waiting.add(wake)
          this.#waiters.add(wake)
        })
      }
    }
    return {
      [Symbol.asyncIterator]() {
        return this
      },
      next: pull,
      return: () => {
        end()
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  #wake(): void {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const waiter of waiters) waiter()
  }
}
