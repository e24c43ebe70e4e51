import { MAX_WINDOW_MS } from '../../../metrics/sample.ts'
import type { ReportInbox, UncountedReports } from '../../../samples/report-inbox.ts'
import { REPORT_GRACE_MS } from '../../../samples/report-times.ts'
import { reportsIn, type ReportedPoint } from '../../../samples/reported.ts'
import type { MeasuredWindow, MeasurementRequest, Source } from '../source.ts'
import { increaseOf, readReportBaseline, type ReportedState, writeReportBaseline } from './report-deltas.ts'
import { ReportTally } from './report-tally.ts'

export interface ReportedSourceOptions {
  inbox: Pick<ReportInbox, 'uncounted'>
  /** What was stored with the last sample of each deployment; of one without, nothing. */
  baselines: (deploymentKeys: readonly number[]) => Promise<ReadonlyMap<number, unknown>>
  /** The key of a deployment that is recorded. */
  keyOf: (deploymentId: string) => number | undefined
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

  constructor(options: ReportedSourceOptions) {
    this.#options = options
  }

  async measure(requests: readonly MeasurementRequest[]): Promise<(MeasuredWindow | null | 'pending')[]> {
    const { inbox, baselines, keyOf, now } = this.#options
    const dueBeforeMs = now() - REPORT_GRACE_MS
    const keys = new Set<number>()
    let throughMs = 0
    for (const { deployment, window } of requests) {
      const key = keyOf(deployment.id)
      if (key === undefined || endOf(window) > dueBeforeMs) continue
      keys.add(key)
      throughMs = Math.max(throughMs, endOf(window))
    }
    if (keys.size === 0) return requests.map(({ window }) => (endOf(window) > dueBeforeMs ? 'pending' : null))
    const rows = Map.groupBy(await inbox.uncounted([...keys], throughMs), ({ deploymentKey }) => deploymentKey)
    const stored = rows.size === 0 ? new Map<number, unknown>() : await baselines([...rows.keys()])
    const counts = new Map([...rows].map(([key, own]) => [key, new DeploymentCount(own, stored.get(key))]))
    const answers = requests.map((request) => {
      if (endOf(request.window) > dueBeforeMs) return 'pending'
      return counts.get(keyOf(request.deployment.id) ?? -1)?.measure(request) ?? null
    })
    // One baseline for each deployment: a statement writes a row only once.
    for (const count of counts.values()) count.moveBaseline()
    return answers
  }
}

/** The windows of one deployment that are measured together. */
class DeploymentCount {
  #rows: readonly UncountedReports[]
  readonly #states: Map<string, ReportedState>
  #endMs = 0
  #last: { answer: MeasuredWindow; hasSeries: boolean } | undefined
  #hasSeries = false

  constructor(rows: readonly UncountedReports[], baseline: unknown) {
    this.#rows = rows
    this.#states = readReportBaseline(baseline)
  }

  measure({ window, recordedThroughMs }: MeasurementRequest): MeasuredWindow | null {
    const endMs = endOf(window)
    const rows = this.#rows.filter(({ atMs }) => atMs < endMs)
    if (rows.length === 0) return null
    this.#rows = this.#rows.filter(({ atMs }) => atMs >= endMs)
    const { durationMs } = window
    const earliestMs = Math.max(recordedThroughMs, this.#endMs, endMs - MAX_WINDOW_MS)
    const startMs = Math.min(window.startMs, Math.ceil(earliestMs / durationMs) * durationMs)
    const tally = new ReportTally()
    const points: ReportedPoint[] = []
    for (const { atMs, points: reported } of rows) {
      for (const item of reported) {
        if (atMs < startMs) tally.addLate(reportsIn(item))
        if (item.kind === 'point') points.push(item)
        else tally.addRequests(item.requests)
      }
    }
    for (const point of points.toSorted((a, b) => a.timeMs - b.timeMs)) {
      const increase = increaseOf(point, this.#states, recordingSinceOf(recordedThroughMs))
      this.#hasSeries ||= point.series !== null
      if (increase !== 'counted') tally.addPoint(point, increase)
    }
    const answer: MeasuredWindow = {
      window: { startMs, durationMs: endMs - startMs },
      measurement: tally.measurement(),
      effects: [{ kind: 'reports', data: rows.map(({ id }) => id) }],
    }
    this.#endMs = endMs
    this.#last = { answer, hasSeries: this.#hasSeries }
    return answer
  }
}
