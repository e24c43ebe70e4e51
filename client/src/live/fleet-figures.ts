import { everyFrame } from './every-frame.ts'
import { type Figures, SampleRing } from './sample-ring.ts'

/** Two minutes of one-second windows and a few more, so that a late one does not push the first out of sight. */
const RING = 128

export interface Sample extends Figures {
  /** Window start, ms since 1970. */
  at: number
  windowMs: number
}

/** The live figures of one deployment, or of the whole filter. */
export interface Track {
  latest: Sample | undefined
  ring: SampleRing
  /** The two minutes before the first live sample were asked for, or are here. */
  filled: boolean
}

/**
 * The current figures of every deployment on the page and two minutes of each, outside React and outside the cache.
 * Components follow one deployment; whoever changed is told at most once a frame.
 */
export interface FleetFigures {
  /** The track of a deployment, or of a filter's totals, by a key of the caller's choice; made when it is not there. */
  track(key: string): Track
  add(key: string, sample: Sample): void
  /** Older samples for the start of a ring. Those that came live in the meantime stay. */
  fill(key: string, samples: readonly Sample[]): void
  /** The keys of all tracks. */
  known(): string[]
  /** The newest sample of every track that has one. */
  latest(): Map<string, Sample>
  subscribe(key: string, listener: () => void): () => void
}

export function createFleetFigures(schedule: (flush: () => void) => () => void = everyFrame): FleetFigures {
  const tracks = new Map<string, Track>()
  const listeners = new Map<string, Set<() => void>>()
  const changed = new Set<string>()
  const flushSoon = schedule(() => {
    const keys = [...changed]
    changed.clear()
    for (const key of keys) for (const listener of listeners.get(key) ?? []) listener()
  })

  function track(key: string): Track {
    let found = tracks.get(key)
    if (!found) {
      found = { latest: undefined, ring: new SampleRing(RING), filled: false }
      tracks.set(key, found)
    }
    return found
  }

  function touch(key: string): void {
    changed.add(key)
    flushSoon()
  }

  return {
    track,
    add(key, sample) {
      const one = track(key)
      if (!one.ring.push(sample.at / 1000, sample)) return
      one.latest = sample
      touch(key)
    },
    fill(key, samples) {
      const one = track(key)
      const rows = new Map<number, Figures>()
      for (const sample of samples) rows.set(sample.at / 1000, sample)
      // What came live knows as much or more than what was asked for.
      for (const row of one.ring.rows()) rows.set(row.at, row)
      one.ring.clear()
      for (const [at, figures] of [...rows].sort(([a], [b]) => a - b)) one.ring.push(at, figures)
      const last = samples.at(-1)
      if (last && (!one.latest || last.at > one.latest.at)) one.latest = last
      one.filled = true
      touch(key)
    },
    known: () => [...tracks.keys()],
    latest() {
      const found = new Map<string, Sample>()
      for (const [key, { latest }] of tracks) if (latest) found.set(key, latest)
      return found
    },
    subscribe(key, listener) {
      const set = listeners.get(key) ?? new Set()
      listeners.set(key, set)
      set.add(listener)
      return () => {
        set.delete(listener)
        if (set.size === 0 && listeners.get(key) === set) listeners.delete(key)
      }
    },
  }
}
