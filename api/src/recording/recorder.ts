import type { Clock } from '../base/clock.ts'
import type { Bus } from '../bus/bus.ts'
import { measureSample } from './measure.ts'
import type { Sample } from '../metrics/sample.ts'
import type { RecordingHead, SampleStore } from '../samples/sample-store.ts'
import type { Source } from './sources/source.ts'

/** How far back a recorder that was held up catches up; what lies further back stays a gap. */
export const CATCH_UP_MS = 60_000
/** Rows of one statement. */
const BATCH_ROWS = 1000
/** Heads are read again at least this often, whatever the bus says. */
const HEADS_TTL_MS = 5000
const RETRY_MS = 250

export interface RecorderOptions {
  store: SampleStore
  source: Source
  bus: Bus
  clock: Clock
  /** Length of a window; windows start at its multiples since the epoch. */
  intervalMs: number
  /** Called once for each outage, and at its end. */
  onOutage: (error: unknown) => void
  onRecovery: () => void
  /** Milliseconds from the end of a window to the moment it was stored, of `count` samples. */
  onStored?: (latenessMs: number, count: number) => void
  /** Waits; ends early when aborted. Injected by tests. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * Asks the source for every active deployment's next window after the last stored one, stores what it answers in one
 * statement, and publishes what was stored. Whatever held it up, it goes on from the stored heads.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly #stop = new AbortController()
  #running: Promise<void> | null = null
  readonly #unsubscribe: () => void
  #heads = new Map<number, RecordingHead>()
  /** Published so far, by deployment: what the store holds beyond it was stored by a statement of unknown outcome. */
  #published = new Map<number, number>()
  #headsReadAt = -Infinity
  #failing = false

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

  /** Ends after the statement under way. */
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
      // Windows are recorded one after another.
      // oxlint-disable no-await-in-loop
      try {
        await this.recordUntil(now)
        if (this.#failing) {
          this.#failing = false
          this.#options.onRecovery()
        }
        const nextMs = Math.floor(now / intervalMs) * intervalMs + intervalMs
        // Timers fire up to a millisecond early; going through the same window again would tell the fleet of it twice.
        do await this.#sleep(nextMs - clock.now(), signal)
        while (clock.now() < nextMs && !signal.aborted)
      } catch (error) {
        if (!this.#failing) this.#options.onOutage(error)
        this.#failing = true
        await this.#sleep(RETRY_MS, signal)
      }
      // oxlint-enable no-await-in-loop
    }
  }

  /** Records every window that has ended by `nowMs`. Rejects when the store does; nothing is lost then. */
  async recordUntil(nowMs: number): Promise<void> {
    try {
      await this.#record(nowMs)
    } catch (error) {
      // The outcome is unknown: what was stored after all stands in the heads.
      this.#headsReadAt = -Infinity
      throw error
    }
  }

  async #record(nowMs: number): Promise<void> {
    const { bus, intervalMs } = this.#options
    if (nowMs - this.#headsReadAt >= HEADS_TTL_MS || nowMs < this.#headsReadAt) await this.#readHeads(nowMs)
    const throughMs = Math.floor(nowMs / intervalMs) * intervalMs
    for (;;) {
      const due = this.#measureDue(throughMs)
      // A batch follows the last one: it begins where that one ended.
      // oxlint-disable-next-line no-await-in-loop
      const stored = due.length > 0 ? await this.#store(due) : []
      const more = due.length >= BATCH_ROWS
      if (stored.length > 0 || !more) bus.publish('recorded', { throughMs, samples: stored, last: !more })
      if (!more || this.#stop.signal.aborted) return
    }
  }

  #measureDue(throughMs: number): Sample[] {
    const { intervalMs, source } = this.#options
    const due: Sample[] = []
    for (const head of this.#heads.values()) {
      let { sequence } = head
      for (
        let startMs = nextWindowStart(head, throughMs, intervalMs);
        startMs + intervalMs <= throughMs;
        startMs += intervalMs
      ) {
        if (due.length >= BATCH_ROWS) return due
        sequence += 1
        const deployment = { id: head.deploymentId, key: head.deploymentKey, createdAtMs: head.createdAtMs }
        due.push(measureSample(source, deployment, sequence, { startMs, durationMs: intervalMs }))
      }
    }
    return due
  }

  async #store(due: Sample[]): Promise<Sample[]> {
    const stored = await this.#options.store.store(due)
    const now = this.#options.clock.now()
    for (const sample of stored) {
      this.#published.set(sample.deploymentKey, sample.sequence)
      const head = this.#heads.get(sample.deploymentKey)
      const endMs = sample.windowStartMs + sample.windowMs
      if (head) {
        head.sequence = sample.sequence
        head.lastWindowEndMs = endMs
      }
      this.#options.onStored?.(now - endMs, 1)
    }
    if (stored.length < due.length) {
      // Paused or deleted meanwhile, or the head stands elsewhere: ask the store before going on with those.
      const kept = new Set(stored.map((sample) => sample.deploymentKey))
      for (const sample of due) if (!kept.has(sample.deploymentKey)) this.#heads.delete(sample.deploymentKey)
      this.#headsReadAt = -Infinity
    }
    return stored
  }

  async #readHeads(nowMs: number): Promise<void> {
    const { bus, store } = this.#options
    // Noted before the read: an event that arrives during it makes the next round read again.
    this.#headsReadAt = nowMs
    const heads = await store.recordingHeads()
    this.#heads = new Map(heads.map((head) => [head.deploymentKey, head]))
    for (const head of heads) {
      const published = this.#published.get(head.deploymentKey)
      if (published !== undefined && head.sequence > published) {
        // oxlint-disable-next-line no-await-in-loop
        const samples = await store.after(head.deploymentKey, published, BATCH_ROWS)
        if (samples.length > 0) bus.publish('recorded', { throughMs: nowMs, samples, last: false })
      }
      this.#published.set(head.deploymentKey, head.sequence)
    }
    for (const key of this.#published.keys()) if (!this.#heads.has(key)) this.#published.delete(key)
  }
}

/** Start of the next window to record: after the last stored one, not before the last resume, at most 60 s back. */
export function nextWindowStart(head: RecordingHead, throughMs: number, intervalMs: number): number {
  const earliest = Math.max(head.lastWindowEndMs ?? 0, head.recordingSinceMs, throughMs - CATCH_UP_MS)
  return Math.ceil(earliest / intervalMs) * intervalMs
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.max(0, ms))
    signal.addEventListener('abort', done)
  })
}
