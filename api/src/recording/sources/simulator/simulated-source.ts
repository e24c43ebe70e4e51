import type { Source } from '../source.ts'
import { generateInferenceMetrics } from './generate-inference-metrics.ts'
import { createReplay } from './replay.ts'
import { profileFor } from './traffic-profile.ts'
import type { TrafficTrace } from './trace.ts'

/**
 * The source of simulated samples: traffic made up from each deployment's own profile, or with `trace` a recording's
 * traffic for every deployment, begun when it was deployed. Holds nothing that changes: a restarted server goes on
 * with the same curves.
 */
export function createSimulatedSource(options: { trace?: TrafficTrace } = {}): Source {
  const { trace } = options
  if (trace) return { name: 'SIMULATED', measure: createReplay(trace) }
  return {
    name: 'SIMULATED',
    measure: (deployment, window) => generateInferenceMetrics(deployment.id, window, profileFor(deployment)),
  }
}
