/**
 * Samples are merged into windows of these lengths, and those are kept for so many days unless a setting says otherwise;
 * without a name, as long as the windows before them.
 */
export const MERGED_RESOLUTIONS = [
  { resolutionMs: 10_000, name: '10S', days: 3 },
  { resolutionMs: 60_000, name: '1MIN', days: 30 },
  // A day of 300 points is read from these.
  { resolutionMs: 300_000, name: undefined, days: 0 },
  { resolutionMs: 600_000, name: '10MIN', days: 180 },
  { resolutionMs: 3_600_000, name: '1H', days: 730 },
  // A year of a fleet is read from these: of hours, nine thousand distributions would be merged.
  { resolutionMs: 86_400_000, name: '1D', days: 1_825 },
] as const

/** How many hours samples are kept: an embedded database is a folder on somebody's laptop. */
export const KEEP_SAMPLES_HOURS = { embedded: 6, postgres: 24 } as const

/** How long what was recorded is kept. */
export interface KeptTimes {
  samplesMs: number
  /** From the finest to the coarsest; none is kept for less time than a finer one. */
  merged: readonly { resolutionMs: number; keepMs: number }[]
}
