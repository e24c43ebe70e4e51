import { Semaphore, type SemaphoreOptions } from './semaphore.ts'

/** A semaphore for each key, for as long as somebody uses it: what waits in one does not hold up the others. */
export class Lanes {
  readonly #options: SemaphoreOptions
  readonly #lanes = new Map<string, { semaphore: Semaphore; users: number }>()

  constructor(options: SemaphoreOptions) {
    this.#options = options
  }

  /**
   * Runs the work with a permit of its lane.
   * @throws `refusal()` when the queue of the lane is full, the reason of `signal` once it aborts, what `work` throws
   */
  async run<T>(key: string, work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    const lane = this.#lanes.get(key) ?? { semaphore: new Semaphore(this.#options), users: 0 }
    this.#lanes.set(key, lane)
    lane.users += 1
    try {
      const release = await lane.semaphore.acquire(signal)
      try {
        return await work()
      } finally {
        release()
      }
    } finally {
      lane.users -= 1
      if (lane.users === 0) this.#lanes.delete(key)
    }
  }

  /** Whether work with this key would begin at once. */
  hasRoom(key: string): boolean {
    return this.#lanes.get(key)?.semaphore.hasRoom ?? true
  }

  /** Refuses all who wait in a lane now: what has just failed would fail for each of them, after as long. */
  refuseWaiting(key: string, reason: Error): void {
    this.#lanes.get(key)?.semaphore.refuseWaiting(reason)
  }
}
