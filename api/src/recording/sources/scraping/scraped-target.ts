import type { Clock } from '../../../base/clock.ts'
import { MAX_WINDOW_MS, type MetricsWindow } from '../../../metrics/sample.ts'
import type { RecordingHead } from '../../../samples/sample-store.ts'
import type { SourceState } from '../../../samples/source-states.ts'
import type { Baseline, DeltaOf, Snapshot } from '../cumulative.ts'
import type { ModelServer } from '../model-servers/mapping.ts'
import type { MeasuredWindow, MeasurementRequest, SourceAnswer } from '../source.ts'
import { SnapshotError } from '../snapshot-errors.ts'
import { SourceHealth, type SourceTransition } from '../source-health.ts'
import { StoredBaseline } from '../stored-baseline.ts'
import { ScrapeLoop } from './scrape-loop.ts'

/** What one scrape gave. */
export interface ScrapedFigures {
  snapshot: Snapshot
  /** How long it took, with everything. */
  durationMs: number
  series: number
  server: ModelServer | null
}

export interface ScrapedTargetOptions {
  head: RecordingHead
  intervalMs: number
  clock: Clock
  /**
   * Scrapes this target for the window that ends at `atMs`. Rejects with what is wrong in one sentence.
   * @param readsAll also reads families that give no figure, to name them
   */
  scrape: (atMs: number, readsAll: boolean, signal: AbortSignal) => Promise<ScrapedFigures>
  deltaOf: DeltaOf
  readBaseline: (json: unknown) => Baseline | null
  onScraped: () => void
  onTransition: (transition: SourceTransition) => void
  onError: (error: unknown) => void
  sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined
}

interface Kept extends ScrapedFigures {
  scrapedAtMs: number
}

/** Snapshots that wait to be stored. The next one covers those that are dropped. */
const MAX_KEPT = 12

/** One deployment that is scraped, with its settings as they are: whoever changes them makes another one. */
export class ScrapedTarget {
  readonly #options: ScrapedTargetOptions
  readonly #loop: ScrapeLoop
  readonly #health: SourceHealth
  readonly #baseline = new StoredBaseline()
  /** By the end of the window that they are for; ascending. */
  readonly #kept = new Map<number, Kept>()
  /** The last answer gave no figures: whoever is told should know what there is. */
  #isWithoutFigures = false

  constructor(options: ScrapedTargetOptions) {
    const { head, intervalMs, clock, onScraped, onTransition, onError, sleep } = options
    this.#options = options
    this.#health = new SourceHealth(head, onTransition)
    const scrape = (atMs: number, signal: AbortSignal) => this.#scrape(atMs, signal)
    this.#loop = new ScrapeLoop({ id: head.deploymentId, intervalMs, clock, scrape, onScraped, onError, sleep })
  }

  start(): void {
    this.#loop.start()
  }

  stop(): void {
    this.#loop.stop()
  }

  /** The number of a question that the store has to answer with what it holds; undefined when there is none. */
  get question(): number | undefined {
    return this.#baseline.question
  }

  /** What the store holds; undefined for nothing. */
  read(state: SourceState | undefined, question: number): void {
    this.#baseline.read(this.#options.readBaseline(state?.baseline), question)
    this.#health.begin(state?.status ?? 'WAITING', state?.lastError ?? null)
  }

  async #scrape(atMs: number, signal: AbortSignal): Promise<void> {
    const { scrape, clock } = this.#options
    try {
      const figures = await scrape(atMs, this.#isWithoutFigures, signal)
      if (signal.aborted) return
      this.#isWithoutFigures = false
      const scrapedAtMs = clock.now()
      this.#kept.set(atMs, { ...figures, scrapedAtMs })
      const [oldestMs] = this.#kept.keys()
      if (this.#kept.size > MAX_KEPT && oldestMs !== undefined) this.#kept.delete(oldestMs)
      this.#health.answered(scrapedAtMs)
    } catch (error) {
      if (signal.aborted) return
      this.#isWithoutFigures = error instanceof SnapshotError
      this.#health.missed(clock.now(), error instanceof Error ? error.message : String(error))
    }
  }

  /** Answers the requests of this deployment, which follow upon one another. */
  measure(requests: readonly MeasurementRequest[]): SourceAnswer[] {
    const recordedThroughMs = requests[0]?.recordedThroughMs ?? 0
    for (const atMs of this.#kept.keys()) if (atMs < recordedThroughMs) this.#kept.delete(atMs)
    const stored = this.#baseline.at(recordedThroughMs)
    if (stored === undefined) return requests.map(() => 'pending')
    let before: Baseline | null = stored
    let newest: { answer: MeasuredWindow; kept: Kept } | undefined
    const answers = requests.map(({ window }): SourceAnswer => {
      const endMs = window.startMs + window.durationMs
      const kept = this.#kept.get(endMs)
      if (kept === undefined) return endMs <= this.#loop.scrapedThroughMs ? null : 'pending'
      const { answer, baseline } = this.#measured(before, kept.snapshot, window)
      before = baseline
      newest = { answer, kept }
      return answer
    })
    if (newest && before) {
      const { scrapedAtMs: lastSuccessAtMs, durationMs, series, server } = newest.kept
      Object.assign(
        newest.answer,
        this.#baseline.move({ baseline: before, lastSuccessAtMs, durationMs, series, server }),
      )
    }
    return answers
  }

  #measured(
    before: Baseline | null,
    snapshot: Snapshot,
    asked: MetricsWindow,
  ): { answer: MeasuredWindow; baseline: Baseline } {
    const { deltaOf } = this.#options
    const isNear = before !== null && snapshot.atMs - before.atMs <= MAX_WINDOW_MS
    const from = isNear ? before : this.#baselineAt(asked.startMs)
    const startMs = from?.atMs ?? asked.startMs
    const { measurement, baseline } = deltaOf(from, snapshot, { sinceMs: startMs })
    return { answer: { window: { startMs, durationMs: snapshot.atMs - startMs }, measurement }, baseline }
  }

  /** Of what was scraped when this window began, although no sample has counted from there. */
  #baselineAt(startMs: number): Baseline | null {
    const kept = this.#kept.get(startMs)
    return kept ? this.#options.deltaOf(null, kept.snapshot).baseline : null
  }
}
