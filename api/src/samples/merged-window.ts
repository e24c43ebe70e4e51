import { MERGED_RESOLUTIONS } from '../base/kept-times.ts'
import type { SourceName } from '../metrics/sample.ts'
import type { StoredMetrics } from '../metrics/window-metrics.ts'

/** How long merged windows are, ascending. Each is made from finer ones (see `finerOf`); the first from samples. */
export const RESOLUTIONS_MS: readonly number[] = MERGED_RESOLUTIONS.map(({ resolutionMs }) => resolutionMs)

/** Databases of before they were stored have none of before that, so nothing else is made from them. */
export const FIVE_MINUTES_MS = 300_000

/** The windows that those of a resolution are made from; undefined for the first. */
export function finerOf(resolutionMs: number): number | undefined {
  return RESOLUTIONS_MS.findLast((finerMs) => finerMs < resolutionMs && finerMs !== FIVE_MINUTES_MS)
}

/** The finest windows of models and of the fleet. */
export const SHARED_RESOLUTION_MS = 60_000

/** The fleet as a series; a deployment is its key, a model minus its key. */
export const FLEET_SERIES = 0

/**
 * The samples of one series whose windows end in `(windowStartMs, windowStartMs + resolutionMs]`, merged. Figures of a
 * window add up; a gauge is that of the sample with the highest sequence, and a sum over deployments.
 */
export interface MergedWindow extends StoredMetrics {
  /** A deployment (its key), a model (minus its key) or the fleet (0). */
  series: number
  resolutionMs: number
  windowStartMs: number
  /**
   * Milliseconds of the window that were recorded: what its samples measured before it begins is not in it. Of a model
   * or the fleet: by the deployment that was recorded longest.
   */
  coveredMs: number
  /** What its first sample measured before the window, in milliseconds: a longer window may cover it. */
  beforeMs: number
  /** Of the samples in it; null for a model and the fleet. */
  firstSequence: number | null
  lastSequence: number | null
  /** Requests by source. */
  sources: Partial<Record<SourceName, number>>
}

/** Where the window of a resolution begins that holds what ends at `endMs`. */
export function windowStartOf(endMs: number, resolutionMs: number): number {
  return Math.ceil(endMs / resolutionMs) * resolutionMs - resolutionMs
}

/** The watermarks of a deployment that is new: nothing is merged, and nothing was recorded before. */
export function firstWatermarks(at: Date) {
  return RESOLUTIONS_MS.map((resolutionMs) => {
    const mergedThrough = new Date(Math.floor(at.getTime() / resolutionMs) * resolutionMs)
    return { resolutionMs, mergedThrough }
  })
}
