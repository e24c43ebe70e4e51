import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Sample } from '../metrics/sample.ts'
import type { RecordingHead, SampleStore } from '../samples/sample-store.ts'
import { createSample } from './measure.ts'
import type { MeasurementRequest, Source } from './sources/source.ts'

/** One statement. */
const BATCH_ROWS = 1000
/** Measured in one turn of the event loop: the statement before goes on meanwhile, in the embedded database's thread. */
const TURN_ROWS = 50
/** Long enough for a chart to look back on, however short the recorder's windows are. */
const MIN_WINDOW_MS = 1000

/**
 * Stores the samples of every active deployment of a fresh seed since its recording began, as if the server had run all
 * the time. While one batch is stored, the next one is measured.
 */
export async function backfill(
  store: Pick<SampleStore, 'recordingHeads' | 'store'>,
  source: Source,
  intervalMs: number,
  nowMs: number,
): Promise<void> {
  const durationMs = Math.max(MIN_WINDOW_MS, intervalMs)
  const batches = allBatches(await store.recordingHeads(), source, durationMs, nowMs)
  for (let batch = await batches.next(); !batch.done;) {
    // One short statement after another, so that other statements get their turn.
    const [, next] = await Promise.all([store.store(batch.value), batches.next()])
    batch = next
  }
}

async function* allBatches(heads: readonly RecordingHead[], source: Source, durationMs: number, nowMs: number) {
  for (const head of heads) yield* batchesOf(head, source, durationMs, nowMs)
}

/** All samples of one deployment, in order. */
async function* batchesOf(head: RecordingHead, source: Source, durationMs: number, nowMs: number) {
  const deployment = { id: head.deploymentId, createdAtMs: head.createdAtMs }
  let { sequence } = head
  let recordedThroughMs = Math.max(head.recordingSinceMs, head.lastWindowEndMs ?? 0)
  let startMs = Math.ceil(recordedThroughMs / durationMs) * durationMs
  let batch: Sample[] = []
  while (startMs + durationMs <= nowMs) {
    const requests: MeasurementRequest[] = []
    for (; startMs + durationMs <= nowMs && requests.length < TURN_ROWS; startMs += durationMs) {
      requests.push({ deployment, recordedThroughMs, window: { startMs, durationMs } })
    }
    for (const window of await source.measure(requests)) {
      if (window === null || window === 'pending') continue
      batch.push(createSample(head.deploymentKey, ++sequence, source.name, window))
    }
    recordedThroughMs = startMs
    if (batch.length >= BATCH_ROWS) {
      yield batch
      batch = []
    }
    await nextTurn()
  }
  if (batch.length > 0) yield batch
}
