// @ts-check
// The bounds of vLLM's histograms (its V1 engine), in seconds, and a histogram that counts by them.

export const REQUEST_BOUNDS = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
]
export const FIRST_TOKEN_BOUNDS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
]
export const INTER_TOKEN_BOUNDS = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
]

/** Counts of values up to each bound, the bound included. */
export class Histogram {
  bounds
  /** Cumulative, as Prometheus wants them: one for each bound, and the last one for all. @type {number[]} */
  counts
  sum = 0

  /** @param {readonly number[]} bounds */
  constructor(bounds) {
    this.bounds = bounds
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  /** @param {number} seconds */
  observe(seconds) {
    this.sum += seconds
    for (let index = this.counts.length - 1; index >= 0; index--) {
      if (index < this.bounds.length && seconds > (this.bounds[index] ?? Infinity)) break
      this.counts[index] = (this.counts[index] ?? 0) + 1
    }
  }
}
