import type { SampleStore } from '../samples/sample-store.ts'
import { createSample } from './measure.ts'
import type { MeasurementRequest, Source } from './sources/source.ts'

const BATCH_ROWS = 1000
/** Long enough for a chart to look back on, however short the recorder's windows are. */
const MIN_WINDOW_MS = 1000

/**
 * Stores the samples of every active deployment of a fresh seed since its recording began, as if the server had run all
 * the time.
 */
export async function backfill(store: SampleStore, source: Source, intervalMs: number, nowMs: number): Promise<void> {
  const durationMs = Math.max(MIN_WINDOW_MS, intervalMs)
  for (const head of await store.recordingHeads()) {
    const deployment = { id: head.deploymentId, createdAtMs: head.createdAtMs }
    let { sequence } = head
    let recordedThroughMs = Math.max(head.recordingSinceMs, head.lastWindowEndMs ?? 0)
    let startMs = Math.ceil(recordedThroughMs / durationMs) * durationMs
    while (startMs + durationMs <= nowMs) {
      const requests: MeasurementRequest[] = []
      for (; startMs + durationMs <= nowMs && requests.length < BATCH_ROWS; startMs += durationMs) {
        requests.push({ deployment, recordedThroughMs, window: { startMs, durationMs } })
      }
      const windows = (await source.measure(requests)).filter((window) => window !== null && window !== 'pending')
      // One short statement after another, so that other statements get their turn.
      await store.store(windows.map((window) => createSample(head.deploymentKey, ++sequence, source.name, window)))
      recordedThroughMs = startMs
    }
  }
}
