import { ErrorAlarm } from './error-alarm.ts'
import { everyFrame } from './every-frame.ts'
import { SampleRing } from './sample-ring.ts'
import { endOf, type Figures, type Sample } from './sample.ts'

/** Two minutes with a figure every second and a few more, so that a late one does not evict one that is still drawn. */
const RING = 128

/** The figures that a page shows are of the last minute unless somebody chooses otherwise. */
export const DEFAULT_OVER_SECONDS = 60

/** The live figures of one deployment, or the totals of a filter. */
export interface Track {
  /** The figures of the seconds before now, merged. */
  latest: Sample | undefined
  /** By the ends of their windows. */
  ring: SampleRing
  /** How often new figures come, in ms, as far as it is known. */
  intervalMs: number
  alarm: ErrorAlarm
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
  #overSeconds = DEFAULT_OVER_SECONDS

  /** `schedule` decides when listeners are called; without it, once a frame. */
  constructor(schedule: (flush: () => void) => () => void = everyFrame) {
    this.#flushSoon = schedule(() => {
      const keys = [...this.#changed]
      this.#changed.clear()
      for (const key of keys) for (const listener of this.#listeners.get(key) ?? []) listener()
    })
  }

  /** From now on, all figures are of this many seconds. Forgets those of another number. */
  showOver(seconds: number): void {
    if (seconds === this.#overSeconds) return
    this.#overSeconds = seconds
    for (const [key, track] of this.#tracks) {
      Object.assign(track, emptyTrack())
      this.#touch(key)
    }
  }

  /** The track of a deployment, or of a filter's totals, by a key of the caller's choice. Creates it if needed. */
  track(key: string): Track {
    let found = this.#tracks.get(key)
    if (!found) {
      found = emptyTrack()
      this.#tracks.set(key, found)
    }
    return found
  }

  add(key: string, sample: Sample): void {
    const track = this.track(key)
    const { latest } = track
    if (latest && endOf(sample) <= endOf(latest)) return
    if (latest) track.intervalMs = Math.min(track.intervalMs, endOf(sample) - endOf(latest))
    track.ring.push(endOf(sample) / 1000, sample)
    track.latest = sample
    track.alarm.add(sample)
    this.#touch(key)
  }

  /**
   * Puts older windows where a ring has none, and `latest` where there is no newer one. What arrived live in the
   * meantime stays.
   */
  fill(key: string, windows: readonly Sample[], latest?: Sample): void {
    const track = this.track(key)
    const held = [...track.ring.rows()]
    const rows = new Map<number, Figures>(held.map((row) => [row.at, row]))
    for (const window of windows) {
      const end = endOf(window) / 1000
      const start = window.at / 1000
      if (!held.some(({ at }) => at > start && at <= end)) rows.set(end, window)
    }
    track.ring.clear()
    for (const [at, figures] of [...rows].sort(([a], [b]) => a - b)) track.ring.push(at, figures)
    track.filled = true
    if (latest && (!track.latest || endOf(latest) > endOf(track.latest))) {
      track.latest = latest
      track.alarm.add(latest)
    }
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

function emptyTrack(): Track {
  return {
    latest: undefined,
    ring: new SampleRing(RING),
    intervalMs: Infinity,
    alarm: new ErrorAlarm(),
    filled: false,
  }
}
