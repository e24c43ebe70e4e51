import type { MetricsWindow, Sample } from '../metrics/sample.ts'
import type { MeasuredDeployment, Source } from './sources/source.ts'

/** Asks the source for one window and puts the answer in the form that is stored. */
export function measureSample(
  source: Source,
  deployment: MeasuredDeployment & { key: number },
  sequence: number,
  window: MetricsWindow,
): Sample {
  const measured = source.measure(deployment, window)
  return {
    deploymentKey: deployment.key,
    sequence,
    windowStartMs: window.startMs,
    windowMs: window.durationMs,
    requests: measured.requests,
    errors: measured.errors,
    latencySumMs: measured.latencySumMs,
    latencyMaxMs: measured.latencyMaxMs,
    latency: measured.requests > 0 ? measured.latency.encode() : null,
    promptTokens: measured.promptTokens,
    generatedTokens: measured.generatedTokens,
    inFlight: measured.inFlight,
    source: source.name,
  }
}
