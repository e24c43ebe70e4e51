import { setTimeout as timeout } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { Bus } from '../bus/bus.ts'
import type { Sample } from '../metrics/sample.ts'
import type { RecordingHead, SampleStore } from '../samples/sample-store.ts'
import { createSample, measureAll } from './measure.ts'
import type { MeasuredWindow, MeasurementRequest, Source } from './sources/source.ts'

/** How far back a recorder that was held up catches up; what lies further back stays a gap. */
const CATCH_UP_MS = 60_000
/** Windows that are measured, and rows that are stored, at once. */
const BATCH_ROWS = 1000
/** Heads are read again at least this often, whatever the bus says. */
const HEADS_TTL_MS = 5000
const RETRY_MS = 250

export interface RecorderOptions {
  store: SampleStore
  /** Where a deployment's samples come from, and how long its windows are (they start at multiples since the epoch). */
  sourceOf: (deployment: RecordingHead) => DeploymentSource
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

export interface DeploymentSource {
  source: Source
  /** Length of a window. */
  intervalMs: number
}

/** One deployment that is being recorded. */
interface Track extends DeploymentSource {
  head: RecordingHead
  /** The source was asked for everything before this; beyond the head where it had no measurement. */
  askedThroughMs: number
}

/** A window that has ended and is to be measured. */
interface Due extends MeasurementRequest {
  track: Track
}

/** What waits for the next round. */
interface Waiting {
  /** Sources that failed. */
  sources: Set<Source>
  /** Deployments whose head is locked: they are tried again, and nobody waits for them. */
  busy: Set<number>
}

/**
 * Asks the sources for every active deployment's next windows after the last stored one, stores what they answer in one
 * statement, and publishes what was stored. Whatever held it up, it continues from the stored heads.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly #stop = new AbortController()
  #running: Promise<void> | null = null
  readonly #unsubscribe: () => void
  #tracks = new Map<number, Track>()
  /** Published so far, by deployment: what the store holds beyond it was stored by a statement of unknown outcome. */
  #published = new Map<number, number>()
  #headsReadAt = -Infinity
  #isFailing = false
  readonly #failingSources = new Set<Source>()

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#sleep = options.sleep ?? sleep
    this.#unsubscribe = options.bus.subscribe('deploymentEvent', () => {
      this.#headsReadAt = -Infinity
    })
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Ends after the statement in flight. */
  async stop(): Promise<void> {
    this.#unsubscribe()
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, intervalMs } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      const now = clock.now()
      try {
        await this.recordUntil(now)
        if (this.#isFailing) {
          this.#isFailing = false
          this.#options.onRecovery()
        }
        const nextMs = Math.floor(now / intervalMs) * intervalMs + intervalMs
        // Timers fire up to a millisecond early; a second run for the same window would publish it to the fleet twice.
        do await this.#sleep(nextMs - clock.now(), signal)
        while (clock.now() < nextMs && !signal.aborted)
      } catch (error) {
        if (!this.#isFailing) this.#options.onOutage(error)
        this.#isFailing = true
        await this.#sleep(RETRY_MS, signal)
      }
    }
  }

  /** Records every window that has ended by `nowMs`. Rejects when the store does; nothing is lost then. */
  async recordUntil(nowMs: number): Promise<void> {
    try {
      await this.#record(nowMs)
    } catch (error) {
      // The outcome is unknown: what was stored after all is in the heads.
      this.#headsReadAt = -Infinity
      throw error
    }
  }

  async #record(nowMs: number): Promise<void> {
    const { bus, intervalMs } = this.#options
    if (nowMs - this.#headsReadAt >= HEADS_TTL_MS || nowMs < this.#headsReadAt) await this.#readHeads(nowMs)
    const throughMs = Math.floor(nowMs / intervalMs) * intervalMs
    const waiting: Waiting = { sources: new Set(), busy: new Set() }
    for (;;) {
      const due = this.#due(nowMs, waiting)
      // A batch follows the last one: it begins where that one ended.
      const stored = due.length > 0 ? await this.#store(due, await this.#measure(due, waiting.sources), waiting) : []
      const more = due.length >= BATCH_ROWS
      if (stored.length > 0 || !more) bus.publish('recorded', { throughMs, samples: stored, last: !more })
      if (!more || this.#stop.signal.aborted) return
    }
  }

  /** Windows that have ended and were not asked for, ascending in each deployment. */
  #due(nowMs: number, waiting: Waiting): Due[] {
    const due: Due[] = []
    for (const track of this.#tracks.values()) {
      if (waiting.sources.has(track.source) || waiting.busy.has(track.head.deploymentKey)) continue
      const { head, intervalMs } = track
      const throughMs = Math.floor(nowMs / intervalMs) * intervalMs
      const deployment = { id: head.deploymentId, createdAtMs: head.createdAtMs }
      const recordedThroughMs = recordedThrough(head)
      for (
        let startMs = nextWindowStart(track, throughMs, intervalMs);
        startMs + intervalMs <= throughMs;
        startMs += intervalMs
      ) {
        if (due.length >= BATCH_ROWS) return due
        due.push({ track, deployment, recordedThroughMs, window: { startMs, durationMs: intervalMs } })
      }
    }
    return due
  }

  /** The answers of the sources, each asked once; undefined where the source failed, which is added to `failed`. */
  async #measure(due: readonly Due[], failed: Set<Source>): Promise<(MeasuredWindow | null | undefined)[]> {
    const answers = await measureAll(due, ({ track }) => track.source)
    for (const [source, error] of answers.errors) {
      failed.add(source)
      if (!this.#failingSources.has(source)) this.#options.onSourceError(error)
      this.#failingSources.add(source)
    }
    for (const { track } of due) if (!failed.has(track.source)) this.#failingSources.delete(track.source)
    return answers.windows
  }

  async #store(
    due: readonly Due[],
    windows: readonly (MeasuredWindow | null | undefined)[],
    waiting: Waiting,
  ): Promise<Sample[]> {
    const { store, clock, onStored } = this.#options
    const samples: Sample[] = []
    const effects = []
    /** Newest sequence of each deployment in this batch. */
    const sequences = new Map<number, number>()
    for (const [index, { track }] of due.entries()) {
      const window = windows[index]
      if (!window) continue
      const { deploymentKey, sequence: stored } = track.head
      const sequence = (sequences.get(deploymentKey) ?? stored) + 1
      sequences.set(deploymentKey, sequence)
      samples.push(createSample(deploymentKey, sequence, track.source.name, window))
      for (const effect of window.effects ?? []) effects.push({ ...effect, deploymentKey })
    }
    const { stored, busy } = await store.store(samples, effects)
    for (const key of busy) waiting.busy.add(key)
    const now = clock.now()
    for (const sample of stored) {
      this.#published.set(sample.deploymentKey, sample.sequence)
      const track = this.#tracks.get(sample.deploymentKey)
      const endMs = sample.windowStartMs + sample.windowMs
      if (track) Object.assign(track.head, { sequence: sample.sequence, lastWindowEndMs: endMs })
      onStored?.(now - endMs, 1)
    }
    // Only now: what could not be stored is asked for again.
    for (const [index, { track, window }] of due.entries()) {
      if (windows[index] === undefined || busy.has(track.head.deploymentKey)) continue
      track.askedThroughMs = window.startMs + window.durationMs
    }
    this.#forgetRefused(samples, new Set([...busy, ...stored.map(({ deploymentKey }) => deploymentKey)]))
    return stored
  }

  /** Paused or deleted meanwhile, or the head is elsewhere: the store is asked before those are recorded again. */
  #forgetRefused(samples: readonly Sample[], kept: ReadonlySet<number>): void {
    for (const { deploymentKey } of samples) {
      if (kept.has(deploymentKey)) continue
      this.#tracks.delete(deploymentKey)
      this.#headsReadAt = -Infinity
    }
  }

  async #readHeads(nowMs: number): Promise<void> {
    const { bus, store, sourceOf } = this.#options
    // Noted before the read: an event that arrives during it makes the next round read again.
    this.#headsReadAt = nowMs
    const heads = await store.recordingHeads()
    const tracks = heads.map((head): Track => {
      // A head that went back: the database was set back, and what was lost with it is asked for again.
      const isSetBack = head.sequence < (this.#published.get(head.deploymentKey) ?? 0)
      const known = isSetBack ? undefined : this.#tracks.get(head.deploymentKey)
      const askedThroughMs = known?.askedThroughMs ?? -Infinity
      return { ...sourceOf(head), head, askedThroughMs }
    })
    this.#tracks = new Map(tracks.map((track) => [track.head.deploymentKey, track]))
    for (const { deploymentKey, sequence } of heads) {
      const published = this.#published.get(deploymentKey)
      if (published !== undefined && sequence > published) {
        const samples = await store.after(deploymentKey, published, BATCH_ROWS)
        if (samples.length > 0) bus.publish('recorded', { throughMs: nowMs, samples, last: false })
      }
      this.#published.set(deploymentKey, sequence)
    }
    for (const key of this.#published.keys()) if (!this.#tracks.has(key)) this.#published.delete(key)
  }
}

/**
 * Start of the next window to record: after the last stored one and those already asked for, not before the last
 * resume, at most 60 s back.
 */
function nextWindowStart({ head, askedThroughMs }: Track, throughMs: number, intervalMs: number): number {
  const earliest = Math.max(recordedThrough(head), askedThroughMs, throughMs - CATCH_UP_MS)
  return Math.ceil(earliest / intervalMs) * intervalMs
}

function recordedThrough({ lastWindowEndMs, recordingSinceMs }: RecordingHead): number {
  return Math.max(lastWindowEndMs ?? 0, recordingSinceMs)
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await timeout(Math.max(0, ms), undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
