import { RefusedError } from '../base/errors.ts'
import { SerialTask } from '../base/serial-task.ts'
import type { Sample } from '../metrics/sample.ts'
import type { SampleStore } from '../samples/sample-store.ts'
import type { Bus } from '../bus/bus.ts'
import { type Cursors, isSameSample, setBackError } from './cursors.ts'
import { LiveLog } from '../fanout/live-log.ts'
import { LogSource } from '../fanout/log-source.ts'
import type { SharedSource } from '../fanout/shared-source.ts'
import { type MetricsSummary, summaryOf } from '../metrics/metrics-summary.ts'
import type { TrailingMetrics } from './trailing-metrics.ts'
import { OpenWindows } from './open-windows.ts'

/** How many samples of one deployment the ring keeps while it is followed: five minutes at one a second. */
const CAPACITY = 300
/** A follower further behind than this jumps forward. More than six hours of one-second windows. */
const MAX_BEHIND = 25_000
/** Of so many samples, one at least is as long as they usually are. */
const USUAL_OF = 5
/** How often the heads of open logs are read again: a lost last message has no successor that would reveal it. */
const RECHECK_MS = 2000

export interface FollowedDeployment {
  id: string
  key: number
}

/** The metrics that come with samples: without either, those of each. */
export interface SampleView {
  /** Those of so many milliseconds before the end of each. */
  overMs?: number | undefined
  /** Those of whole windows of this length, which come with their last sample once they are closed. */
  windowMs?: number | undefined
}

/** What a follower of a deployment's samples is given. */
export interface SampleUpdate {
  deploymentId: string
  /** The newest one that the metrics hold. */
  sample: Sample
  /** Samples missed right before it, or before its window. */
  skipped: number
  /** Made when they are asked for. */
  metrics: () => MetricsSummary | Promise<MetricsSummary>
}

interface OpenLog {
  deployment: FollowedDeployment
  log: LiveLog<Sample>
  followers: number
  windows: OpenWindows<SampleUpdate>
}

interface SampleLogsOptions {
  store: SampleStore
  trailing: TrailingMetrics
  bus: Bus
  cursors: Cursors
  /** The length of the samples of a deployment that has none yet. */
  intervalMs: number
  onError: (error: unknown) => void
}

/** The samples of followed deployments, live: one log each, opened by its first follower and dropped by its last. */
export class SampleLogs {
  readonly #options: SampleLogsOptions
  #open = new Map<number, OpenLog>()
  /** By deployment id. */
  #opening = new Map<string, Promise<OpenLog | null>>()
  /** Every active deployment was recorded through it: the clock that closes windows, which stands while nothing is. */
  #recordedThroughMs = -Infinity
  #unsubscribe: (() => void)[] = []
  #recheckTimer: NodeJS.Timeout | null = null

  constructor(options: SampleLogsOptions) {
    this.#options = options
  }

  start(): void {
    const { bus, onError } = this.#options
    const recheck = new SerialTask(() => this.#recheckHeads(), onError)
    this.#unsubscribe = [
      bus.subscribe('setBack', () => recheck.request()),
      bus.subscribe('recorded', ({ samples, throughMs, last }) => {
        for (const sample of samples) {
          const open = this.#open.get(sample.deploymentKey)
          if (open?.log.append(sample) === false) this.#setBack(open)
        }
        if (!last) return
        this.#recordedThroughMs = throughMs
        // Only when the store says that nothing newer is there.
        if (this.#hasDueWindows()) recheck.request()
      }),
      bus.subscribe('deploymentEvent', (event) => {
        if (event.kind !== 'DELETED') return
        for (const open of this.#open.values()) if (open.deployment.id === event.deploymentId) open.log.close()
      }),
    ]
    this.#recheckTimer = setInterval(() => recheck.requestIfIdle(), RECHECK_MS)
  }

  /** Ends every follower. */
  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    if (this.#recheckTimer) clearInterval(this.#recheckTimer)
    for (const open of this.#open.values()) open.log.close()
  }

  /** How many logs are open and how many followers they have, for `/metrics`. */
  get counts(): { logs: number; followers: number } {
    let followers = 0
    for (const open of this.#open.values()) followers += open.followers
    return { logs: this.#open.size, followers }
  }

  /**
   * Follows a deployment's samples: from the newest stored one on, or right after `cursor`. In order, none twice, none
   * left out unless `skipped` says so. Of windows, every one whose last sample comes after is given, whole. Ends when
   * the deployment is deleted, and with CURSOR_INVALID when the database is set back to an earlier state. Null when
   * there is no such deployment.
   * @throws RefusedError CURSOR_INVALID; BAD_USER_INPUT for windows shorter than the samples
   */
  async follow(
    deployment: FollowedDeployment,
    cursor?: string | null,
    { overMs, windowMs }: SampleView = {},
  ): Promise<SharedSource<SampleUpdate> | null> {
    const open = await this.#acquire(deployment)
    if (!open) return null
    try {
      const { cursors, trailing, intervalMs } = this.#options
      const head = open.log.newest
      // Retention may have removed the newest sample: a follower that begins has then missed nothing.
      const begin = open.log.entry(head) === undefined ? head : head - 1
      const after = cursor == null ? begin : await this.#positionOf(cursor, open)
      const startId = cursor ?? cursors.sample(deployment.id, open.log.entry(begin) ?? begin)
      const options = { after, maxBehind: MAX_BEHIND, startId, onEnd: () => this.#release(open) }
      if (windowMs !== undefined) {
        checkLength(windowMs, usualLength(open.log) ?? intervalMs)
        return await open.windows.follow(windowMs, options)
      }
      return new LogSource(open.log, {
        ...options,
        payloadOf: ({ entry, skipped }): SampleUpdate => ({
          deploymentId: deployment.id,
          sample: entry,
          skipped,
          metrics: () => (overMs === undefined ? summaryOf(entry) : trailing.of(entry, overMs)),
        }),
        idOf: ({ sample }) => cursors.sample(deployment.id, sample),
      })
    } catch (error) {
      this.#release(open)
      throw error
    }
  }

  #windowsOf({ id, key: deploymentKey }: FollowedDeployment, log: LiveLog<Sample>): OpenWindows<SampleUpdate> {
    const { store, cursors, onError } = this.#options
    return new OpenWindows<SampleUpdate>({
      log,
      readEnding: (fromMs, toMs) => store.ending([{ deploymentKey, fromMs, toMs }]),
      readAt: (sequence) => store.at(deploymentKey, sequence),
      payloadOf: ({ metrics, last }, skipped) => ({ deploymentId: id, sample: last, skipped, metrics: () => metrics }),
      idOf: ({ sample }) => cursors.sample(id, sample),
      onError,
    })
  }

  /** @throws RefusedError CURSOR_INVALID */
  async #positionOf(cursor: string, { deployment, log }: OpenLog): Promise<number> {
    const { cursors, store } = this.#options
    let position = cursors.readSample(cursor, deployment.id, Infinity)
    if (position.sequence > log.newest) {
      // The sample may be stored already, and its message still be on its way.
      const head = (await store.heads([deployment.key]))[0]?.sequence ?? 0
      log.announce(head)
      position = cursors.readSample(cursor, deployment.id, head)
    }
    const { sequence, hasEntry } = position
    position.requireSame(log.entry(sequence) ?? (hasEntry ? await store.at(deployment.key, sequence) : undefined))
    return sequence
  }

  async #acquire(deployment: FollowedDeployment): Promise<OpenLog | null> {
    for (;;) {
      // A log that is being opened has not read up to its head yet.
      let open: OpenLog | null = this.#opening.has(deployment.id) ? null : (this.#open.get(deployment.key) ?? null)
      // The key is another deployment's: a database that was set back gives it out again.
      if (!open || open.log.isClosed || open.deployment.id !== deployment.id) {
        let opening = this.#opening.get(deployment.id)
        if (!opening) {
          opening = this.#openLog(deployment).finally(() => this.#opening.delete(deployment.id))
          this.#opening.set(deployment.id, opening)
        }
        open = await opening
        if (!open) return null
        // Another caller that waited for the same log may have released it already, and closed it.
        if (open.log.isClosed) continue
      }
      open.followers += 1
      return open
    }
  }

  async #openLog(deployment: FollowedDeployment): Promise<OpenLog | null> {
    const { store, onError } = this.#options
    const [head] = await store.heads([deployment.key])
    if (head?.deploymentId !== deployment.id) return null
    const other = this.#open.get(deployment.key)
    if (other && !other.log.isClosed) this.#setBack(other)
    const log = new LiveLog<Sample>({
      head: Math.max(0, head.sequence - CAPACITY),
      readAfter: (sequence, limit) => store.after(deployment.key, sequence, limit),
      capacity: CAPACITY,
      isSame: isSameSample,
      onError,
    })
    const open: OpenLog = { deployment, log, followers: 0, windows: this.#windowsOf(deployment, log) }
    // From here on the bus feeds the log. Its ring starts filled, so that followers that resume are served from memory.
    this.#open.set(deployment.key, open)
    await log.catchUp(head.sequence)
    if (log.newest < head.sequence) {
      this.#open.delete(deployment.key)
      throw new RefusedError('UNAVAILABLE', 'The samples cannot be read right now; try again.')
    }
    return open
  }

  #hasDueWindows(): boolean {
    for (const { windows } of this.#open.values()) if (windows.isDue(this.#recordedThroughMs)) return true
    return false
  }

  #release(open: OpenLog): void {
    open.followers -= 1
    if (open.followers > 0) return
    open.log.close()
    if (this.#open.get(open.deployment.key) === open) this.#open.delete(open.deployment.key)
  }

  async #recheckHeads(): Promise<void> {
    if (this.#open.size === 0) return
    // Known before the read: what is committed during it is no reason for a doubt.
    const known = new Map([...this.#open.values()].map((open) => [open, open.log.newest]))
    const recordedThroughMs = this.#recordedThroughMs
    for (const head of await this.#options.store.heads([...this.#open.keys()])) {
      const open = this.#open.get(head.deploymentKey)
      if (!open) continue
      if (head.deploymentId === null) open.log.close()
      else if (head.deploymentId !== open.deployment.id || head.sequence < (known.get(open) ?? 0)) this.#setBack(open)
      else {
        open.log.announce(head.sequence)
        open.windows.closeDue(recordedThroughMs, head.sequence)
      }
    }
  }

  /** The store holds another history than this log: its followers end, and the next ones open it anew. */
  #setBack(open: OpenLog): void {
    this.#open.delete(open.deployment.key)
    open.log.fail(setBackError())
  }
}

/** The shortest of the newest samples: one that takes the place of missing ones is longer. Undefined without any. */
function usualLength(log: LiveLog<Sample>): number | undefined {
  let shortestMs: number | undefined
  for (let sequence = log.newest; sequence > log.newest - USUAL_OF; sequence -= 1) {
    const sample = log.entry(sequence)
    if (sample !== undefined) shortestMs = Math.min(shortestMs ?? Infinity, sample.windowMs)
  }
  return shortestMs
}

/** @throws RefusedError BAD_USER_INPUT */
function checkLength(windowMs: number, intervalMs: number): void {
  if (windowMs >= intervalMs) return
  throw new RefusedError(
    'BAD_USER_INPUT',
    `resolution must be at least the length of the samples of the deployment, ${intervalMs / 1000} s, not ${windowMs / 1000} s.`,
  )
}
