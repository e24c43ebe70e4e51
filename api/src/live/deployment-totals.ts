import type { Bus } from '../bus/bus.ts'
import type { Sample } from '../metrics/sample.ts'
import { exposition, EXPOSITION_TYPE } from './exposition.ts'
import { BOUNDS } from './latency-bounds.ts'

/** A state of so long ago says nothing of now. */
const GAUGE_MS = 60_000
/** Deployments that are no longer active, whose totals are kept in case they are resumed. */
const MAX_PAUSED = 10_000

/** How a deployment is named. */
export interface NamedDeployment {
  key: number
  /** As the API gives it. */
  id: string
  model: string
  version: string
}

/** What was counted of one deployment since the process started. Null: nothing was told of it. Never changed. */
export interface Totals {
  requests: number | null
  errors: number | null
  promptTokens: number | null
  generatedTokens: number | null
  /** Of the newest sample; null also when that is old. */
  inFlight: number | null
  /** Latencies between the `BOUNDS`, not cumulative; one more for those above the last. */
  latencies: Float64Array
  /** Of the same latencies; NaN once a sample did not tell. */
  latencySumMs: number
  /** End of the newest window; null before the first one. */
  lastEndMs: number | null
}

const NOTHING: Totals = {
  requests: null,
  errors: null,
  promptTokens: null,
  generatedTokens: null,
  inFlight: null,
  latencies: BOUNDS.empty(),
  latencySumMs: 0,
  lastEndMs: null,
}

interface DeploymentTotalsOptions {
  bus: Bus
  /** The active deployments. */
  active: () => readonly NamedDeployment[]
}

/**
 * What every deployment has counted since this process started, for Prometheus: each sample once. A pause does not
 * begin the counts anew. In place of totals that change there is a new object with each sample, so that a reader who
 * takes a while has them all of one moment.
 */
export class DeploymentTotals {
  readonly #options: DeploymentTotalsOptions
  /** By deployment, those with the newest samples last. */
  readonly #known = new Map<number, { sequence: number; totals: Totals }>()
  /** Windows that ended by then have been asked for. */
  #throughMs = -Infinity
  #unsubscribe: (() => void)[] = []

  constructor(options: DeploymentTotalsOptions) {
    this.#options = options
  }

  start(): void {
    const { bus } = this.#options
    this.#unsubscribe = [
      bus.subscribe('recorded', ({ samples, throughMs }) => {
        this.#throughMs = throughMs
        for (const sample of samples) this.#add(sample)
      }),
      // Other samples follow under the same sequences, or other deployments under the same keys.
      bus.subscribe('setBack', () => this.#known.clear()),
      bus.subscribe('deploymentEvent', () => this.#forgetOld()),
    ]
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  /** What Prometheus is answered: every active deployment, all of this moment, however slowly it is read. */
  scrape(): { contentType: string; parts: Iterable<() => string> } {
    const rows = this.#options.active().map((deployment) => {
      const totals = this.#known.get(deployment.key)?.totals ?? NOTHING
      const isOld = (totals.lastEndMs ?? -Infinity) < this.#throughMs - GAUGE_MS
      return { deployment, totals: isOld ? { ...totals, inFlight: null } : totals }
    })
    return { contentType: EXPOSITION_TYPE, parts: exposition(rows) }
  }

  #add(sample: Sample): void {
    const { deploymentKey: key, sequence, latency } = sample
    const known = this.#known.get(key)
    if (known !== undefined && known.sequence >= sequence) return
    const before = known?.totals ?? NOTHING
    const latencies = before.latencies.slice()
    // What is known as a number or a mean only says nothing about bounds.
    const isCounted = latency !== null && BOUNDS.add(latencies, latency)
    const totals: Totals = {
      requests: sumOf(before.requests, sample.requests),
      errors: sumOf(before.errors, sample.errors),
      promptTokens: sumOf(before.promptTokens, sample.promptTokens),
      generatedTokens: sumOf(before.generatedTokens, sample.generatedTokens),
      inFlight: sample.inFlight,
      latencies,
      latencySumMs: before.latencySumMs + (isCounted ? (sample.latencySumMs ?? Number.NaN) : 0),
      lastEndMs: sample.windowStartMs + sample.windowMs,
    }
    this.#known.delete(key)
    this.#known.set(key, { sequence, totals })
  }

  #forgetOld(): void {
    const most = MAX_PAUSED + this.#options.active().length
    for (const key of this.#known.keys()) {
      if (this.#known.size <= most) return
      this.#known.delete(key)
    }
  }
}

/** What is not known adds nothing. */
function sumOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : a + b
}
