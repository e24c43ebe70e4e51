import type { Measurement, MetricsWindow, SourceName } from '../../metrics/sample.ts'
import type { SampleEffect } from '../../samples/sample-store.ts'

/** What a source may know of the deployment it measures. */
export interface MeasuredDeployment {
  id: string
  /** When it was deployed, milliseconds since the epoch: simulated traffic ramps up from here. */
  createdAtMs: number
}

/** Asks what was measured in one window of one deployment. Those of a deployment are asked for in order. */
export interface MeasurementRequest {
  deployment: MeasuredDeployment
  window: MetricsWindow
  /** Everything before is recorded, or was before the last resume; milliseconds since the epoch. */
  recordedThroughMs: number
}

export interface MeasuredWindow {
  /**
   * The window that the measurement covers. It ends with the window asked for. It may begin earlier, where the source
   * had no measurement for the windows before: not before `recordedThroughMs`, and not within an earlier answer.
   */
  window: MetricsWindow
  measurement: Measurement
  /** What must be stored or consumed in the statement that stores the sample. */
  effects?: readonly SampleEffect[]
  /**
   * Called once it is known that the sample was stored. A source that is asked again before it was called does not know:
   * the sample may be stored, or that of another recorder in its place.
   */
  onStored?: () => void
}

/**
 * Null: there is no measurement for this window; a later answer may cover it. Pending: it is not known yet, and this
 * window and all later ones of its deployment are asked for again, with the next round or when the source wakes the
 * recorder.
 */
export type SourceAnswer = MeasuredWindow | 'pending' | null

/**
 * Answers what was measured in windows that have ended, from what it has collected: it waits for nobody, and writes
 * nothing itself.
 */
export interface Source {
  readonly name: SourceName
  /**
   * One answer for each request, in the order of the requests. Asked again for the same window when its sample could
   * not be stored.
   */
  measure(requests: readonly MeasurementRequest[]): Promise<SourceAnswer[]>
}
