import { createSimulatedSource } from './simulator/simulated-source.ts'
import { loadTrace, TraceError } from './simulator/trace.ts'
import type { Source } from './source.ts'

export { TraceError }

/**
 * The source of samples that the settings ask for.
 * @throws TraceError
 */
export function createSource({ trafficTrace }: { trafficTrace: string | undefined }): Source {
  return createSimulatedSource(trafficTrace === undefined ? {} : { trace: loadTrace(trafficTrace) })
}
