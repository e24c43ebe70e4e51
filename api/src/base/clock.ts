/** Milliseconds since the epoch. Injected wherever time matters, so that tests control it. */
export interface Clock {
  now(): number
}

export interface TimeSources {
  /** The wall clock, milliseconds since the epoch; may jump. */
  wall(): number
  /** Milliseconds since any fixed point; never goes back. */
  monotonic(): number
}

const realTime: TimeSources = { wall: () => Date.now(), monotonic: () => performance.now() }

/**
 * The clock that windows are recorded by: follows the wall clock, but never goes back. When the wall clock jumps back,
 * it continues with the monotonic clock until the wall clock has caught up.
 */
export class RecordingClock implements Clock {
  readonly #time: TimeSources
  #last: number
  #lastMonotonic: number

  constructor(time: TimeSources = realTime) {
    this.#time = time
    this.#last = time.wall()
    this.#lastMonotonic = time.monotonic()
  }

  now(): number {
    const wall = this.#time.wall()
    const monotonic = this.#time.monotonic()
    // Small corrections of the wall clock (slewing) are followed unless they would make time go back.
    const continued = this.#last + (monotonic - this.#lastMonotonic)
    this.#lastMonotonic = monotonic
    this.#last = wall >= this.#last ? wall : continued
    return this.#last
  }

  /** Moves the clock forward to at least `ms`: samples recorded before a restart must not lie in the future. */
  advanceTo(ms: number): void {
    this.#last = Math.max(this.now(), ms)
  }
}
