import os from 'node:os'

/** Milliseconds since the epoch. Injected wherever time matters, so that tests control it. */
export interface Clock {
  now(): number
}

export interface TimeSources {
  /** The wall clock, milliseconds since the epoch; may jump. */
  wall(): number
  /** Milliseconds since any fixed point; never goes back, and goes on while the machine is suspended. */
  monotonic(): number
}

/** `os.uptime()` is coarse: whole seconds on macOS. A shorter suspension is a small step of the wall clock. */
const COARSE_MS = 2000
/** `os.uptime()` takes 10 µs: it reads a file. */
const CHECK_EVERY_MS = 10

/**
 * A monotonic clock that goes on while the machine is suspended: `performance.now()`, which does not, and what
 * `os.uptime()`, which does, has gained on it.
 */
export function monotonicTime(uptimeSeconds = () => os.uptime(), awakeMs = () => performance.now()): () => number {
  let checkedAtMs = awakeMs()
  let suspendedMs = uptimeSeconds() * 1000 - checkedAtMs
  return () => {
    const awake = awakeMs()
    if (awake - checkedAtMs >= CHECK_EVERY_MS) {
      checkedAtMs = awake
      const gained = uptimeSeconds() * 1000 - awake
      if (gained - suspendedMs > COARSE_MS) suspendedMs = gained
    }
    return awake + suspendedMs
  }
}

export const realTime: TimeSources = { wall: () => Date.now(), monotonic: monotonicTime() }

/** A longer step of the wall clock is a jump. As far as recording catches up, following a step leaves no gap. */
const MAX_STEP_MS = 60_000
/** A wall clock that jumped ahead is followed once it has kept to its new time for so long. */
const HOLD_MS = 5 * 60_000

/** What a wall clock does that recording does not follow, and its end; for the log of the server. */
const CLOCK_CHANGES = {
  ahead: 'the wall clock has jumped ahead; recording follows once it has kept to its new time for five minutes',
  followed: 'recording follows the wall clock, which has kept to its new time; the time between is a gap',
  behind: 'the wall clock is behind what has been recorded; recording goes on by elapsed time until it has caught up',
  right: 'the wall clock agrees with recording again',
}
export type ClockChange = keyof typeof CLOCK_CHANGES

/**
 * The clock that windows are recorded by: follows the wall clock, but never goes back, and follows no jump that may be
 * an error. While the wall clock is behind, or has just jumped ahead, it continues with the monotonic clock. What is
 * recorded can't be taken back: recorded once in the future, a log would stay there until the wall clock arrives.
 */
export class RecordingClock implements Clock {
  readonly #time: TimeSources
  readonly #onChange: (change: ClockChange, aheadMs: number) => void
  #last: number
  #lastMonotonic: number
  /** What was last told of the wall clock. */
  #state: Exclude<ClockChange, 'followed'> = 'right'
  /** Where the wall clock has jumped to, as its distance from the monotonic clock, and since when it is there. */
  #jump = { offsetMs: 0, sinceMs: 0 }

  /** @param onChange also told how many milliseconds the wall clock is ahead of recording; negative when behind */
  constructor(time: TimeSources, onChange: (change: ClockChange, aheadMs: number) => void = () => undefined) {
    this.#time = time
    this.#onChange = onChange
    this.#last = time.wall()
    this.#lastMonotonic = time.monotonic()
  }

  now(): number {
    const wall = this.#time.wall()
    const monotonic = this.#time.monotonic()
    const continued = this.#last + (monotonic - this.#lastMonotonic)
    this.#lastMonotonic = monotonic
    const isFollowed = this.#follows(wall - continued, wall - monotonic, monotonic)
    // Small corrections of the wall clock (slewing) are followed unless they would make time go back.
    this.#last = isFollowed && wall >= this.#last ? wall : continued
    return this.#last
  }

  /** Moves the clock forward to at least `ms`: samples recorded before a restart must not lie in the future. */
  advanceTo(ms: number): void {
    this.#last = Math.max(this.now(), ms)
  }

  /** Whether to follow the wall clock forward: not in the first minutes after a jump; another jump begins them anew. */
  #follows(aheadMs: number, offsetMs: number, monotonic: number): boolean {
    const state = aheadMs > MAX_STEP_MS ? 'ahead' : aheadMs < -MAX_STEP_MS ? 'behind' : 'right'
    const hasJumped = state === 'ahead' && Math.abs(offsetMs - this.#jump.offsetMs) > MAX_STEP_MS
    if (state !== this.#state || hasJumped) {
      this.#state = state
      this.#jump = { offsetMs, sinceMs: monotonic }
      this.#onChange(state, aheadMs)
    }
    if (state !== 'ahead') return true
    if (monotonic - this.#jump.sinceMs < HOLD_MS) return false
    this.#state = 'right'
    this.#onChange('followed', aheadMs)
    return true
  }
}

export interface Clocks {
  /** The wall clock, for what others rely on too: expiry, signatures, when something is due. */
  clock: Clock
  /** For what only lasts a while. */
  monotonic: Clock
  /** For what stands on the timeline of samples. */
  recordingClock: RecordingClock
}

/** @param warn told what the wall clock does, and how many milliseconds it is ahead of recording then */
export function createClocks(time: TimeSources, warn: (aheadMs: number, what: string) => void): Clocks {
  return {
    clock: { now: () => time.wall() },
    monotonic: { now: () => time.monotonic() },
    recordingClock: new RecordingClock(time, (change, aheadMs) => warn(aheadMs, CLOCK_CHANGES[change])),
  }
}
