import type { Bus } from '../bus/bus.ts'
import { sumOf } from '../metrics/figures.ts'
import { MAX_REASONS, noReasons, OTHER_REASON, type ReasonCounts } from '../metrics/reasons.ts'
import type { Sample } from '../metrics/sample.ts'
import { type DistributionName, DISTRIBUTIONS, type Reasons } from '../metrics/window-metrics.ts'
import { isNewestForMs } from './expected-samples.ts'
import { type CountedTimes, exposition, EXPOSITION_TYPE, type NamedDeployment, type Totals } from './exposition.ts'
import { BOUNDS } from './latency-bounds.ts'

/** A state of so long ago says nothing of now, unless the next sample is not due yet. */
const GAUGE_MS = 60_000
/** Deployments that are no longer active, whose totals are kept in case they are resumed. */
const MAX_PAUSED = 10_000

const NO_TIMES: CountedTimes = { counts: BOUNDS.empty(), sumMs: 0 }

const NOTHING: Totals = {
  requests: null,
  errors: null,
  promptTokens: null,
  generatedTokens: null,
  errorsByReason: null,
  inFlight: null,
  waiting: null,
  kvCacheUsage: null,
  latency: NO_TIMES,
  timeToFirstToken: null,
  interTokenLatency: null,
  queueTime: null,
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
  readonly #known = new Map<number, { sequence: number; totals: Totals; freshForMs: number }>()
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
      const { totals, freshForMs } = this.#known.get(deployment.key) ?? { totals: NOTHING, freshForMs: 0 }
      const isOld = (totals.lastEndMs ?? -Infinity) < this.#throughMs - freshForMs
      const states = { inFlight: null, waiting: null, kvCacheUsage: null }
      return { deployment, totals: isOld ? { ...totals, ...states } : totals }
    })
    return { contentType: EXPOSITION_TYPE, parts: exposition(rows) }
  }

  #add(sample: Sample): void {
    const { deploymentKey: key, sequence } = sample
    const known = this.#known.get(key)
    if (known !== undefined && known.sequence >= sequence) return
    const before = known?.totals ?? NOTHING
    const totals: Totals = {
      requests: sumOf(before.requests, sample.requests),
      errors: sumOf(before.errors, sample.errors),
      promptTokens: sumOf(before.promptTokens, sample.promptTokens),
      generatedTokens: sumOf(before.generatedTokens, sample.generatedTokens),
      errorsByReason: withReasons(before.errorsByReason, sample.errorsByReason),
      inFlight: sample.inFlight,
      waiting: sample.waiting,
      kvCacheUsage: sample.kvCacheUsage,
      latency: withTimes(before.latency, sample, 'latency') ?? NO_TIMES,
      timeToFirstToken: withTimes(before.timeToFirstToken, sample, 'timeToFirstToken'),
      interTokenLatency: withTimes(before.interTokenLatency, sample, 'interTokenLatency'),
      queueTime: withTimes(before.queueTime, sample, 'queueTime'),
      lastEndMs: sample.windowStartMs + sample.windowMs,
    }
    this.#known.delete(key)
    this.#known.set(key, { sequence, totals, freshForMs: Math.max(GAUGE_MS, isNewestForMs(sample)) })
  }

  #forgetOld(): void {
    if (this.#known.size <= MAX_PAUSED) return
    const most = MAX_PAUSED + this.#options.active().length
    for (const key of this.#known.keys()) {
      if (this.#known.size <= most) return
      this.#known.delete(key)
    }
  }
}

function withTimes(before: CountedTimes | null, sample: Sample, name: DistributionName): CountedTimes | null {
  const distribution = sample[name]
  if (distribution === null) return before
  const counts = before === null ? BOUNDS.empty() : before.counts.slice()
  // What is known as a number or a mean only says nothing about bounds.
  if (!BOUNDS.add(counts, distribution)) return before
  return { counts, sumMs: (before?.sumMs ?? 0) + (sample[DISTRIBUTIONS[name].sum] ?? Number.NaN) }
}

/** The reasons that were told first have series of their own: so no count ever decreases. */
function withReasons(before: Totals['errorsByReason'], added: Reasons | null): Totals['errorsByReason'] {
  const reasons = Object.keys(added ?? {})
  if (added === null || reasons.length === 0) return before
  const counts: ReasonCounts = Object.assign(noReasons(), before)
  let left = MAX_REASONS - Object.keys(counts).filter((reason) => reason !== OTHER_REASON).length
  for (const reason of reasons) {
    const isNew = counts[reason] === undefined && reason !== OTHER_REASON
    const shown = isNew && left <= 0 ? OTHER_REASON : reason
    if (isNew) left -= 1
    counts[shown] = (counts[shown] ?? 0) + (added[reason] ?? 0)
  }
  return counts
}
