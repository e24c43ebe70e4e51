import { everyFrame } from './every-frame.ts'
import { SampleRing } from './sample-ring.ts'
import type { Figures, Sample } from './sample.ts'

/** Two minutes of one-second windows and a few more, so that a late window does not evict one that is still drawn. */
const RING = 128

/** The live figures of one deployment, or the totals of a filter. */
export interface Track {
  latest: Sample | undefined
  ring: SampleRing
  /** The two minutes before the first live sample have been requested or have arrived. */
  filled: boolean
}

/**
 * The current figures of every deployment on the page and two minutes of each, outside of React and of the cache. A
 * component subscribes to one deployment; its listener is called at most once a frame, and only when that one changed.
 */
export class FleetFigures {
  readonly #tracks = new Map<string, Track>()
  readonly #listeners = new Map<string, Set<() => void>>()
  readonly #changed = new Set<string>()
  readonly #flushSoon: () => void

  /** `schedule` decides when listeners are called; without it, once a frame. */
  constructor(schedule: (flush: () => void) => () => void = everyFrame) {
    this.#flushSoon = schedule(() => {
      const keys = [...this.#changed]
      this.#changed.clear()
      for (const key of keys) for (const listener of this.#listeners.get(key) ?? []) listener()
    })
  }

  /** The track of a deployment, or of a filter's totals, by a key of the caller's choice. Creates it if needed. */
  track(key: string): Track {
    let found = this.#tracks.get(key)
    if (!found) {
      found = { latest: undefined, ring: new SampleRing(RING), filled: false }
      this.#tracks.set(key, found)
    }
    return found
  }

  add(key: string, sample: Sample): void {
    const track = this.track(key)
    if (!track.ring.push(sample.at / 1000, sample)) return
    track.latest = sample
    this.#touch(key)
  }

  /** Puts older samples at the start of a ring. Those that arrived live in the meantime stay. */
  fill(key: string, samples: readonly Sample[]): void {
    const track = this.track(key)
    const rows = new Map<number, Figures>()
    for (const sample of samples) rows.set(sample.at / 1000, sample)
    // A live sample is at least as complete as a queried one of the same window.
    for (const row of track.ring.rows()) rows.set(row.at, row)
    track.ring.clear()
    for (const [at, figures] of [...rows].sort(([a], [b]) => a - b)) track.ring.push(at, figures)
    const last = samples.at(-1)
    if (last && (!track.latest || last.at > track.latest.at)) track.latest = last
    track.filled = true
    this.#touch(key)
  }

  /** Marks every track as not filled: each may have a gap that a query can fill. */
  forgetFilled(): void {
    for (const track of this.#tracks.values()) track.filled = false
  }

  /** The newest sample of every track that has one. */
  latest(): Map<string, Sample> {
    const found = new Map<string, Sample>()
    for (const [key, { latest }] of this.#tracks) if (latest) found.set(key, latest)
    return found
  }

  subscribe(key: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(key) ?? new Set()
    this.#listeners.set(key, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key)
    }
  }

  #touch(key: string): void {
    this.#changed.add(key)
    this.#flushSoon()
  }
}
