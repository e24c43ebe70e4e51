import { describe, expect, it } from 'vitest'
import type { Measurement } from '../../../metrics/sample.ts'
import type { Source } from '../source.ts'
import { generateInferenceMetrics } from './generate-inference-metrics.ts'
import { createReplay } from './replay.ts'
import { createSimulatedSource } from './simulated-source.ts'
import { profileFor } from './traffic-profile.ts'
import type { TrafficTrace } from './trace.ts'

const createdAtMs = Date.UTC(2026, 3, 7)
const deployment = { id: 'a deployment', createdAtMs }
const window = { startMs: createdAtMs + 30_000, durationMs: 1_000 }
const recordedThroughMs = createdAtMs
const measured = async (source: Source, asked = window) => {
  const [answer] = await source.measure([{ deployment, window: asked, recordedThroughMs }])
  if (!answer || answer === 'pending') throw new Error('nothing was measured')
  expect(answer.window).toEqual(asked)
  return answer.measurement
}
const plain = ({ latency, ...figures }: Measurement): unknown => ({
  ...figures,
  latency: [...(latency?.encode() ?? [])],
})

describe('the simulated source', () => {
  it("measures what the deployment's own profile generates", async () => {
    const source = createSimulatedSource()
    expect(source.name).toBe('SIMULATED')
    expect(plain(await measured(source))).toEqual(
      plain(generateInferenceMetrics(deployment.id, window, profileFor(deployment))),
    )
  })

  it('measures the traffic of a recording when it is given one', async () => {
    const trace: TrafficTrace = {
      path: 'made up',
      arrivalTicks: Float64Array.of(0, 10_000_000, 25_000_000),
      promptTokens: Uint32Array.of(10, 20, 30),
      generatedTokens: Uint32Array.of(1, 2, 3),
      periodTicks: 40_000_000,
    }
    const source = createSimulatedSource({ trace })
    expect(source.name).toBe('SIMULATED')
    const loop = await measured(source, { startMs: createdAtMs + 4_000, durationMs: 4_000 })
    expect(loop).toMatchObject({ requests: 3, promptTokens: 60, generatedTokens: 6 })
    expect(plain(await measured(source))).toEqual(plain(createReplay(trace)(deployment, window)))
  })
})
