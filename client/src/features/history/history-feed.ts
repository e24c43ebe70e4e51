import type { Client } from 'urql'
import { connection, isLost } from '../../graphql/connection.ts'
import type { Refresher } from '../../graphql/refresh.ts'
import type { Streams } from '../../graphql/streams.ts'
import { serverNow } from '../../live/clock.ts'
import { everyFrame } from '../../live/every-frame.ts'
import { isCoarse } from './details.ts'
import { followWindows } from './live-windows.ts'
import { type History, HistoryRefusedError, type HistorySubject, loadHistories } from './load-histories.ts'
import { isLiveStep, pointsFor, stepFor } from './resolution.ts'
import { type Drawn, type HistoryPoint, SeriesColumns } from './series-columns.ts'
import { boundsOf, spanMsOf, type TimeRange } from './time-range.ts'

/** Windows that no stream sends are asked for again: as often as they end, within these bounds. */
const LEAST_POLL_MS = 5_000
const MOST_POLL_MS = 60_000
const RETRY_MS = 5_000
/** A range that ends now moves on without data once the next window is this late. */
const LATE_SECONDS = 3

export interface FeedOptions {
  subjects: readonly HistorySubject[]
  range: TimeRange
  maxPoints: number
  /** Whether to load the distributions too, for a heatmap. */
  buckets?: boolean
  /** Whether to load what only the page of one subject shows. */
  details?: boolean
  /** The requests per second to expect of the first subject, if that is known. */
  expectedRate?: number | undefined
  streams: Pick<Streams, 'follow'>
  refresher: Pick<Refresher, 'subscribe'>
  samples: Client
  /** What was drawn before: of the same subjects, drawn until the history has arrived. */
  before?: HistoryFeed | undefined
  schedule?: (flush: () => void) => () => void
}

export type FeedState = 'loading' | 'ready' | 'failed' | 'refused'

/**
 * The histories of one or several subjects over the range on the screen, kept up to date while the range ends now.
 * Windows of up to a minute of a deployment come from its stream, from the end of the history on, without a gap or an
 * overlap; of all others, the newest windows are asked for again from time to time.
 */
export class HistoryFeed {
  readonly subjects: readonly HistorySubject[]
  readonly timeRange: TimeRange
  readonly #options: FeedOptions
  readonly #series: SeriesColumns[]
  readonly #summaries: (History['summary'] | undefined)[] = []
  readonly #listeners = new Set<() => void>()
  readonly #changed: () => void
  #step = 1
  #bounds: boolean
  #state: FeedState = 'loading'
  #problem = ''
  #end = serverNow() / 1000
  #load = 0
  #stops: (() => void)[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #version = 0

  constructor(options: FeedOptions) {
    this.#options = options
    this.subjects = options.subjects
    this.timeRange = options.range
    this.#series = options.subjects.map((subject) => options.before?.seriesOf(subject) ?? new SeriesColumns())
    this.#step = options.before?.stepSeconds ?? 1
    this.#bounds = options.before ? options.before.#bounds : false
    this.#changed = (options.schedule ?? everyFrame)(() => {
      this.#version += 1
      for (const listener of this.#listeners) listener()
    })
  }

  get state(): FeedState {
    return this.#state
  }

  /** Why the API refuses the history, in its words. */
  get problem(): string {
    return this.#problem
  }

  /** The width of the windows, in seconds. */
  get stepSeconds(): number {
    return this.#step
  }

  /** Grows with every change, for `useSyncExternalStore`. */
  get version(): number {
    return this.#version
  }

  /** The windows of a subject, by its position among the subjects. */
  series(index: number): SeriesColumns {
    return this.#series[index] ?? new SeriesColumns()
  }

  /** The windows of a subject; undefined if it is not among the subjects. */
  seriesOf(subject: HistorySubject): SeriesColumns | undefined {
    const key = JSON.stringify(subject)
    return this.#series[this.subjects.findIndex((one) => JSON.stringify(one) === key)]
  }

  /** The whole range as one window, as of when the history was loaded. */
  summary(index: number): History['summary'] | undefined {
    return this.#summaries[index]
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The range on the screen, in seconds since 1970. One that ends now ends with the newest window. */
  range(): [from: number, to: number] {
    const { timeRange } = this
    if (timeRange.kind === 'fixed') return [timeRange.fromMs / 1000, timeRange.toMs / 1000]
    const newest = Math.max(...this.#series.map((series) => series.newest)) + this.#step
    const isMoving = this.#state === 'ready' && newest > this.#end - this.#step * 2 - LATE_SECONDS
    // The newest window may be unfinished: it ends later than now.
    const to = isMoving ? Math.min(newest, this.#end) : this.#end
    return [to - spanMsOf(timeRange) / 1000, to]
  }

  /** Whether the range has any of these figures of a subject. */
  has(index: number, figures: readonly Drawn[]): boolean {
    return this.series(index).has(figures, this.range()[0])
  }

  /** Starts loading and following. Call the returned function to stop. */
  start(): () => void {
    void this.#reload()
    const tick = setInterval(() => this.#tick(), 1000)
    const stopRefreshing = this.#options.refresher.subscribe(() => {
      if (this.#isOpen || this.#state !== 'ready') void this.#reload()
    })
    return () => {
      clearInterval(tick)
      stopRefreshing()
      this.#stop()
    }
  }

  /** Whether more windows may still come. */
  get #isOpen(): boolean {
    return this.timeRange.kind === 'trailing' || this.timeRange.toMs > serverNow()
  }

  #stop(): void {
    this.#load += 1
    clearTimeout(this.#timer)
    for (const stop of this.#stops) stop()
    this.#stops = []
  }

  async #reload(expectedRate = this.#options.expectedRate): Promise<void> {
    this.#stop()
    const load = this.#load
    const { fromMs, toMs } = boundsOf(this.timeRange, serverNow())
    const span = (toMs - fromMs) / 1000
    const step = stepFor(span, this.#options.maxPoints, expectedRate)
    const histories = await this.#ask(load, fromMs, toMs, Math.max(1, Math.ceil(span / step)) + 1)
    if (!histories) return
    // What was expected may have been wrong, or nothing was known: the first answer tells.
    const rate = histories[0]?.summary.requestsPerSecond ?? undefined
    const better = stepFor(span, this.#options.maxPoints, rate)
    const isTooFine = better > (histories[0]?.stepSeconds ?? Infinity) && rate !== expectedRate
    if (histories.some((history) => this.#needsBounds(history?.summary)) || isTooFine) return this.#reload(rate)
    this.#show(histories)
    if (this.#isOpen) this.#follow(load, histories)
  }

  /** Whether a source may be coarse, and its bounds were not asked for. From then on, they are. */
  #needsBounds(sample: Pick<HistoryPoint, 'details'> | undefined): boolean {
    if (this.#bounds || !sample?.details || !isCoarse(sample.details)) return false
    this.#bounds = true
    return true
  }

  async #ask(load: number, fromMs: number, toMs: number, maxPoints: number) {
    const { samples, buckets = false, details = false } = this.#options
    const bounds = this.#bounds && details
    const range = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
    try {
      const histories = await loadHistories(samples, this.subjects, { ...range, maxPoints, buckets, details, bounds })
      return load === this.#load ? histories : undefined
    } catch (problem) {
      if (load !== this.#load) return undefined
      const isRefused = problem instanceof HistoryRefusedError
      if (isRefused) this.#problem = problem.message
      if (this.#state !== 'ready') this.#state = isRefused ? 'refused' : 'failed'
      if (!isRefused) this.#later(load, RETRY_MS, () => void this.#reload())
      this.#changed()
      return undefined
    }
  }

  #show(histories: readonly (History | undefined)[]): void {
    this.#end = serverNow() / 1000
    this.#step = Math.max(...histories.map((history) => history?.stepSeconds ?? 0)) || this.#step
    for (const [index, history] of histories.entries()) {
      const series = new SeriesColumns()
      series.replace(history?.points ?? [])
      this.#series[index] = series
      this.#summaries[index] = history?.summary
    }
    this.#state = 'ready'
    this.#changed()
  }

  #follow(load: number, histories: readonly (History | undefined)[]): void {
    const isStreamed = this.timeRange.kind === 'trailing' && isLiveStep(this.#step)
    let needsPoll = false
    for (const [index, subject] of this.subjects.entries()) {
      const history = histories[index]
      if (isStreamed && subject.kind === 'deployment' && history?.stepSeconds === this.#step) {
        this.#stream(load, index, subject.id, history.endCursor)
      } else needsPoll = true
    }
    if (needsPoll) this.#pollLater(load)
  }

  #stream(load: number, index: number, id: string, after: string | undefined): void {
    const { buckets = false, details = false, streams } = this.#options
    const bounds = this.#bounds && details
    const stop = followWindows(
      streams,
      { id, after, stepSeconds: this.#step, buckets, details, bounds },
      {
        next: (point, skipped) => {
          if (load !== this.#load) return
          // Windows of another width would not continue the line: it would mean something else from there on.
          if (Math.abs(point.windowMs / 1000 - this.#step) < this.#step / 100) {
            this.series(index).put(point)
            this.series(index).trim(this.range()[0])
            this.#end = serverNow() / 1000
            this.#changed()
          }
          if (skipped > 0 || this.#needsBounds(point)) void this.#reload()
        },
        restarted: () => void this.#reload(),
      },
    )
    this.#stops.push(stop)
  }

  #later(load: number, ms: number, run: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (load !== this.#load) return
      if (document.hidden || isLost(connection.get())) this.#later(load, ms, run)
      else run()
    }, ms)
  }

  #pollLater(load: number): void {
    const ms = Math.min(MOST_POLL_MS, Math.max(LEAST_POLL_MS, this.#step * 1000))
    this.#later(load, ms, () => void this.#poll(load))
  }

  /** Asks for the newest windows again: the last one that is held may have been unfinished, and some may have begun. */
  async #poll(load: number): Promise<void> {
    const stepMs = this.#step * 1000
    const newest = Math.max(this.range()[0], ...this.#series.map((series) => series.newest)) * 1000
    const fromMs = Math.floor(newest / stepMs) * stepMs
    // Whole windows, so that the API chooses the same width.
    const toMs = Math.max(Math.ceil(serverNow() / stepMs) * stepMs, fromMs + stepMs)
    const histories = await this.#ask(load, fromMs, toMs, pointsFor(fromMs, toMs, this.#step))
    if (load !== this.#load) return
    this.#end = serverNow() / 1000
    for (const [index, history] of (histories ?? []).entries()) {
      if (history?.stepSeconds === this.#step) for (const point of history.points) this.series(index).put(point)
      this.series(index).trim(this.range()[0])
    }
    this.#changed()
    if (this.#isOpen) this.#pollLater(load)
  }

  /** Moves a range that ends now on when no windows arrive although the connection is up (paused, late, coarse). */
  #tick(): void {
    if (this.timeRange.kind === 'fixed' || document.hidden || isLost(connection.get())) return
    const now = serverNow() / 1000
    const [from, to] = this.range()
    // Nobody sees a move of less than a pixel or two.
    if (now - this.#end < (to - from) / 600) return
    this.#end = now
    this.#changed()
  }
}
