import { requestsFor } from '../../live/sample.ts'

/** The widths of windows that people can read, in seconds; those that the API chooses from. */
const READABLE_SECONDS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800,
]
/** Those in which the API sends windows live. */
const LIVE_SECONDS = new Set([1, 2, 5, 10, 15, 30, 60])
/** A chart of fewer windows says too little of when something happened. */
const LEAST_WINDOWS = 60
/** More than it takes, because traffic varies. */
const MARGIN = 1.3

const PX_PER_POINT = 2.6
const LEAST_POINTS = 150

/** How many windows a chart of this width shows, in steps, so that resizing a window does not reload with every pixel. */
export function maxPointsFor(widthPx: number): number {
  if (!Number.isFinite(widthPx)) return 500
  return Math.min(1000, Math.max(LEAST_POINTS, Math.round(widthPx / PX_PER_POINT / 100) * 100))
}

/**
 * The width of the windows of a range, in seconds: the finest of which at most `maxPoints` cover it. Where few requests
 * come, it is a coarser one that carries p99, or p95, as long as enough windows remain to be called a chart: a
 * percentile of seven requests is nothing but the slowest of them. `requestsPerSecond` is what to expect, if that is
 * known.
 */
export function stepFor(spanSeconds: number, maxPoints: number, requestsPerSecond: number | undefined): number {
  const fitting = READABLE_SECONDS.find((step) => spanSeconds / step <= maxPoints)
  if (fitting === undefined) return Math.ceil(spanSeconds / maxPoints)
  if (!requestsPerSecond) return fitting
  for (const figure of ['p99Ms', 'p95Ms'] as const) {
    const needed = (requestsFor(figure) * MARGIN) / requestsPerSecond
    const carrying = READABLE_SECONDS.find((step) => step >= fitting && step >= needed)
    if (carrying !== undefined && spanSeconds / carrying >= LEAST_WINDOWS) return carrying
  }
  return fitting
}

/** What to ask for so that the API chooses windows of this width: whole ones, as many as it takes. */
export function pointsFor(fromMs: number, toMs: number, stepSeconds: number): number {
  const stepMs = stepSeconds * 1000
  return Math.min(2000, Math.max(1, Math.ceil(toMs / stepMs) - Math.floor(fromMs / stepMs)))
}

/** The `resolution` to subscribe with; undefined for windows as they are recorded. */
export function liveResolution(stepSeconds: number): number | undefined {
  return stepSeconds > 1 && LIVE_SECONDS.has(stepSeconds) ? stepSeconds : undefined
}

/** Whether the API can send windows of this width live. Narrower ones are recorded as they are. */
export function isLiveStep(stepSeconds: number): boolean {
  return stepSeconds < 1 || LIVE_SECONDS.has(stepSeconds)
}
