import { setImmediate as nextTurn } from 'node:timers/promises'
import { type MetricsSummary, summaryOf } from '../metrics/metrics-summary.ts'
import type { Sample } from '../metrics/sample.ts'
import type { SampleStore } from '../samples/sample-store.ts'
import { isSameSample } from './cursors.ts'
import type { RecentSamples } from './recent-samples.ts'
import { endOf, type KeptSamples, TrailingBlocks } from './trailing-blocks.ts'

/** The figures of a sample so far behind the newest one are made from the store, beside those that everybody follows. */
const LIVE_MS = 10_000
/** What is read for the figure of an older sample serves those after it, too: so much of it. */
const AHEAD_MS = 60_000
/** For how many followers that catch up such reads are kept. */
const MAX_RUNS = 8
/** How long many figures may hold up everything else, in milliseconds. */
const SLICE_MS = 5

interface TrailingMetricsOptions {
  store: SampleStore
  recent: RecentSamples
}

export interface LatestRequest {
  deploymentKey: number
  /** Undefined for the newest sample itself. */
  overMs: number | undefined
}

/** Samples of one deployment as they were read from the store, with their blocks. */
interface Run extends KeptSamples {
  blocks: TrailingBlocks
}

/**
 * The figures of the last so many milliseconds before the end of a sample, made once for all who ask: from memory, and
 * from the store where memory does not reach.
 */
export class TrailingMetrics {
  readonly #options: TrailingMetricsOptions
  /** By what is kept of a deployment: gone with it. */
  readonly #blocks = new WeakMap<KeptSamples, TrailingBlocks>()
  /** By deployment and length, the one that was used last at the end. */
  readonly #runs = new Map<string, Run>()

  constructor(options: TrailingMetricsOptions) {
    this.#options = options
  }

  /** Of one sample, in memory or while its log is read on. Rejects when the store does. */
  of(sample: Sample, overMs: number): MetricsSummary | Promise<MetricsSummary> {
    const blocks = this.#liveBlocks(sample)
    if (blocks === undefined) return this.#ofRun(sample, overMs)
    if (blocks.missing(sample, overMs) === undefined) return blocks.figure(sample, overMs)
    return this.#all([sample], overMs).then(([figure]) => figure as MetricsSummary)
  }

  /** Of samples of different deployments, in their order. At most a few statements. Rejects when the store does. */
  async ofEach(samples: readonly Sample[], overMs: number): Promise<MetricsSummary[]> {
    return samples.length === 0 ? [] : this.#all(samples, overMs)
  }

  /** Of the newest sample of each; null where there is none. At most a few statements. */
  async latest(requests: readonly LatestRequest[]): Promise<(MetricsSummary | null)[]> {
    const { recent, store } = this.#options
    const newest = new Map(requests.map(({ deploymentKey }) => [deploymentKey, recent.latest(deploymentKey)]))
    const missing = [...newest.keys()].filter((key) => newest.get(key) === undefined)
    const stored = missing.length > 0 ? await store.latest(missing) : []
    for (const sample of stored) newest.set(sample.deploymentKey, sample)
    const figures = new Map<number, Map<Sample, MetricsSummary>>()
    for (const overMs of new Set(requests.flatMap((request) => request.overMs ?? []))) {
      const asked = requests.filter((request) => request.overMs === overMs)
      const samples = [...new Set(asked.flatMap(({ deploymentKey }) => newest.get(deploymentKey) ?? []))]
      const merged = await this.ofEach(samples, overMs)
      figures.set(overMs, new Map(samples.map((sample, index) => [sample, merged[index] as MetricsSummary])))
    }
    return requests.map(({ deploymentKey, overMs = 0 }) => {
      const sample = newest.get(deploymentKey)
      return sample === undefined ? null : (figures.get(overMs)?.get(sample) ?? summaryOf(sample))
    })
  }

  async #all(samples: readonly Sample[], overMs: number): Promise<MetricsSummary[]> {
    const { recent, store } = this.#options
    let sliceEndMs = performance.now() + SLICE_MS
    const unread = new Map<Sample, TrailingBlocks>()
    const figures = new Map<Sample, MetricsSummary>()
    // Those that are not primed are read at once, further back than needed.
    const live = samples.filter(({ deploymentKey }) => recent.isUnprimed(deploymentKey))
    if (live.length > 0) await recent.prime(live.map(({ deploymentKey }) => deploymentKey))
    for (const sample of samples) {
      const known = this.#liveBlocks(sample)
      const blocks = known ?? new TrailingBlocks({ samples: [], completeAfterMs: endOf(sample) })
      if (blocks.missing(sample, overMs) === undefined) figures.set(sample, blocks.figure(sample, overMs))
      else unread.set(sample, blocks)
      if (performance.now() < sliceEndMs) continue
      await nextTurn()
      sliceEndMs = performance.now() + SLICE_MS
    }
    if (unread.size > 0) {
      const ranges = [...unread].flatMap(([sample, blocks]) => {
        const range = blocks.missing(sample, overMs)
        return range === undefined ? [] : [{ sample, blocks, range }]
      })
      const read = new Map<number, Sample[]>()
      const asked = ranges.map(({ sample: { deploymentKey }, range }) => ({ deploymentKey, ...range }))
      for (const sample of await store.ending(asked)) {
        const ofOne = read.get(sample.deploymentKey)
        if (ofOne === undefined) read.set(sample.deploymentKey, [sample])
        else ofOne.push(sample)
      }
      for (const { sample, blocks, range } of ranges) {
        blocks.supply(sample, overMs, range, read.get(sample.deploymentKey) ?? [])
      }
      for (const [sample, blocks] of unread) {
        // What was kept when the range was read may have been dropped since.
        if (blocks.missing(sample, overMs) === undefined) figures.set(sample, blocks.figure(sample, overMs))
        else figures.set(sample, await this.#ofRun(sample, overMs))
      }
    }
    return samples.map((sample) => figures.get(sample) as MetricsSummary)
  }

  /** Undefined for a sample that is not about the newest one in memory. */
  #liveBlocks(sample: Sample): TrailingBlocks | undefined {
    const kept = this.#options.recent.kept(sample.deploymentKey)
    const newest = kept?.samples.at(-1)
    if (kept === undefined || newest === undefined || endOf(newest) - endOf(sample) > LIVE_MS) return undefined
    const own = kept.samples[kept.samples.length - 1 - (newest.sequence - sample.sequence)]
    if (own === undefined || !isEntry(own, sample)) return undefined
    let blocks = this.#blocks.get(kept)
    if (blocks === undefined) {
      blocks = new TrailingBlocks(kept)
      this.#blocks.set(kept, blocks)
    }
    return blocks
  }

  async #ofRun(sample: Sample, overMs: number): Promise<MetricsSummary> {
    const key = `${sample.deploymentKey} ${overMs}`
    let run = this.#runs.get(key)
    const own = run && findSample(run.samples, sample)
    if (run === undefined || own === undefined || run.completeAfterMs > endOf(sample) - overMs) {
      run = await this.#readRun(sample, overMs)
    }
    this.#runs.delete(key)
    this.#runs.set(key, run)
    for (const oldest of this.#runs.keys()) {
      if (this.#runs.size <= MAX_RUNS) break
      this.#runs.delete(oldest)
    }
    return run.blocks.figure(sample, overMs)
  }

  async #readRun(sample: Sample, overMs: number): Promise<Run> {
    const { store } = this.#options
    const toMs = endOf(sample)
    const fromMs = toMs - overMs
    const range = { deploymentKey: sample.deploymentKey, fromMs, toMs: toMs + AHEAD_MS }
    const kept = { samples: await store.ending([range]), completeAfterMs: fromMs }
    return { ...kept, blocks: new TrailingBlocks(kept) }
  }
}

function findSample(samples: readonly Sample[], sample: Sample): Sample | undefined {
  const first = samples[0]
  const own = first && samples[sample.sequence - first.sequence]
  return own !== undefined && isEntry(own, sample) ? own : undefined
}

function isEntry(own: Sample, sample: Sample): boolean {
  return own === sample || (own.sequence === sample.sequence && isSameSample(own, sample))
}
