import { expect, it } from 'vitest'
import type { Sample } from '../metrics/sample.ts'
import type { RecordingHead } from '../samples/sample-store.ts'
import { backfill } from './backfill.ts'
import { createSimulatedSource } from './sources/simulator/simulated-source.ts'

const SECONDS = 2_500

const head = (deploymentKey: number): RecordingHead => ({
  deploymentKey,
  deploymentId: `00000000-0000-4000-8000-00000000000${deploymentKey}`,
  createdAtMs: 0,
  sequence: 0,
  lastWindowEndMs: null,
  recordingSinceMs: 0,
  source: 'SIMULATED',
  intervalMs: null,
  settings: null,
  secret: null,
})

/** A store whose statements each take until the next window is measured, and the source that measures it. */
function createPair(onStore: (samples: Sample[]) => void) {
  const source = createSimulatedSource()
  let onMeasured = () => {}
  return {
    source: {
      ...source,
      measure: (requests: Parameters<typeof source.measure>[0]) => {
        onMeasured()
        return source.measure(requests)
      },
    },
    store: {
      recordingHeads: () => Promise.resolve([head(1), head(2)]),
      async store(samples: readonly Sample[]) {
        onStore([...samples])
        const { deploymentKey, sequence } = samples.at(-1) ?? { deploymentKey: 0, sequence: 0 }
        const isLast = deploymentKey === 2 && sequence === SECONDS
        if (!isLast) await new Promise<void>((resolve) => (onMeasured = resolve))
        return { stored: [], busy: new Set<number>() }
      },
    },
  }
}

it('stores each window of each deployment once and in order, and measures on while it stores', async () => {
  const stored = new Map<number, number[]>()
  const { store, source } = createPair((samples) => {
    for (const { deploymentKey, sequence, windowStartMs } of samples) {
      expect(windowStartMs).toBe((sequence - 1) * 1000)
      stored.set(deploymentKey, [...(stored.get(deploymentKey) ?? []), sequence])
    }
  })
  await backfill(store, source, 1000, SECONDS * 1000)
  const all = Array.from({ length: SECONDS }, (_, index) => index + 1)
  expect(stored).toEqual(
    new Map([
      [1, all],
      [2, all],
    ]),
  )
})

it('ends with the error of a statement that fails', async () => {
  const { store, source } = createPair(() => {
    throw new Error('the disk is full')
  })
  await expect(backfill(store, source, 1000, SECONDS * 1000)).rejects.toThrow('the disk is full')
})
