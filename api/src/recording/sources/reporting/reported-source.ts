import { setImmediate as nextTurn } from 'node:timers/promises'
import { MAX_WINDOW_MS, type Measurement, type MetricsWindow } from '../../../metrics/sample.ts'
import type { ReportInbox, UncountedReports } from '../../../samples/report-inbox.ts'
import { REPORT_GRACE_MS } from '../../../samples/report-times.ts'
import { reportsIn, type ReportedPoint } from '../../../samples/reported.ts'
import type { RecordingHead, SampleEffect } from '../../../samples/sample-store.ts'
import type { BaselineEffect, SourceStates } from '../../../samples/source-states.ts'
import type { MeasuredWindow, MeasurementRequest, Source, SourceAnswer } from '../source.ts'
import {
  increaseOf,
  instrumentsOf,
  readReportBaseline,
  type ReportedState,
  writeReportBaseline,
} from './report-deltas.ts'
import type { ReportHealth } from './report-health.ts'
import { ReportTally } from './report-tally.ts'

/** How long counting may hold up everything else, in milliseconds. */
const SLICE_MS = 5

export interface ReportedSourceOptions {
  inbox: Pick<ReportInbox, 'uncounted' | 'forget' | 'countOnly'>
  states: Pick<SourceStates, 'of'>
  health: Pick<ReportHealth, 'onHeads' | 'check'>
  /** Recording's clock. */
  now: () => number
}

/**
 * Measures what reporters sent for windows that have ended. A window is counted a grace after its end, with everything of
 * before its end that was not counted: what comes later for a window that is closed is in the next one, as a late report.
 * Without any report there is no answer, and the next one covers the time since, up to a minute.
 */
export class ReportedSource implements Source {
  readonly name = 'REPORTED'
  readonly #options: ReportedSourceOptions
  /** By deployment id. */
  #heads = new Map<string, RecordingHead>()

  constructor(options: ReportedSourceOptions) {
    this.#options = options
  }

  /** Every deployment that is recorded. */
  onHeads(heads: readonly RecordingHead[]): void {
    const reported = heads.filter(({ source }) => source === 'REPORTED')
    this.#heads = new Map(reported.map((head) => [head.deploymentId, head]))
    this.#options.health.onHeads(reported)
    // A deployment that was deleted, or has another source now, may have something left.
    this.#options.inbox.countOnly(reported.map(({ deploymentKey }) => deploymentKey))
  }

  async measure(requests: readonly MeasurementRequest[]): Promise<SourceAnswer[]> {
    const dueMs = this.#options.now() - REPORT_GRACE_MS
    const due = requests.filter(({ window }) => endOf(window) <= dueMs)
    const counts = await this.#read(due)
    const answers: SourceAnswer[] = []
    let sliceEndMs = performance.now() + SLICE_MS
    for (const request of requests) {
      if (endOf(request.window) > dueMs) answers.push('pending')
      else answers.push(counts.get(request.deployment.id)?.measure(request) ?? null)
      if (performance.now() < sliceEndMs) continue
      await nextTurn()
      sliceEndMs = performance.now() + SLICE_MS
    }
    for (const count of counts.values()) count.end()
    await this.#options.health.check()
    return answers
  }

  /** Those of these deployments that have anything to count. */
  async #read(due: readonly MeasurementRequest[]): Promise<Map<string, DeploymentCount>> {
    const { inbox, states } = this.#options
    const heads = new Map(
      due.flatMap(({ deployment }) => {
        const head = this.#heads.get(deployment.id)
        return head === undefined ? [] : [[head.deploymentKey, head]]
      }),
    )
    if (heads.size === 0) return new Map()
    const throughMs = Math.max(...due.map(({ window }) => endOf(window)))
    const rows = new Map<number, UncountedReports[]>()
    for (const row of await inbox.uncounted([...heads.keys()], throughMs)) {
      const own = rows.get(row.deploymentKey)
      if (own) own.push(row)
      else rows.set(row.deploymentKey, [row])
    }
    const stored = new Map((await states.of([...rows.keys()])).map((state) => [state.deploymentKey, state.baseline]))
    return new Map(
      [...rows].flatMap(([key, own]) => {
        const head = heads.get(key)
        return head === undefined ? [] : [[head.deploymentId, new DeploymentCount(head, own, stored.get(key), inbox)]]
      }),
    )
  }
}

/** The windows of one deployment that are measured together. */
class DeploymentCount {
  readonly #head: RecordingHead
  readonly #inbox: Pick<ReportInbox, 'forget'>
  #rows: readonly UncountedReports[]
  readonly #states: Map<string, ReportedState>
  readonly #instruments: ReadonlyMap<string, number>
  #last: { endMs: number; effects: SampleEffect[]; lastReportMs: number } | undefined

  constructor(
    head: RecordingHead,
    rows: readonly UncountedReports[],
    baseline: unknown,
    inbox: Pick<ReportInbox, 'forget'>,
  ) {
    this.#head = head
    this.#inbox = inbox
    this.#rows = rows
    this.#states = readReportBaseline(baseline)
    this.#instruments = instrumentsOf(this.#states)
  }

  measure({ window, recordedThroughMs }: MeasurementRequest): MeasuredWindow | null {
    const endMs = endOf(window)
    const rows = this.#rows.filter(({ atMs }) => atMs < endMs)
    if (rows.length === 0) return null
    this.#rows = this.#rows.filter(({ atMs }) => atMs >= endMs)
    const { durationMs } = window
    const earliestMs = Math.max(recordedThroughMs, this.#last?.endMs ?? 0, endMs - MAX_WINDOW_MS)
    const startMs = Math.min(window.startMs, Math.ceil(earliestMs / durationMs) * durationMs)
    const ids = rows.map(({ id }) => id)
    const effects: SampleEffect[] = [{ kind: 'reports', data: ids }]
    this.#last = { endMs, effects, lastReportMs: Math.max(...rows.map(({ atMs }) => atMs)) }
    return {
      window: { startMs, durationMs: endMs - startMs },
      measurement: this.#count(rows, recordedThroughMs),
      effects,
      onStored: () => this.#inbox.forget(ids),
    }
  }

  /** The baseline goes with the last sample: it holds what all of them have counted. */
  end(): void {
    if (this.#last === undefined) return
    const { endMs, effects, lastReportMs } = this.#last
    const data: BaselineEffect = {
      baseline: writeReportBaseline(this.#states, endMs),
      lastSuccessAtMs: lastReportMs,
      durationMs: null,
      series: this.#states.size === 0 ? null : this.#states.size,
      server: null,
    }
    effects.push({ kind: 'baseline', data })
  }

  /** @param recordedThroughMs what happened before had a window, which is closed */
  #count(rows: readonly UncountedReports[], recordedThroughMs: number): Measurement {
    const before = { sinceMs: this.#head.recordingSinceMs, instruments: this.#instruments }
    const tally = new ReportTally()
    const points: ReportedPoint[] = []
    for (const { atMs, points: reported } of rows) {
      for (const item of reported) {
        if (atMs < recordedThroughMs) tally.addLate(reportsIn(item))
        if (item.kind === 'point') points.push(item)
        else tally.addRequests(item.requests)
      }
    }
    for (const point of points.toSorted((a, b) => a.timeMs - b.timeMs)) {
      const increase = increaseOf(point, this.#states, before)
      if (increase !== 'counted') tally.addPoint(point, increase)
    }
    return tally.measurement()
  }
}

function endOf({ startMs, durationMs }: MetricsWindow): number {
  return startMs + durationMs
}
