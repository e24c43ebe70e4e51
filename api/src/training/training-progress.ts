import { RefusedError } from '../base/errors.ts'
import type { Bus, TrainingJobChange, TrainingStepRecord } from '../bus/bus.ts'
import { type FeedUpdate, type SharedFeed, SharedSource, type Taken } from '../fanout/shared-source.ts'
import { Waiters } from '../fanout/waiters.ts'
import type { TrainingJobs } from './training-jobs.ts'

/** Steps kept for a watcher that does not ask; older ones are in the loss curve. */
const MAX_PENDING_STEPS = 1000
/** Jobs kept for a watcher that does not ask. */
const MAX_PENDING_JOBS = 1000
/** Changes kept for those who are still being sent earlier ones. */
const MAX_CHANGES = 1000

export interface TrainingProgressUpdate {
  trainingJobId: string
  /** Steps since this watcher's last update of the job; for the first one, none. */
  newSteps: readonly TrainingStepRecord[]
}

interface ProgressFeedUpdate extends FeedUpdate<TrainingProgressUpdate> {
  /** The job that is gone. */
  deleted?: string
}

interface ProgressFeed extends SharedFeed<TrainingProgressUpdate> {
  after(version: number): ProgressFeedUpdate | undefined
}

/** State: jobs as they change. A watcher that is slow gets each changed job once, as it is then. */
export class TrainingProgress {
  readonly #bus: Bus
  readonly #jobs: TrainingJobs
  /** The newest changes, by their numbers; the last one's is #version. */
  #changes = new Map<number, TrainingJobChange>()
  #version = 0
  #isClosed = false
  readonly #waiters = new Waiters()
  #watchers = new Set<Watcher>()
  #unsubscribe: (() => void) | null = null

  constructor(bus: Bus, jobs: TrainingJobs) {
    this.#bus = bus
    this.#jobs = jobs
  }

  start(): void {
    this.#unsubscribe = this.#bus.subscribe('trainingJob', (change) => this.#take(change))
  }

  stop(): void {
    this.#unsubscribe?.()
    this.#isClosed = true
    for (const watcher of this.#watchers) watcher.end()
    this.#waiters.wake()
  }

  get watchers(): number {
    return this.#watchers.size
  }

  /**
   * Watches one job, which is given first as it is now and whose deletion ends the stream; or all of them, those that are
   * not finished first. Throws NOT_FOUND.
   */
  async watch(trainingJobId: string | null): Promise<SharedSource<TrainingProgressUpdate>> {
    const watcher: Watcher = new Watcher(this.#feedOf(trainingJobId), () => this.#watchers.delete(watcher))
    // Before the read: what changes during it must not be lost.
    this.#watchers.add(watcher)
    try {
      const current = await this.#jobs.currentIds(trainingJobId)
      if (trainingJobId !== null && current.length === 0) {
        throw new RefusedError('NOT_FOUND', 'There is no training job with this id.')
      }
      for (const id of current) watcher.add({ trainingJobId: id, newSteps: [] })
    } catch (error) {
      watcher.end()
      throw error
    }
    return watcher
  }

  #take(change: TrainingJobChange): void {
    this.#version += 1
    this.#changes.set(this.#version, change)
    this.#changes.delete(this.#version - MAX_CHANGES)
    for (const watcher of this.#watchers) watcher.follow()
    this.#waiters.wake()
  }

  #feedOf(only: string | null): ProgressFeed {
    const version = () => this.#version
    const isClosed = () => this.#isClosed
    return {
      subject: this,
      get version() {
        return version()
      },
      get isClosed() {
        return isClosed()
      },
      after: (given): ProgressFeedUpdate | undefined => {
        const change = this.#changes.get(given + 1)
        if (change === undefined) return undefined
        const { trainingJobId, newSteps, deleted } = change
        if (only !== null && trainingJobId !== only) return { version: given + 1 }
        if (deleted) return { version: given + 1, deleted: trainingJobId, ends: only !== null }
        return { version: given + 1, payload: { trainingJobId, newSteps } }
      },
      onChange: (wake) => this.#waiters.add(wake),
    }
  }
}

/** What one watcher has not been given yet. */
interface Pending {
  newSteps: readonly TrainingStepRecord[]
  /** The change it is, while it is no more than one. */
  version?: number
}

class Watcher extends SharedSource<TrainingProgressUpdate> {
  readonly feed: ProgressFeed
  readonly needsFetch = false
  readonly #onEnd: () => void
  #followed: number
  #isResting = false
  #pending = new Map<string, Pending>()
  #waiting: (() => void)[] = []
  #ended = false

  constructor(feed: ProgressFeed, onEnd: () => void) {
    super()
    this.feed = feed
    this.#followed = feed.version
    this.#onEnd = onEnd
  }

  get position(): number {
    return this.#followed
  }

  get isOver(): boolean {
    return this.#ended
  }

  /** Takes up what has changed since it last did. */
  follow(): void {
    if (this.#isResting || this.#ended) return
    while (this.#followed < this.feed.version) {
      const update = this.feed.after(this.#followed)
      this.#followed += 1
      if (update?.ends) return this.end()
      if (update?.payload) this.add(update.payload, update.version)
      if (update?.deleted !== undefined) this.#pending.delete(update.deleted)
    }
  }

  add({ trainingJobId, newSteps }: TrainingProgressUpdate, version?: number): void {
    const earlier = this.#pending.get(trainingJobId)
    if (earlier === undefined)
      this.#pending.set(trainingJobId, version === undefined ? { newSteps } : { newSteps, version })
    else this.#pending.set(trainingJobId, { newSteps: [...earlier.newSteps, ...newSteps].slice(-MAX_PENDING_STEPS) })
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

  poll(): Taken<TrainingProgressUpdate> | undefined {
    const [next] = this.#pending
    if (next === undefined) return undefined
    const [trainingJobId, { newSteps, version }] = next
    this.#pending.delete(trainingJobId)
    const payload = { trainingJobId, newSteps }
    // A job as it is now is the same for all who ask before anything changes.
    if (newSteps.length === 0) return { payload, version: `${this.#followed} ${trainingJobId}` }
    return version === undefined ? { payload } : { payload, version }
  }

  read(): Promise<void> {
    return Promise.resolve()
  }

  goLive(): void {
    this.#isResting = true
  }

  resumeAfter(version: number): void {
    this.#isResting = false
    this.#followed = version
    this.follow()
  }

  async next(): Promise<IteratorResult<TrainingProgressUpdate>> {
    for (;;) {
      const taken = this.poll()
      if (taken !== undefined) return { done: false, value: taken.payload }
      if (this.#ended) return { done: true, value: undefined }
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
