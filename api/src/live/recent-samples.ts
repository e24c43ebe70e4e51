import { isSameSample } from './cursors.ts'
import { endOf, type KeptSamples } from './trailing-blocks.ts'
import { MAX_WINDOW_MS, type Sample } from '../metrics/sample.ts'
import type { SampleStore } from '../samples/sample-store.ts'
import type { Bus } from '../bus/bus.ts'

/** The range of a sparkline. */
const RECENT_MS = 120_000
/** How much more is read than kept, so that a minute lies within it whatever came before. */
const PRIMED_EARLIER_MS = 10_000
/** How many samples of one deployment are kept, however short its windows are. */
const MAX_KEPT = 240

interface RecentSamplesOptions {
  store: SampleStore
  bus: Bus
  now: () => number
}

interface Recent extends KeptSamples {
  /** Ascending; at most MAX_KEPT, none older than RECENT_MS. */
  samples: Sample[]
  completeAfterMs: number
  /** The store has been asked for the samples recorded before this server subscribed to the bus. */
  primed: boolean
}

/** The last two minutes of every deployment that records, in memory. */
export class RecentSamples {
  readonly #options: RecentSamplesOptions
  #recent = new Map<number, Recent>()
  #unsubscribe: (() => void)[] = []

  constructor(options: RecentSamplesOptions) {
    this.#options = options
  }

  start(): void {
    const { bus } = this.#options
    this.#unsubscribe = [
      bus.subscribe('recorded', ({ samples, last }) => {
        for (const sample of samples) this.#add(sample)
        if (last) this.#forgetOld()
      }),
      bus.subscribe('setBack', () => this.#recent.clear()),
    ]
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  /** The newest sample of the last two minutes. */
  latest(deploymentKey: number): Sample | undefined {
    return this.#recent.get(deploymentKey)?.samples.at(-1)
  }

  /** What is in memory of one deployment, ascending: its newest samples, without asking the store. */
  inMemory(deploymentKey: number): readonly Sample[] {
    return this.#recent.get(deploymentKey)?.samples ?? []
  }

  /**
   * The last two minutes of each deployment, ascending. At most one statement, and none once all of them are primed.
   */
  async of(deploymentKeys: readonly number[]): Promise<Sample[][]> {
    await this.prime(deploymentKeys)
    const fromMs = this.#options.now() - RECENT_MS
    return deploymentKeys.map((key) =>
      (this.#recent.get(key)?.samples ?? []).filter((sample) => sample.windowStartMs >= fromMs),
    )
  }

  /** What is in memory of a deployment; another object when the database was set back. */
  kept(deploymentKey: number): KeptSamples | undefined {
    return this.#recent.get(deploymentKey)
  }

  /** Something is in memory, and what was recorded before this server listened was not read. */
  isUnprimed(deploymentKey: number): boolean {
    return this.#recent.get(deploymentKey)?.primed === false
  }

  /** Reads what was recorded before this server listened. At most one statement for some hundred samples. */
  async prime(deploymentKeys: readonly number[]): Promise<void> {
    const missing = deploymentKeys.filter((key) => !this.#recent.get(key)?.primed)
    if (missing.length === 0) return
    const { store, now } = this.#options
    const fromMs = now() - RECENT_MS - PRIMED_EARLIER_MS
    const byKey = new Map<number, Sample[]>(missing.map((key) => [key, []]))
    for (const sample of await store.since(missing, fromMs, MAX_KEPT)) byKey.get(sample.deploymentKey)?.push(sample)
    for (const [key, stored] of byKey) {
      const known = this.#recent.get(key)?.samples ?? []
      const firstKnown = known[0]?.sequence ?? Infinity
      const samples = [...stored.filter((sample) => sample.sequence < firstKnown), ...known].slice(-MAX_KEPT)
      const recent = { samples, primed: true, completeAfterMs: completeAfter(samples, fromMs) }
      this.#recent.set(key, recent)
    }
  }

  #add(sample: Sample): void {
    let recent = this.#recent.get(sample.deploymentKey)
    const newest = recent?.samples.at(-1)
    if (recent !== undefined && newest !== undefined && newest.sequence >= sample.sequence) {
      const known = recent.samples.find(({ sequence }) => sequence === sample.sequence)
      if (known !== undefined && isSameSample(known, sample)) return
      // The database was set back: what follows is another history.
      const samples = recent.samples.filter(({ sequence }) => sequence < sample.sequence)
      recent = { ...recent, samples }
      this.#recent.set(sample.deploymentKey, recent)
    }
    if (!recent) {
      // Nothing comes before the first sample of a log: the store need not be asked.
      recent = { samples: [], ...knownFrom(sample), primed: sample.sequence === 1 }
      this.#recent.set(sample.deploymentKey, recent)
    }
    const last = recent.samples.at(-1)
    // A hole: a message was lost. One who needs what lies in it reads the store.
    if (last !== undefined && last.sequence + 1 < sample.sequence) Object.assign(recent, knownFrom(sample))
    recent.samples.push(sample)
    if (recent.samples.length > MAX_KEPT) dropFirst(recent)
  }

  #forgetOld(): void {
    const fromMs = this.#options.now() - RECENT_MS
    for (const [key, recent] of this.#recent) {
      while (isOld(recent.samples, fromMs)) dropFirst(recent)
      if (recent.samples.length === 0) this.#recent.delete(key)
    }
  }
}

function knownFrom({ sequence, windowStartMs }: Sample): Pick<Recent, 'completeAfterMs'> {
  return { completeAfterMs: sequence === 1 ? -Infinity : windowStartMs }
}

/** Of all samples that start at or after `fromMs`, or the newest of them. */
function completeAfter(samples: readonly Sample[], fromMs: number): number {
  const hole = samples.findLastIndex(({ sequence }, at) => at > 0 && samples[at - 1]?.sequence !== sequence - 1)
  const first = samples[Math.max(0, hole)]
  // What starts earlier ends within the longest window.
  const beforeAllMs = fromMs + MAX_WINDOW_MS
  if (first === undefined) return beforeAllMs
  const { completeAfterMs } = knownFrom(first)
  return hole > 0 || samples.length >= MAX_KEPT ? completeAfterMs : Math.min(completeAfterMs, beforeAllMs)
}

/** Of the first one. The newest stays as long as its end is not old: the next one of a minute's windows is to come. */
function isOld(samples: readonly Sample[], fromMs: number): boolean {
  const [first] = samples
  return first !== undefined && (samples.length > 1 ? first.windowStartMs : endOf(first)) < fromMs
}

function dropFirst(recent: Recent): void {
  const first = recent.samples.shift()
  if (first !== undefined) recent.completeAfterMs = endOf(first)
}
