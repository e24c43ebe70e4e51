import type { MeasuredDeployment, MeasuredWindow, MeasurementRequest, Source } from '../source.ts'
import type { FullMeasurement, MetricsWindow } from '../../../metrics/sample.ts'
import { generateInferenceMetrics } from './generate-inference-metrics.ts'
import { createReplay } from './replay.ts'
import { profileFor } from './traffic-profile.ts'
import type { TrafficTrace } from './trace.ts'

/** It has an answer to everything, at once. */
export interface SimulatedSource extends Source {
  measure(requests: readonly MeasurementRequest[]): Promise<MeasuredWindow[]>
}

/**
 * The source of simulated samples: traffic made up from each deployment's own profile, or with `trace` the traffic of a
 * recording for every deployment, from the moment it was deployed. It has no state: a restarted server continues the
 * same curves.
 */
export function createSimulatedSource(options: { trace?: TrafficTrace } = {}): SimulatedSource {
  const measureOne: (deployment: MeasuredDeployment, window: MetricsWindow) => FullMeasurement = options.trace
    ? createReplay(options.trace)
    : (deployment, window) => generateInferenceMetrics(deployment.id, window, profileFor(deployment))
  return {
    name: 'SIMULATED',
    measure: (requests) =>
      Promise.resolve(
        requests.map(({ deployment, window }) => ({ window, measurement: measureOne(deployment, window) })),
      ),
  }
}
