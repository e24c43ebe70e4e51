import { RefusedError } from '../errors.ts'
import type { Bus, TrainingJobChange, TrainingStepRecord } from '../live/bus.ts'
import type { TrainingJobs } from './training-jobs.ts'

/** Steps kept for a watcher that does not ask; older ones are in the loss curve. */
const MAX_PENDING_STEPS = 1000
/** Jobs kept for a watcher that does not ask. */
const MAX_PENDING_JOBS = 1000

export interface TrainingProgressUpdate {
  trainingJobId: string
  /** Steps since this watcher's last update of the job; for the first one, none. */
  newSteps: TrainingStepRecord[]
}

/** State: jobs as they change. A watcher that is slow gets each changed job once, as it is then. */
export class TrainingProgress {
  readonly #bus: Bus
  readonly #jobs: TrainingJobs
  #watchers = new Set<Watcher>()
  #unsubscribe: (() => void) | null = null

  constructor(bus: Bus, jobs: TrainingJobs) {
    this.#bus = bus
    this.#jobs = jobs
  }

  start(): void {
    this.#unsubscribe = this.#bus.subscribe('trainingJob', (change) => {
      for (const watcher of this.#watchers) watcher.take(change)
    })
  }

  stop(): void {
    this.#unsubscribe?.()
    for (const watcher of this.#watchers) watcher.end()
  }

  get watchers(): number {
    return this.#watchers.size
  }

  /**
   * Watches one job, which is given first as it is now and whose deletion ends the stream; or all of them, those that are
   * not finished first. Throws NOT_FOUND.
   */
  async watch(trainingJobId: string | null): Promise<AsyncIterableIterator<TrainingProgressUpdate>> {
    const watcher: Watcher = new Watcher(trainingJobId, () => this.#watchers.delete(watcher))
    // Before the read: what changes during it must not be lost.
    this.#watchers.add(watcher)
    try {
      const current = await this.#jobs.currentIds(trainingJobId)
      if (trainingJobId !== null && current.length === 0) {
        throw new RefusedError('NOT_FOUND', 'There is no training job with this id.')
      }
      for (const id of current) watcher.take({ trainingJobId: id, newSteps: [] })
    } catch (error) {
      watcher.end()
      throw error
    }
    return watcher
  }
}

class Watcher implements AsyncIterableIterator<TrainingProgressUpdate> {
  readonly #only: string | null
  readonly #onEnd: () => void
  #pending = new Map<string, TrainingStepRecord[]>()
  #waiting: (() => void)[] = []
  #ended = false

  constructor(only: string | null, onEnd: () => void) {
    this.#only = only
    this.#onEnd = onEnd
  }

  take({ trainingJobId, newSteps, deleted }: TrainingJobChange): void {
    if (this.#only !== null && trainingJobId !== this.#only) return
    if (deleted) {
      this.#pending.delete(trainingJobId)
      if (this.#only !== null) this.end()
      return
    }
    const steps = [...(this.#pending.get(trainingJobId) ?? []), ...newSteps].slice(-MAX_PENDING_STEPS)
    this.#pending.set(trainingJobId, steps)
    if (this.#pending.size > MAX_PENDING_JOBS) {
      const [oldest] = this.#pending.keys()
      if (oldest !== undefined) this.#pending.delete(oldest)
    }
    this.#wake()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd()
    this.#pending.clear()
    this.#wake()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<TrainingProgressUpdate>> {
    for (;;) {
      if (this.#ended) return { done: true, value: undefined }
      const [next] = this.#pending
      if (next) {
        this.#pending.delete(next[0])
        return { done: false, value: { trainingJobId: next[0], newSteps: next[1] } }
      }
      // oxlint-disable-next-line no-await-in-loop
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
  }

  return(): Promise<IteratorResult<TrainingProgressUpdate>> {
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
