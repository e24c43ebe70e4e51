import { SharedSource, type SourceUpdate } from '../fanout/shared-source.ts'
import type { Sample } from '../metrics/sample.ts'
import { type ClosedWindow, WindowFold } from './window-fold.ts'
import type { WindowLog } from './window-log.ts'

/** Samples taken from the log's memory at once. */
const BATCH = 200

export interface WindowSourceOptions {
  /** Every window whose last sample lies after this sequence is given, whole. */
  after: number
  /** A follower that is more samples behind than this jumps forward. */
  maxBehind: number
  startId: string
  onEnd: () => void
}

/** One follower of the windows of a log: the sequence of the last sample that it was given, and no queue. */
export class WindowSource<P> extends SharedSource<P> {
  readonly feed: WindowLog<P>
  readonly #options: WindowSourceOptions
  #position: number
  /** Read ahead and not given yet. */
  #ready: ClosedWindow[] = []
  /** Where the read goes on, as long as this follower is behind. */
  #reading: { fold: WindowFold; sequence: number } | undefined
  /** Samples that were missed, and are not told of yet. */
  #skipped = 0

  constructor(feed: WindowLog<P>, options: WindowSourceOptions) {
    super(options.onEnd)
    this.feed = feed
    this.#options = options
    this.#position = options.after
  }

  get position(): number {
    return this.#position
  }

  override get startId(): string {
    return this.#options.startId
  }

  override get needsFetch(): boolean {
    return this.#position < this.feed.version
  }

  override get hasGap(): boolean {
    return this.#skipped > 0
  }

  poll(): SourceUpdate<P> | undefined {
    if (this.isEnded) return undefined
    let window = this.#ready.shift()
    if (window === undefined) {
      window = this.feed.windowAfter(this.#position)
      if (window === undefined) return undefined
      this.#reading = undefined
    }
    const { firstSequence, last, count } = window
    const alreadyGiven = Math.max(0, this.#position + 1 - firstSequence)
    this.#skipped += Math.max(0, last.sequence - this.#position - (count - alreadyGiven))
    this.#position = last.sequence
    const payload = this.feed.payloadOf(window, this.#skipped)
    const update = this.#skipped > 0 ? { payload } : { payload, version: last.sequence }
    this.#skipped = 0
    return update
  }

  /** Reads the next windows, from memory or from the store, through the newest one that is closed. */
  override async fetch(): Promise<void> {
    const { version: through } = this.feed
    this.#ready = await this.#read(through)
    if (this.#ready.length > 0) return
    this.#skipped += through - this.#position
    this.#position = through
  }

  /** Nothing that was read ahead stays in memory while the follower is live. */
  override goLive(): void {
    this.#reading = undefined
  }

  resumeAfter(version: number): void {
    this.#position = version
  }

  async #read(through: number): Promise<ClosedWindow[]> {
    const { log } = this.feed
    this.#reading ??= await this.#begin()
    const reading = this.#reading
    const windows: ClosedWindow[] = []
    while (windows.length === 0 && reading.sequence < through) {
      const samples = log.kept(reading.sequence, BATCH) ?? (await log.readAfter(reading.sequence))
      if (samples.length === 0) break
      for (const sample of samples) {
        if (sample.sequence > through) break
        reading.sequence = sample.sequence
        windows.push(...this.#unseen(reading.fold.add(sample)))
      }
      if ((samples.at(-1)?.sequence ?? 0) > through) break
    }
    // The newest one that is closed, by whatever closed it; or all that is left of it.
    if (windows.length === 0 || reading.sequence >= through) {
      const { open } = reading.fold
      if (open !== undefined) windows.push(...this.#unseen([open]))
      this.#reading = undefined
    }
    return windows
  }

  #unseen(windows: ClosedWindow[]): ClosedWindow[] {
    return windows.filter(({ last }) => last.sequence > this.#position)
  }

  async #begin(): Promise<{ fold: WindowFold; sequence: number }> {
    const { log, lengthMs } = this.feed
    const fold = new WindowFold(lengthMs)
    const sequence = Math.max(this.#position, log.newest - this.#options.maxBehind)
    const before: Sample[] = await this.feed.samplesThrough(sequence)
    for (const sample of before) fold.add(sample)
    return { fold, sequence }
  }
}
