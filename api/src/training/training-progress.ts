import { RefusedError } from '../base/errors.ts'
import type { Bus, DeletedTrainingJob, TrainingJobChange, TrainingStepRecord } from '../bus/bus.ts'
import { type FeedUpdate, type SharedFeed, SharedSource, type SourceUpdate } from '../fanout/shared-source.ts'
import { Waiters } from '../fanout/waiters.ts'
import type { TrainingJobs } from './training-jobs.ts'

/** How many steps of a job are kept for a slow watcher; the older ones are in the loss curve. */
const MAX_PENDING_STEPS = 1000
/** How many jobs are kept for a slow watcher. */
const MAX_PENDING_JOBS = 1000
/** How many changes are kept for watchers that fall behind. */
const MAX_CHANGES = 1000

export interface TrainingProgressUpdate {
  trainingJobId: string
  /** Steps since this watcher's last update of the job; for the first one, none. */
  newSteps: readonly TrainingStepRecord[]
  /** The job as it was, if it was deleted; this is the last update of it. */
  deleted?: DeletedTrainingJob
}

/** State: jobs as they change. A slow watcher is given each changed job once, as it is by then. */
export class TrainingProgress {
  readonly #bus: Bus
  readonly #jobs: TrainingJobs
  /** The newest changes by their numbers; #version is the number of the newest one. */
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
   * Watches one job: its current state comes first, and its deletion ends the stream. Or watches all jobs: those that
   * are not finished come first, then each change of any job, including that it was created or deleted.
   * @throws RefusedError NOT_FOUND
   */
  async watch(trainingJobId: string | null): Promise<SharedSource<TrainingProgressUpdate>> {
    const watcher: Watcher = new Watcher(this.#feedOf(trainingJobId), () => this.#watchers.delete(watcher))
    // Before the read: a change during the read must not be lost.
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

  #feedOf(only: string | null): SharedFeed<TrainingProgressUpdate> {
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
      after: (given): FeedUpdate<TrainingProgressUpdate> | undefined => {
        const change = this.#changes.get(given + 1)
        if (change === undefined) return undefined
        const version = given + 1
        if (only !== null && change.trainingJobId !== only) return { version }
        if (only !== null && change.deleted) return { version, ends: true }
        return { version, payload: change }
      },
      onChange: (wake) => this.#waiters.add(wake),
    }
  }
}

/** What one watcher has not been given yet of one job. */
interface Pending {
  newSteps: readonly TrainingStepRecord[]
  deleted?: DeletedTrainingJob
  /** The number of the change, while it is a single one. */
  version?: number
}

/** One watcher: while it is not live, it collects the changes that it has not been given. */
class Watcher extends SharedSource<TrainingProgressUpdate> {
  readonly feed: SharedFeed<TrainingProgressUpdate>
  #followed: number
  #isLive = false
  #pending = new Map<string, Pending>()

  constructor(feed: SharedFeed<TrainingProgressUpdate>, onEnd: () => void) {
    super(onEnd)
    this.feed = feed
    this.#followed = feed.version
  }

  get position(): number {
    return this.#followed
  }

  /** Collects what has changed since the last call. */
  follow(): void {
    if (this.#isLive || this.isEnded) return
    while (this.#followed < this.feed.version) {
      const update = this.feed.after(this.#followed)
      this.#followed += 1
      if (update?.ends) return this.end()
      if (update?.payload) this.add(update.payload, update.version)
    }
  }

  add({ trainingJobId, newSteps, deleted }: TrainingProgressUpdate, version?: number): void {
    const earlier = this.#pending.get(trainingJobId)
    if (deleted && version !== undefined) this.#pending.set(trainingJobId, { newSteps: [], deleted, version })
    else if (earlier === undefined)
      this.#pending.set(trainingJobId, version === undefined ? { newSteps } : { newSteps, version })
    else this.#pending.set(trainingJobId, { newSteps: [...earlier.newSteps, ...newSteps].slice(-MAX_PENDING_STEPS) })
    if (this.#pending.size > MAX_PENDING_JOBS) {
      const [oldest] = this.#pending.keys()
      if (oldest !== undefined) this.#pending.delete(oldest)
    }
  }

  poll(): SourceUpdate<TrainingProgressUpdate> | undefined {
    if (this.isEnded) return undefined
    const [next] = this.#pending
    if (next === undefined) return undefined
    const [trainingJobId, { newSteps, deleted, version }] = next
    this.#pending.delete(trainingJobId)
    if (deleted && version !== undefined) return { payload: { trainingJobId, newSteps, deleted }, version }
    const payload = { trainingJobId, newSteps }
    // The current state of a job is the same for every watcher that begins before anything changes.
    if (newSteps.length === 0) return { payload, version: `${this.#followed} ${trainingJobId}` }
    return version === undefined ? { payload } : { payload, version }
  }

  override goLive(): void {
    this.#isLive = true
  }

  resumeAfter(version: number): void {
    this.#isLive = false
    this.#followed = version
    this.follow()
  }
}
