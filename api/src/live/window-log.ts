import type { LiveLog } from '../fanout/live-log.ts'
import type { FeedUpdate, SharedFeed } from '../fanout/shared-source.ts'
import { Waiters } from '../fanout/waiters.ts'
import type { Sample } from '../metrics/sample.ts'
import { isCompleteAfterMs } from './expected-samples.ts'
import { endOf } from './trailing-blocks.ts'
import { type ClosedWindow, WindowFold, windowStartOf } from './window-fold.ts'

/** The newest windows that are kept in memory. */
const KEPT_WINDOWS = 64
const BATCH = 64

export interface WindowLogOptions<P> {
  log: LiveLog<Sample>
  lengthMs: number
  /** Samples that end in a range, from the store. */
  readEnding: (fromMs: number, toMs: number) => Promise<Sample[]>
  /** The sample with this sequence, from the store. */
  readAt: (sequence: number) => Promise<Sample | undefined>
  payloadOf: (window: ClosedWindow, skipped: number) => P
  idOf: (payload: P) => string
  onError: (error: unknown) => void
}

/**
 * The samples of one log as windows of one length, each once it is closed: made once for all who follow them. Versions
 * are the sequences of their last samples.
 *
 * A window that was closed by the clock and gets more samples after all is sent again, whole, at the sequence of the
 * last of those.
 */
export class WindowLog<P> implements SharedFeed<P> {
  readonly subject = this
  readonly idOf: (payload: P) => string
  readonly #options: WindowLogOptions<P>
  readonly #fold: WindowFold
  /** Ascending. */
  #kept: ClosedWindow[] = []
  #version = 0
  /** Every sample through this sequence is in a window. */
  #position = 0
  #isFilling = false
  #isClosed = false
  #failure: Error | undefined
  readonly #waiters = new Waiters()
  #unsubscribe: () => void = () => undefined

  constructor(options: WindowLogOptions<P>) {
    this.#options = options
    this.idOf = options.idOf
    this.#fold = new WindowFold(options.lengthMs)
  }

  /** Begins with the window of the newest sample. Rejects when the store does. */
  async open(): Promise<void> {
    const head = this.#options.log.newest
    const samples = await this.samplesThrough(head)
    this.#position = head
    this.#version = samples[0] === undefined ? head : samples[0].sequence - 1
    for (const sample of samples) this.#take(sample)
    this.#drain()
  }

  /** Nobody follows any more. */
  dispose(): void {
    this.#unsubscribe()
    this.#isClosed = true
  }

  get log(): LiveLog<Sample> {
    return this.#options.log
  }

  get lengthMs(): number {
    return this.#options.lengthMs
  }

  get version(): number {
    return this.#version
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  after(version: number): FeedUpdate<P> | undefined {
    const window = this.windowAfter(version)
    return window && { version: window.last.sequence, payload: this.payloadOf(window, 0) }
  }

  payloadOf(window: ClosedWindow, skipped: number): P {
    return this.#options.payloadOf(window, skipped)
  }

  onChange(wake: () => void): () => void {
    return this.#waiters.add(wake)
  }

  /** The window that a follower who has everything through `sequence` is given next, if no sample lies between. */
  windowAfter(sequence: number): ClosedWindow | undefined {
    if (sequence >= this.#version) return undefined
    // Most followers have all but the newest.
    let at = this.#kept.length - 1
    while (at > 0 && (this.#kept[at - 1]?.last.sequence ?? 0) > sequence) at -= 1
    const window = this.#kept[at]
    if (window === undefined || window.last.sequence <= sequence) return undefined
    const isWhole = window.last.sequence - window.firstSequence + 1 === window.count
    return isWhole && window.firstSequence <= sequence + 1 ? window : undefined
  }

  /** The samples of the window that the sample with this sequence lies in, from its first one to that one. */
  async samplesThrough(sequence: number): Promise<Sample[]> {
    const { log, lengthMs, readAt, readEnding } = this.#options
    if (sequence <= 0) return []
    const last = log.entry(sequence) ?? (await readAt(sequence))
    if (last === undefined) return []
    const startMs = windowStartOf(last, lengthMs)
    const samples = [last]
    for (;;) {
      const first = samples[0] as Sample
      if (first.sequence === 1) return samples
      const before = log.entry(first.sequence - 1)
      if (before === undefined) return [...(await readEnding(startMs, first.windowStartMs)), ...samples]
      if (endOf(before) <= startMs) return samples
      samples.unshift(before)
    }
  }

  /** Whether the open window would be closed by the clock, if the log holds no newer sample. */
  isDue(nowMs: number): boolean {
    const { newest, endMs } = this.#fold
    if (newest === undefined || newest.sequence <= this.#version || this.#isClosed) return false
    return nowMs >= endMs + isCompleteAfterMs(newest)
  }

  /** Closes a window that is due. The store was asked: no sample is newer than `head`. */
  closeDue(nowMs: number, head: number): void {
    if (this.#position !== head || !this.isDue(nowMs)) return
    this.#emit(this.#fold.open)
    this.#waiters.wake()
  }

  /** Takes what the log holds, and waits for more. */
  #drain(): void {
    const { log } = this.#options
    if (this.#isFilling || this.#isClosed) return
    if (log.failure !== undefined) return this.#fail(log.failure)
    const before = this.#version
    for (;;) {
      const samples = log.kept(this.#position, BATCH)
      if (samples === null) return void this.#fill()
      if (samples.length === 0) break
      for (const sample of samples) this.#take(sample)
    }
    if (log.isClosed) {
      this.#emit(this.#fold.open)
      this.#isClosed = true
    } else {
      this.#unsubscribe = log.onChange(() => this.#drain())
    }
    if (this.#version !== before || this.#isClosed) this.#waiters.wake()
  }

  /** Reads what has left the log's memory before it was taken. Never rejects. */
  async #fill(): Promise<void> {
    const { log, onError } = this.#options
    this.#isFilling = true
    const newest = log.newest
    try {
      const samples = await log.readAfter(this.#position)
      for (const sample of samples) this.#take(sample)
      if (samples.length === 0) this.#position = newest
    } catch (error) {
      onError(error)
      // Whoever follows reads it from the store.
      this.#position = newest
    } finally {
      this.#isFilling = false
    }
    this.#waiters.wake()
    this.#drain()
  }

  #take(sample: Sample): void {
    if (sample.sequence > this.#position) this.#position = sample.sequence
    for (const window of this.#fold.add(sample)) this.#emit(window)
  }

  #emit(window: ClosedWindow | undefined): void {
    // It was closed by the clock, and nothing came since.
    if (window === undefined || window.last.sequence <= this.#version) return
    this.#kept.push(window)
    if (this.#kept.length > KEPT_WINDOWS) this.#kept.shift()
    this.#version = window.last.sequence
  }

  #fail(error: Error): void {
    this.#failure = error
    this.#isClosed = true
    this.#kept = []
    // Nothing is left to be read.
    this.#version = 0
    this.#waiters.wake()
  }
}
