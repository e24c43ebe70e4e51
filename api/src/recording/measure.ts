import type { Sample, SourceName } from '../metrics/sample.ts'
import type { Distribution } from '../metrics/distribution.ts'
import { fewReasons } from '../metrics/reasons.ts'
import { storableMetrics } from '../metrics/storable-metrics.ts'
import { type MeasuredMetrics, metricsOf, type StoredMetrics } from '../metrics/window-metrics.ts'
import type { MeasuredWindow, MeasurementRequest, Source, SourceAnswer } from './sources/source.ts'

export interface Answers {
  /**
   * For each request: what was measured, null for nothing, undefined where its source failed. Pending: this one and all
   * later ones of its deployment, whatever was answered to them.
   */
  windows: (SourceAnswer | undefined)[]
  errors: Map<Source, unknown>
}

/** Asks every source once for all of its windows. A source that fails, or breaks its contract, holds up no other. */
export async function measureAll<R extends MeasurementRequest>(
  requests: readonly R[],
  sourceOf: (request: R) => Source,
): Promise<Answers> {
  const indexes = new Map<Source, number[]>()
  for (const [index, request] of requests.entries()) {
    const source = sourceOf(request)
    const known = indexes.get(source)
    if (known) known.push(index)
    else indexes.set(source, [index])
  }
  const answers: Answers = { windows: requests.map(() => undefined), errors: new Map() }
  await Promise.all(
    [...indexes].map(async ([source, own]) => {
      try {
        const windows = await measureOf(
          source,
          own.flatMap((index) => requests[index] ?? []),
        )
        for (const [at, index] of own.entries()) answers.windows[index] = windows[at]
      } catch (error) {
        answers.errors.set(source, error)
      }
    }),
  )
  return answers
}

async function measureOf(source: Source, requests: MeasurementRequest[]): Promise<SourceAnswer[]> {
  const windows = await source.measure(requests)
  if (windows.length !== requests.length) {
    throw new Error(`A ${source.name} source gave ${windows.length} answers to ${requests.length} requests.`)
  }
  /** By deployment: the end of the answer before. */
  const ends = new Map<string, number>()
  const pending = new Set<string>()
  const answers: SourceAnswer[] = []
  for (const [at, { deployment, window: asked, recordedThroughMs }] of requests.entries()) {
    const answer = windows[at] ?? null
    if (answer === 'pending') pending.add(deployment.id)
    answers.push(pending.has(deployment.id) ? 'pending' : answer)
    if (answer === null || answer === 'pending' || pending.has(deployment.id)) continue
    const { window: given } = answer
    const earliestMs = Math.max(recordedThroughMs, ends.get(deployment.id) ?? 0)
    const endMs = given.startMs + given.durationMs
    const isLonger = given.startMs >= earliestMs && given.startMs <= asked.startMs
    if (!isLonger || endMs !== asked.startMs + asked.durationMs) {
      throw new Error(
        `A ${source.name} source answered with ${given.durationMs} ms from ${given.startMs}; asked: ` +
          `${asked.durationMs} ms from ${asked.startMs}, which may begin at ${earliestMs}.`,
      )
    }
    ends.set(deployment.id, endMs)
  }
  return answers
}

/** Puts what was measured into the form that is stored, as far as it can be. */
export function createSample(
  deploymentKey: number,
  sequence: number,
  source: SourceName,
  { window, measurement }: MeasuredWindow,
): Sample {
  return {
    deploymentKey,
    sequence,
    windowStartMs: window.startMs,
    windowMs: window.durationMs,
    ...encodedMetrics(storableMetrics(measurement)),
    source,
  }
}

/** With the distributions in the stored form. */
export function encodedMetrics(measured: MeasuredMetrics): StoredMetrics {
  return {
    ...metricsOf<Distribution | Uint8Array>(measured),
    errorsByReason: measured.errorsByReason && fewReasons(measured.errorsByReason),
    latency: encoded(measured.latency),
    timeToFirstToken: encoded(measured.timeToFirstToken),
    interTokenLatency: encoded(measured.interTokenLatency),
    queueTime: encoded(measured.queueTime),
  }
}

function encoded(distribution: Distribution | null): Uint8Array | null {
  return distribution !== null && distribution.count > 0 ? distribution.encode() : null
}
