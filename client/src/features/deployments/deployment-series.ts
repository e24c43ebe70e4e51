import type { Client } from 'urql'
import { connection, isLost } from '../../graphql/connection.ts'
import { graphql } from '../../graphql/documents.ts'
import type { Refresher } from '../../graphql/refresh.ts'
import type { Streams } from '../../graphql/streams.ts'
import { serverNow } from '../../live/clock.ts'
import { everyFrame } from '../../live/every-frame.ts'
import type { Track } from '../../live/fleet-figures.ts'
import { SampleRing } from '../../live/sample-ring.ts'
import { type Figure, type Sample, toSample } from '../../live/sample.ts'

const HistoryDocument = graphql(`
  query DeploymentHistory($id: ID!, $from: DateTime!, $maxPoints: Int!) {
    deployment(id: $id) {
      id
      metricsHistory(from: $from, maxPoints: $maxPoints) {
        resolutionSeconds
        endCursor
        points {
          ...Figures_metrics
        }
      }
    }
  }
`)

const LiveDocument = graphql(`
  subscription DeploymentMetrics($id: ID!, $after: SampleCursor) {
    inferenceMetrics(deploymentId: $id, after: $after) {
      cursor
      skipped
      metrics {
        source
        ...Figures_metrics
      }
    }
  }
`)

/** A range of up to this many seconds is drawn from single windows, which the live stream continues. */
const LONGEST_IN_SINGLE_WINDOWS = 900
/** A range does not start at the start of a window, so it can contain a few more windows than seconds. */
const MOST_POINTS = LONGEST_IN_SINGLE_WINDOWS + 60
/** For longer ranges: about one window for every two pixels. */
const MERGED_POINTS = 480
/** Room for windows that arrive before the oldest have left the range. */
const SLACK = 64
/** Who comes back after longer requests the history; the stream brings what is missing by itself otherwise. */
const RELOAD_AFTER_MS = 3_000
const RELOAD_COARSE_MS = 10_000
/** A sample's window is one second by default; merged windows are longer. */
const LONGEST_SINGLE_MS = 2_000

export interface SeriesOptions {
  id: string
  rangeSeconds: number
  streams: Pick<Streams, 'follow'>
  refresher: Pick<Refresher, 'subscribe'>
  samples: Client
  /** The samples that are known already; drawn until the history has arrived. */
  seed: Pick<Track, 'ring' | 'latest'> | undefined
  schedule?: (flush: () => void) => () => void
}

export interface Reading {
  times: readonly number[]
  values: readonly (readonly number[])[]
  stepSeconds: number
}

/**
 * The samples of one deployment over the range on the screen: first the history, then live samples from its end on,
 * without a gap or an overlap. Long ranges consist of merged windows, which only the server can compute (percentiles
 * cannot be averaged), so those are requested again from time to time.
 */
export class DeploymentSeries {
  readonly #options: SeriesOptions
  readonly #ring: SampleRing
  readonly #listeners = new Set<() => void>()
  readonly #changed: () => void
  #step = 1
  #end: number
  #latest: Sample | undefined
  #source: string | undefined
  #state: 'loading' | 'ready' | 'failed' = 'loading'
  #load = 0
  #stopLive: (() => void) | undefined

  constructor(options: SeriesOptions) {
    this.#options = options
    this.#ring = new SampleRing(MOST_POINTS + SLACK)
    this.#end = serverNow() / 1000
    this.#changed = (options.schedule ?? everyFrame)(() => {
      for (const listener of this.#listeners) listener()
    })
    for (const row of options.seed?.ring.rows() ?? []) this.#ring.push(row.at, row)
    this.#latest = options.seed?.latest
  }

  get state(): 'loading' | 'ready' | 'failed' {
    return this.#state
  }

  get latest(): Sample | undefined {
    return this.#latest
  }

  /** The source of the samples, by the API's name. */
  get source(): string | undefined {
    return this.#source
  }

  get stepSeconds(): number {
    return this.#step
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * The range on the screen, in seconds since 1970. It ends with the newest window, or at the current time if no
   * windows arrive.
   */
  range(): [from: number, to: number] {
    const to = Math.max(this.#end, this.#ring.newest + this.#step)
    return [to - this.#options.rangeSeconds, to]
  }

  read(figures: readonly Figure[]): Reading {
    return {
      times: this.#ring.times(),
      values: figures.map((figure) => this.#ring.column(figure)),
      stepSeconds: this.#step,
    }
  }

  /** Whether the range has any of these figures. */
  has(figures: readonly Figure[]): boolean {
    return this.#ring.has(figures, this.range()[0])
  }

  /** Starts loading and subscribing. Call the returned function to stop. */
  start(): () => void {
    void this.#reload()
    const tick = setInterval(() => this.#tick(), 1000)
    const stopRefreshing = this.#options.refresher.subscribe(() => {
      if (this.#isMerged || serverNow() - (this.#latest?.at ?? 0) > RELOAD_AFTER_MS) void this.#reload()
    })
    return () => {
      this.#load += 1
      this.#stopLive?.()
      clearInterval(tick)
      stopRefreshing()
    }
  }

  async #reload(): Promise<void> {
    const load = ++this.#load
    const { samples, id, rangeSeconds } = this.#options
    const from = new Date(serverNow() - rangeSeconds * 1000).toISOString()
    const maxPoints = rangeSeconds <= LONGEST_IN_SINGLE_WINDOWS ? MOST_POINTS : MERGED_POINTS
    const { data } = await samples.query(HistoryDocument, { id, from, maxPoints }).toPromise()
    if (load !== this.#load) return
    const history = data?.deployment?.metricsHistory
    if (history) {
      this.#step = history.resolutionSeconds
      this.#ring.clear()
      for (const point of history.points) {
        const sample = toSample(point)
        this.#ring.push(sample.at / 1000, sample)
        if (this.#isSingle(sample) && sample.at > (this.#latest?.at ?? 0)) this.#latest = sample
      }
      this.#end = serverNow() / 1000
      this.#state = 'ready'
    } else if (this.#state === 'loading') {
      this.#state = 'failed'
    }
    this.#changed()
    // Merged windows take nothing from the live stream, so it need not start again where they end.
    if (!this.#isMerged || !this.#stopLive) this.#follow(history?.endCursor ?? undefined)
    if (this.#isMerged || !history) this.#reloadLater(load)
  }

  get #isMerged(): boolean {
    return this.#step * 1000 > LONGEST_SINGLE_MS
  }

  /** Whether the range is drawn from windows as they were recorded, and this sample is one of them. */
  #isSingle(sample: Sample): boolean {
    return this.#step * 1000 <= sample.windowMs * 1.01 && sample.windowMs <= LONGEST_SINGLE_MS
  }

  #reloadLater(load: number): void {
    setTimeout(
      () => {
        if (load !== this.#load) return
        if (document.hidden || isLost(connection.get())) this.#reloadLater(load)
        else void this.#reload()
      },
      Math.max(RELOAD_COARSE_MS, this.#step * 1000),
    )
  }

  #follow(after: string | undefined): void {
    const { streams, id } = this.#options
    this.#stopLive?.()
    this.#stopLive = streams.follow(LiveDocument, after ? { id, after } : { id }, {
      next: ({ data }) => {
        if (!data) return
        const { skipped, metrics } = data.inferenceMetrics
        const sample = toSample(metrics)
        this.#latest = sample
        this.#source = metrics.source
        // Single windows do not continue merged ones: from there on, the line would mean something else.
        if (this.#isSingle(sample)) this.#ring.push(sample.at / 1000, sample)
        this.#changed()
        if (skipped > 0) void this.#reload()
      },
      restarted: () => void this.#reload(),
    })
  }

  /** Moves the range on when no samples arrive although the connection is up (paused, late). */
  #tick(): void {
    if (document.hidden || isLost(connection.get())) return
    const now = serverNow() / 1000
    const newest = (this.#latest?.at ?? 0) / 1000
    if (now - newest < 3 && this.#step * 1000 <= LONGEST_SINGLE_MS) return
    this.#end = now - 1
    this.#changed()
  }
}
