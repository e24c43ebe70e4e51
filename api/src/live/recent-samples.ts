import { isSameSample } from './cursors.ts'
import type { Sample } from '../metrics/sample.ts'
import type { SampleStore } from '../samples/sample-store.ts'
import type { Bus } from '../bus/bus.ts'

/** The range of a sparkline. */
const RECENT_MS = 120_000
/** How many samples of one deployment are kept, however short its windows are. */
const MAX_KEPT = 240

interface RecentSamplesOptions {
  store: SampleStore
  bus: Bus
  now: () => number
}

interface Recent {
  /** Ascending; at most MAX_KEPT, none older than RECENT_MS. */
  samples: Sample[]
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
    const missing = deploymentKeys.filter((key) => !this.#recent.get(key)?.primed)
    if (missing.length > 0) await this.#prime(missing)
    const fromMs = this.#options.now() - RECENT_MS
    return deploymentKeys.map((key) =>
      (this.#recent.get(key)?.samples ?? []).filter((sample) => sample.windowStartMs >= fromMs),
    )
  }

  async #prime(deploymentKeys: number[]): Promise<void> {
    const stored = await this.#options.store.since(deploymentKeys, this.#options.now() - RECENT_MS, MAX_KEPT)
    const byKey = new Map<number, Sample[]>(deploymentKeys.map((key) => [key, []]))
    for (const sample of stored) byKey.get(sample.deploymentKey)?.push(sample)
    for (const [key, samples] of byKey) {
      const known = this.#recent.get(key)?.samples ?? []
      const firstKnown = known[0]?.sequence ?? Infinity
      const joined = [...samples.filter((sample) => sample.sequence < firstKnown), ...known]
      this.#recent.set(key, { samples: joined.slice(-MAX_KEPT), primed: true })
    }
  }

  #add(sample: Sample): void {
    let recent = this.#recent.get(sample.deploymentKey)
    if (!recent) {
      // Nothing comes before the first sample of a log: the store need not be asked.
      recent = { samples: [], primed: sample.sequence === 1 }
      this.#recent.set(sample.deploymentKey, recent)
    }
    if ((recent.samples.at(-1)?.sequence ?? 0) >= sample.sequence) {
      const known = recent.samples.find(({ sequence }) => sequence === sample.sequence)
      if (known !== undefined && isSameSample(known, sample)) return
      // The database was set back: what follows is another history.
      recent.samples = recent.samples.filter(({ sequence }) => sequence < sample.sequence)
    }
    recent.samples.push(sample)
    if (recent.samples.length > MAX_KEPT) recent.samples.shift()
  }

  #forgetOld(): void {
    const fromMs = this.#options.now() - RECENT_MS
    for (const [key, { samples }] of this.#recent) {
      while ((samples[0]?.windowStartMs ?? Infinity) < fromMs) samples.shift()
      if (samples.length === 0) this.#recent.delete(key)
    }
  }
}
