import type { Measurement, MetricsWindow, SourceName } from '../../metrics/sample.ts'

/** What a source may know of the deployment it measures. */
export interface MeasuredDeployment {
  id: string
  /** When it was deployed, milliseconds since the epoch: simulated traffic ramps up from here. */
  createdAtMs: number
}

/** Answers one question: what was measured in this window? Touches neither bus nor database. */
export interface Source {
  readonly name: SourceName
  measure(deployment: MeasuredDeployment, window: MetricsWindow): Measurement
}
