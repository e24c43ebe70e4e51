import type { Clock } from '../../../base/clock.ts'
import { SerialTask } from '../../../base/serial-task.ts'
import { sleepUntilAborted } from '../../../base/sleep.ts'
import type { RecordingHead } from '../../../samples/sample-store.ts'
import type { SourceStates } from '../../../samples/source-states.ts'
import type { Baseline, DeltaOf } from '../cumulative.ts'
import type { MeasurementRequest, Source, SourceAnswer } from '../source.ts'
import type { SourceTransition } from '../source-health.ts'
import { SCRAPE_INTERVAL_MS, type ScrapeSettings } from '../source-settings.ts'
import { type ScrapedFigures, ScrapedTarget } from './scraped-target.ts'

const RETRY_MS = 1000

/** What is scraped, and how. */
export interface ScrapeOrder {
  settings: ScrapeSettings
  /** The value of the Authorization header. */
  secret: string | null
  /** The end of the window that it is for. */
  atMs: number
  /** Whether families that give no figure are read too, to name them. */
  readsAll: boolean
}

export interface ScrapedSourceOptions {
  clock: Clock
  /** Scrapes a target once. Rejects with what is wrong in one sentence, and soon once the signal aborts. */
  scrape: (order: ScrapeOrder, signal: AbortSignal) => Promise<ScrapedFigures>
  deltaOf: DeltaOf
  /** What the store gave back; null for anything that is no baseline. */
  readBaseline: (json: unknown) => Baseline | null
  states: Pick<SourceStates, 'of'>
  /** There are answers that there were not before. */
  onReady: () => void
  onTransition: (transition: SourceTransition) => void
  /** Called with errors of the store, and with what must not happen. */
  onError: (error: unknown) => void
  /** Waits; ends early when aborted. Injected by tests. */
  sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined
}

interface Known {
  target: ScrapedTarget
  head: RecordingHead
  /** What it was made from: with anything else, it is another target. */
  made: string
}

/**
 * The source of everything that is scraped. It has one loop for each target, keeps what was scraped until it is stored,
 * and counts from what was stored last.
 */
export class ScrapedSource implements Source {
  readonly name = 'SCRAPED'
  readonly #options: ScrapedSourceOptions
  readonly #stop = new AbortController()
  readonly #reads: SerialTask
  #hasStarted = false
  /** By deployment id. */
  #known = new Map<string, Known>()

  constructor(options: ScrapedSourceOptions) {
    this.#options = options
    this.#reads = new SerialTask(() => this.#readStates(), options.onError)
  }

  start(): void {
    this.#hasStarted = true
    for (const { target } of this.#known.values()) target.start()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    for (const { target } of this.#known.values()) target.stop()
    this.#known.clear()
    await this.#reads.stop()
  }

  /** How many are scraped, for `/metrics`. */
  get targets(): number {
    return this.#known.size
  }

  /** Scrapes these from now on, and nothing else. Those that are as they were go on. */
  onHeads(heads: readonly RecordingHead[]): void {
    if (this.#stop.signal.aborted) return
    const known = new Map<string, Known>()
    for (const head of heads) {
      if (head.source !== 'SCRAPED') continue
      const made = JSON.stringify([head.recordingSinceMs, head.intervalMs, head.secret, head.settings])
      const before = this.#known.get(head.deploymentId)
      known.set(head.deploymentId, before?.made === made ? before : { target: this.#targetOf(head), head, made })
    }
    const before = this.#known
    this.#known = known
    for (const [id, { target }] of before) if (known.get(id)?.target !== target) target.stop()
    for (const [id, { target }] of known) {
      if (this.#hasStarted && before.get(id)?.target !== target) target.start()
    }
    if (this.#questions().length > 0) this.#reads.request()
  }

  async measure(requests: readonly MeasurementRequest[]): Promise<SourceAnswer[]> {
    const indexes = new Map<string, number[]>()
    for (const [index, { deployment }] of requests.entries()) {
      const own = indexes.get(deployment.id)
      if (own) own.push(index)
      else indexes.set(deployment.id, [index])
    }
    const answers: SourceAnswer[] = requests.map(() => null)
    for (const [id, own] of indexes) {
      const given = this.#known.get(id)?.target.measure(own.flatMap((index) => requests[index] ?? [])) ?? []
      for (const [at, index] of own.entries()) answers[index] = given[at] ?? null
    }
    if (this.#questions().length > 0) this.#reads.request()
    return answers
  }

  #targetOf(head: RecordingHead): ScrapedTarget {
    const { clock, scrape, deltaOf, readBaseline, onReady, onTransition, onError, sleep } = this.#options
    const { settings, secret, intervalMs } = head
    return new ScrapedTarget({
      head,
      intervalMs: intervalMs ?? SCRAPE_INTERVAL_MS,
      clock,
      scrape: (atMs, readsAll, signal) =>
        scrape({ settings: settings as ScrapeSettings, secret, atMs, readsAll }, signal),
      deltaOf,
      readBaseline,
      onScraped: onReady,
      onTransition,
      onError,
      sleep,
    })
  }

  #questions(): { key: number; target: ScrapedTarget; question: number }[] {
    return [...this.#known.values()].flatMap(({ target, head }) => {
      const { question } = target
      return question === undefined ? [] : { key: head.deploymentKey, target, question }
    })
  }

  /** Tells the targets what is stored of them. */
  async #readStates(): Promise<void> {
    const { states, onReady, onError, sleep = sleepUntilAborted } = this.#options
    let isFailing = false
    for (;;) {
      const questions = this.#questions()
      if (questions.length === 0 || this.#stop.signal.aborted) return
      try {
        const read = await states.of(questions.map(({ key }) => key))
        const byKey = new Map(read.map((state) => [state.deploymentKey, state]))
        for (const { key, target, question } of questions) target.read(byKey.get(key), question)
        onReady()
        return
      } catch (error) {
        if (!isFailing) onError(error)
        isFailing = true
        await sleep(RETRY_MS, this.#stop.signal)
      }
    }
  }
}
