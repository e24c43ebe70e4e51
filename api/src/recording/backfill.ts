import { measureSample } from './measure.ts'
import type { Sample } from '../metrics/sample.ts'
import type { SampleStore } from '../samples/sample-store.ts'
import type { Source } from './sources/source.ts'

const BATCH_ROWS = 1000
/** Long enough for a chart to look back on, however short the recorder's windows are. */
const MIN_WINDOW_MS = 1000

/** Gives every active deployment of a fresh seed the samples since it is recorded, as if the server had run all along. */
export async function backfill(store: SampleStore, source: Source, intervalMs: number, nowMs: number): Promise<void> {
  const durationMs = Math.max(MIN_WINDOW_MS, intervalMs)
  let batch: Sample[] = []
  for (const head of await store.recordingHeads()) {
    const deployment = { id: head.deploymentId, key: head.deploymentKey, createdAtMs: head.createdAtMs }
    let { sequence } = head
    const firstMs = Math.ceil(Math.max(head.recordingSinceMs, head.lastWindowEndMs ?? 0) / durationMs) * durationMs
    for (let startMs = firstMs; startMs + durationMs <= nowMs; startMs += durationMs) {
      sequence += 1
      batch.push(measureSample(source, deployment, sequence, { startMs, durationMs }))
      if (batch.length < BATCH_ROWS) continue
      // One short statement after another, so that others get their turn.
      // oxlint-disable-next-line no-await-in-loop
      await store.store(batch)
      batch = []
    }
  }
  await store.store(batch)
}
