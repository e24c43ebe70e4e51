import { WindowLog, type WindowLogOptions } from './window-log.ts'
import { WindowSource, type WindowSourceOptions } from './window-source.ts'

interface Open<P> {
  log: WindowLog<P>
  opened: Promise<void>
  followers: number
}

/** The windows that are followed of one log: one log of windows for each length, opened by its first follower. */
export class OpenWindows<P> {
  readonly #options: Omit<WindowLogOptions<P>, 'lengthMs'>
  /** By length in milliseconds. */
  readonly #open = new Map<number, Open<P>>()

  constructor(options: Omit<WindowLogOptions<P>, 'lengthMs'>) {
    this.#options = options
  }

  /** Rejects when the store does. */
  async follow(lengthMs: number, options: WindowSourceOptions): Promise<WindowSource<P>> {
    const open = this.#open.get(lengthMs) ?? this.#begin(lengthMs)
    open.followers += 1
    const leave = () => {
      open.followers -= 1
      if (open.followers > 0) return
      open.log.dispose()
      if (this.#open.get(lengthMs) === open) this.#open.delete(lengthMs)
    }
    try {
      await open.opened
    } catch (error) {
      leave()
      throw error
    }
    const onEnd = () => {
      leave()
      options.onEnd()
    }
    return new WindowSource(open.log, { ...options, onEnd })
  }

  /** Whether one would be closed by the clock, if no newer sample is stored. */
  isDue(nowMs: number): boolean {
    for (const { log } of this.#open.values()) if (log.isDue(nowMs)) return true
    return false
  }

  /** Closes those that are due. The store was asked: no sample is newer than `head`. */
  closeDue(nowMs: number, head: number): void {
    for (const { log } of this.#open.values()) log.closeDue(nowMs, head)
  }

  #begin(lengthMs: number): Open<P> {
    const log = new WindowLog({ ...this.#options, lengthMs })
    const open = { log, opened: log.open(), followers: 0 }
    // One that cannot be read is opened anew by the next follower.
    open.opened.catch(() => this.#open.delete(lengthMs))
    this.#open.set(lengthMs, open)
    return open
  }
}
