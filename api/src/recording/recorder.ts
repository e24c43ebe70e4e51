import type { Clock } from '../base/clock.ts'
import { type Bus, isHealthEvent } from '../bus/bus.ts'
import type { Sample } from '../metrics/sample.ts'
import type { RecordingHead, SampleStore } from '../samples/sample-store.ts'
import { createSample, measureAll } from './measure.ts'
import { RecorderPace } from './recorder-pace.ts'
import { type DeploymentSource, type Due, RecordingTracks, type Waiting } from './recording-tracks.ts'
import type { Source, SourceAnswer } from './sources/source.ts'

/** Windows that are measured, and rows that are stored, at once. */
const BATCH_ROWS = 1000
/** Heads are read again at least this often, whatever the bus says. */
const HEADS_TTL_MS = 5000
/** So far apart at least, when deployments change again and again. */
const CHANGES_APART_MS = 200
const RETRY_MS = 250

export interface RecorderOptions {
  store: SampleStore
  /** Where a deployment's samples come from, and how long its windows are (they start at multiples since the epoch). */
  sourceOf: (deployment: RecordingHead) => DeploymentSource
  /** Given every deployment that is recorded, each time that they were read: what else there is, is not recorded. */
  onHeads?: (heads: readonly RecordingHead[]) => void
  bus: Bus
  clock: Clock
  /** How often the recorder looks for windows that have ended, in milliseconds: at multiples since the epoch. */
  intervalMs: number
  /** Called once for each outage of the store, and at its end. */
  onOutage: (error: unknown) => void
  onRecovery: () => void
  /** Called once each time that a source begins to fail; the other sources are recorded all the same. */
  onSourceError: (error: unknown) => void
  /** Milliseconds from the end of a window to the moment it was stored, of `count` samples. */
  onStored?: (latenessMs: number, count: number) => void
  /** Waits; ends early when aborted. Injected by tests. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * Asks the sources for every active deployment's next windows after the last stored one, stores what they answer in one
 * statement, and publishes what was stored. Whatever held it up, it continues from the stored heads.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #pace: RecorderPace
  readonly #tracks: RecordingTracks
  #running: Promise<void> | null = null
  readonly #unsubscribe: () => void
  #headsReadAt = -Infinity
  #isFailing = false
  readonly #failingSources = new Set<Source>()

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#pace = new RecorderPace(options)
    this.#tracks = new RecordingTracks(options.sourceOf)
    this.#unsubscribe = options.bus.subscribe('deploymentEvent', (event) => {
      if (isHealthEvent(event)) return
      this.#headsReadAt = -Infinity
      this.#pace.wake(CHANGES_APART_MS)
    })
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Ends after the statement in flight. */
  async stop(): Promise<void> {
    this.#unsubscribe()
    this.#pace.stop()
    await this.#running
  }

  /** A source has an answer that it did not have before: it is asked now, not with the next tick. */
  wake(): void {
    this.#pace.wake()
  }

  async #run(): Promise<void> {
    const { clock, intervalMs } = this.#options
    let nextTickMs = -Infinity
    while (!this.#pace.isStopped) {
      const now = clock.now()
      const isTick = now >= nextTickMs
      try {
        await this.recordUntil(now, isTick)
        if (this.#isFailing) {
          this.#isFailing = false
          this.#options.onRecovery()
        }
        if (isTick) nextTickMs = Math.floor(now / intervalMs) * intervalMs + intervalMs
        await this.#pace.untilTick(nextTickMs)
      } catch (error) {
        if (!this.#isFailing) this.#options.onOutage(error)
        this.#isFailing = true
        await this.#pace.pause(RETRY_MS)
      }
    }
  }

  /**
   * Records every window that has ended by `nowMs`. Rejects when the store does; nothing is lost then.
   * @param isTick whether the end of the round is told: everything has been asked for
   */
  async recordUntil(nowMs: number, isTick = true): Promise<void> {
    try {
      await this.#record(nowMs, isTick)
    } catch (error) {
      // The outcome is unknown: what was stored after all is in the heads.
      this.#headsReadAt = -Infinity
      throw error
    }
  }

  async #record(nowMs: number, isTick: boolean): Promise<void> {
    const { bus, intervalMs } = this.#options
    if (nowMs - this.#headsReadAt >= HEADS_TTL_MS || nowMs < this.#headsReadAt) await this.#readHeads(nowMs)
    const throughMs = Math.floor(nowMs / intervalMs) * intervalMs
    const waiting: Waiting = { sources: new Set(), deployments: new Set() }
    for (;;) {
      const due = this.#tracks.due(nowMs, waiting, BATCH_ROWS)
      // A batch follows the last one: it begins where that one ended.
      const stored = due.length > 0 ? await this.#store(due, await this.#measure(due, waiting), waiting) : []
      const more = due.length >= BATCH_ROWS
      const last = isTick && !more
      if (stored.length > 0 || last) bus.publish('recorded', { throughMs, samples: stored, last })
      if (!more || this.#pace.isStopped) return
    }
  }

  /** The answers of the sources, each asked once; undefined where the source failed. */
  async #measure(due: readonly Due[], waiting: Waiting): Promise<(SourceAnswer | undefined)[]> {
    const { windows, errors } = await measureAll(due, ({ track }) => track.source)
    for (const [source, error] of errors) {
      waiting.sources.add(source)
      if (!this.#failingSources.has(source)) this.#options.onSourceError(error)
      this.#failingSources.add(source)
    }
    for (const [index, { track }] of due.entries()) {
      if (!errors.has(track.source)) this.#failingSources.delete(track.source)
      if (windows[index] === 'pending') waiting.deployments.add(track.head.deploymentKey)
    }
    return windows
  }

  async #store(
    due: readonly Due[],
    windows: readonly (SourceAnswer | undefined)[],
    waiting: Waiting,
  ): Promise<Sample[]> {
    const { store, clock, onStored } = this.#options
    const samples: Sample[] = []
    const effects = []
    /** Newest sequence of each deployment in this batch. */
    const sequences = new Map<number, number>()
    for (const [index, { track }] of due.entries()) {
      const window = windows[index]
      if (!window || window === 'pending') continue
      const { deploymentKey, sequence: stored } = track.head
      const sequence = (sequences.get(deploymentKey) ?? stored) + 1
      sequences.set(deploymentKey, sequence)
      samples.push(createSample(deploymentKey, sequence, track.source.name, window))
      for (const effect of window.effects ?? []) effects.push({ ...effect, deploymentKey })
    }
    const { stored, busy } = await store.store(samples, effects)
    for (const key of busy) waiting.deployments.add(key)
    const now = clock.now()
    for (const sample of stored) {
      this.#tracks.advance(sample)
      onStored?.(now - sample.windowStartMs - sample.windowMs, 1)
    }
    const storedKeys = new Set(stored.map(({ deploymentKey }) => deploymentKey))
    for (const [index, { track, window }] of due.entries()) {
      const answer = windows[index]
      // Only now: what could not be stored is asked for again.
      if (answer === undefined || answer === 'pending' || busy.has(track.head.deploymentKey)) continue
      track.askedThroughMs = window.startMs + window.durationMs
      if (storedKeys.has(track.head.deploymentKey)) answer?.onStored?.()
    }
    this.#forgetRefused(samples, new Set([...busy, ...storedKeys]))
    return stored
  }

  /** Paused or deleted meanwhile, or the head is elsewhere: the store is asked before those are recorded again. */
  #forgetRefused(samples: readonly Sample[], kept: ReadonlySet<number>): void {
    for (const { deploymentKey } of samples) {
      if (kept.has(deploymentKey)) continue
      this.#tracks.forget(deploymentKey)
      this.#headsReadAt = -Infinity
    }
  }

  async #readHeads(nowMs: number): Promise<void> {
    const { bus, store, onHeads } = this.#options
    // Noted before the read: an event that arrives during it makes the next round read again.
    this.#headsReadAt = nowMs
    const heads = await store.recordingHeads()
    for (const { deploymentKey, after } of this.#tracks.set(heads)) {
      const samples = await store.after(deploymentKey, after, BATCH_ROWS)
      if (samples.length > 0) bus.publish('recorded', { throughMs: nowMs, samples, last: false })
    }
    this.#tracks.setPublished(heads)
    onHeads?.(heads)
  }
}
