import { MetricsMerger, type MetricsSummary, type Rates, ratePerSecond, summaryOf } from '../metrics/metrics-summary.ts'
import { sumOf } from '../metrics/figures.ts'
import type { Sample } from '../metrics/sample.ts'
import type { Bus } from '../bus/bus.ts'
import { LatestValue } from '../fanout/latest-value.ts'
import { isNewestForMs } from './expected-samples.ts'
import type { RecentSamples } from './recent-samples.ts'
import type { SharedSource } from '../fanout/shared-source.ts'
import { asSample, endOf } from './trailing-blocks.ts'
import type { TrailingMetrics } from './trailing-metrics.ts'

/** All active deployments, from memory. */
export interface FleetDirectory<M extends { key: number }, F> {
  /** The active deployments that match. */
  active(filter: F): M[]
  onChange(listener: () => void): () => void
}

/** The fleet at the end of a window, for one filter. */
export interface FleetUpdate<M> {
  atMs: number
  totals: MetricsSummary
  deployments: { deployment: M; metrics: MetricsSummary }[]
  /** How many deployments have reported lately, and how many were expected to. */
  reported: number
  expected: number
}

/** How long the updates of filters may hold up everything else, in milliseconds. Only many distinct filters take longer. */
const SLICE_MS = 5
/** Changes of the directory that follow upon one another are published together. */
const CHANGES_MS = 250

interface FleetOptions<M extends { key: number }, F> {
  bus: Bus
  directory: FleetDirectory<M, F>
  recent: RecentSamples
  trailing: TrailingMetrics
  /** Filters with equal keys share one stream of updates. */
  keyOf: (filter: F) => string
  intervalMs: number
  onError: (error: unknown) => void
}

interface Watched<M, F> {
  filter: F
  /** The metrics are those of so many milliseconds; undefined for the newest sample of each. */
  overMs: number | undefined
  stream: LatestValue<FleetUpdate<M>>
  /** An update is being made, and whether another one is due after it. */
  isBusy: boolean
  isDueAgain: boolean
}

/**
 * State: one update per window and filter, with the sample of every active deployment and their totals, from memory.
 */
export class Fleet<M extends { key: number }, F> {
  readonly #options: FleetOptions<M, F>
  /** End of the newest complete window; null before the first one. */
  #throughMs: number | null = null
  #watched = new Map<string, Watched<M, F>>()
  /** Those that have not been given the newest update, in the order in which they are. */
  #due = new Set<Watched<M, F>>()
  #isPublishing = false
  /** Runs from one publication of changes until the next one may follow. */
  #changesTimer: NodeJS.Timeout | null = null
  #hasChanged = false
  #unsubscribe: (() => void)[] = []

  constructor(options: FleetOptions<M, F>) {
    this.#options = options
  }

  start(): void {
    const { bus, directory } = this.#options
    this.#unsubscribe = [
      bus.subscribe('recorded', ({ throughMs, last }) => {
        if (!last) return
        this.#throughMs = throughMs
        this.#publish()
      }),
      directory.onChange(() => this.#publishChanges()),
    ]
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    if (this.#changesTimer !== null) clearTimeout(this.#changesTimer)
    this.#due.clear()
    for (const { stream } of this.#watched.values()) stream.close()
  }

  /** How many distinct filters are watched and how many watchers they have, for `/metrics`. */
  get counts(): { filters: number; watchers: number } {
    let watchers = 0
    for (const { stream } of this.#watched.values()) watchers += stream.watchers
    return { filters: this.#watched.size, watchers }
  }

  /** The current window first, then each new one. A slow watcher is given the newest only. */
  watch(filter: F, overMs?: number): SharedSource<FleetUpdate<M>> {
    const key = `${overMs ?? ''} ${this.#options.keyOf(filter)}`
    let watched = this.#watched.get(key)
    if (!watched) {
      watched = { filter, overMs, stream: new LatestValue<FleetUpdate<M>>(), isBusy: false, isDueAgain: false }
      this.#watched.set(key, watched)
      this.#publishTo(watched)
    }
    const { stream } = watched
    return stream.watch(() => {
      if (stream.watchers > 0) return
      this.#due.delete(watched)
      if (this.#watched.get(key) === watched) this.#watched.delete(key)
    })
  }

  /** At once, unless the last such publication was just before: then a moment later, with all that happens meanwhile. */
  #publishChanges(): void {
    this.#hasChanged = true
    if (this.#changesTimer !== null) return
    this.#hasChanged = false
    this.#publish()
    this.#changesTimer = setTimeout(() => {
      this.#changesTimer = null
      if (this.#hasChanged) this.#publishChanges()
    }, CHANGES_MS)
  }

  #publish(): void {
    // Those that are still due come first.
    for (const watched of this.#watched.values()) this.#due.add(watched)
    if (!this.#isPublishing) this.#publishSlice()
  }

  #publishSlice(): void {
    const endMs = performance.now() + SLICE_MS
    for (const watched of this.#due) {
      this.#due.delete(watched)
      this.#publishTo(watched)
      if (performance.now() >= endMs) break
    }
    this.#isPublishing = this.#due.size > 0
    if (this.#isPublishing) setImmediate(() => this.#publishSlice())
  }

  #publishTo(watched: Watched<M, F>): void {
    if (this.#throughMs === null) return
    if (watched.overMs === undefined) {
      const reported = this.#reported(watched.filter)
      watched.stream.set(this.#update(watched, reported, reported.samples.map(summaryOf)))
    } else if (watched.isBusy) {
      watched.isDueAgain = true
    } else {
      watched.isBusy = true
      void this.#publishTrailing(watched, watched.overMs)
    }
  }

  /** Takes its time where it reads, or where there are many. What comes meanwhile is published after it. */
  async #publishTrailing(watched: Watched<M, F>, overMs: number): Promise<void> {
    do {
      watched.isDueAgain = false
      const reported = this.#reported(watched.filter)
      try {
        const figures = await this.#options.trailing.ofEach(reported.samples, overMs)
        watched.stream.set(this.#update(watched, reported, figures))
      } catch (error) {
        this.#options.onError(error)
      }
    } while (watched.isDueAgain && watched.stream.watchers > 0)
    watched.isBusy = false
  }

  /** The active deployments that match, and the newest samples of those that have reported lately. */
  #reported(filter: F): Reported<M> {
    const { directory, recent } = this.#options
    const throughMs = this.#throughMs ?? 0
    const members = directory.active(filter)
    const deployments: M[] = []
    const samples: Sample[] = []
    for (const deployment of members) {
      const sample = recent.latest(deployment.key)
      if (!sample || throughMs - endOf(sample) >= isNewestForMs(sample)) continue
      deployments.push(deployment)
      samples.push(sample)
    }
    return { throughMs, expected: members.length, deployments, samples }
  }

  #update(
    { overMs = this.#options.intervalMs }: Watched<M, F>,
    { throughMs, expected, deployments, samples }: Reported<M>,
    figures: readonly MetricsSummary[],
  ): FleetUpdate<M> {
    const merger = new MetricsMerger()
    const rates: Rates = { requests: null, generatedTokens: null }
    let coveredMs = 0
    let windowMs = overMs
    for (const [index, metrics] of figures.entries()) {
      merger.add(asSample(metrics, samples[index] as Sample), 'sum')
      coveredMs = Math.max(coveredMs, metrics.coveredMs)
      windowMs = Math.max(windowMs, metrics.windowMs)
      for (const name of RATES) rates[name] = sumOf(rates[name], ratePerSecond(name, metrics))
    }
    const totals = merger.summary(throughMs - windowMs, windowMs, coveredMs)
    return {
      atMs: throughMs - overMs,
      totals: deployments.length > 0 ? { ...totals, perSecond: rates } : totals,
      deployments: deployments.map((deployment, index) => ({ deployment, metrics: figures[index] as MetricsSummary })),
      reported: deployments.length,
      expected,
    }
  }
}

interface Reported<M> {
  throughMs: number
  expected: number
  deployments: M[]
  samples: Sample[]
}

const RATES: readonly (keyof Rates)[] = ['requests', 'generatedTokens']
