import { MetricsMerger, type MetricsSummary } from '../metrics/metrics-summary.ts'
import type { Sample } from '../metrics/sample.ts'
import type { Bus } from '../bus/bus.ts'
import { LatestValue } from '../fanout/latest-value.ts'
import type { RecentSamples } from './recent-samples.ts'
import type { SharedSource } from '../fanout/shared-source.ts'

/** All active deployments, from memory. */
export interface FleetDirectory<M extends { key: number }, F> {
  /** The active deployments that match. */
  active(filter: F): M[]
  onChange(listener: () => void): () => void
}

/** One window of the fleet, for one filter. */
export interface FleetUpdate<M> {
  atMs: number
  totals: MetricsSummary
  deployments: { deployment: M; sample: Sample }[]
  /** How many deployments have reported this window, and how many were expected to. */
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
  /** Filters with equal keys share one stream of updates. */
  keyOf: (filter: F) => string
  intervalMs: number
}

interface Watched<M, F> {
  filter: F
  stream: LatestValue<FleetUpdate<M>>
}

/**
 * State: one update per window and filter, with the sample of every active deployment and their totals, from memory.
 */
export class Fleet<M extends { key: number }, F> {
  readonly #options: FleetOptions<M, F>
  /** Start of the newest complete window; null before the first one. */
  #windowStartMs: number | null = null
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
    const { bus, directory, intervalMs } = this.#options
    this.#unsubscribe = [
      bus.subscribe('recorded', ({ throughMs, last }) => {
        if (!last) return
        this.#windowStartMs = throughMs - intervalMs
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
  watch(filter: F): SharedSource<FleetUpdate<M>> {
    const key = this.#options.keyOf(filter)
    let watched = this.#watched.get(key)
    if (!watched) {
      watched = { filter, stream: new LatestValue<FleetUpdate<M>>() }
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

  #publishTo({ filter, stream }: Watched<M, F>): void {
    if (this.#windowStartMs !== null) stream.set(this.#update(filter, this.#windowStartMs))
  }

  #update(filter: F, atMs: number): FleetUpdate<M> {
    const { directory, recent, intervalMs } = this.#options
    const members = directory.active(filter)
    const merger = new MetricsMerger()
    const deployments: { deployment: M; sample: Sample }[] = []
    for (const deployment of members) {
      const sample = recent.latest(deployment.key)
      if (!sample || sample.windowStartMs < atMs) continue
      merger.add(sample, 'sum')
      deployments.push({ deployment, sample })
    }
    return {
      atMs,
      totals: merger.summary(atMs, intervalMs, deployments.length > 0 ? intervalMs : 0),
      deployments,
      reported: deployments.length,
      expected: members.length,
    }
  }
}
