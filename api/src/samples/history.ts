import type { Clock } from '../base/clock.ts'
import { RefusedError } from '../base/errors.ts'
import { MetricsMerger, type MetricsSummary } from '../metrics/metrics-summary.ts'
import type { Sample } from '../metrics/sample.ts'
import type { SampleStore } from './sample-store.ts'

export interface HistoryRequest {
  deploymentKey: number
  fromMs: number
  /** Now when left out. */
  toMs?: number | undefined
  maxPoints: number
}

export interface History {
  fromMs: number
  toMs: number
  resolutionMs: number
  /** Windows with nothing recorded are absent. */
  points: MetricsSummary[]
  summary: MetricsSummary
  /** The sequence after which the log continues live. */
  endSequence: number
  /** The sample with that sequence; undefined when it is gone, or before the first one. */
  endSample: Sample | undefined
}

const MAX_POINTS = 2000
/** Nothing is recorded outside. */
const EARLIEST_MS = 0
const LATEST_MS = Date.UTC(2200, 0)

/** Widths of a point that people can read, in seconds. */
const RESOLUTIONS_S = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800,
]

/** Looks back over the raw samples that retention keeps, merged into at most `maxPoints` windows. */
export class MetricsHistory {
  readonly #store: SampleStore
  readonly #intervalMs: number
  readonly #clock: Clock

  constructor(store: SampleStore, intervalMs: number, clock: Clock) {
    this.#store = store
    this.#intervalMs = intervalMs
    this.#clock = clock
  }

  /** The history of several deployments together. */
  async ofDeployments(request: Omit<HistoryRequest, 'deploymentKey'> & { deploymentKeys: number[] }): Promise<History> {
    const histories = []
    for (const deploymentKey of request.deploymentKeys) {
      histories.push(await this.ofDeployment({ ...request, deploymentKey }))
    }
    return histories[0] ?? (await this.ofDeployment({ ...request, deploymentKey: 0 }))
  }

  /**
   * The range is the one that was asked for, however few points are made of it: `from` is only rounded down, and `to`
   * up, to windows as they are stored. Points begin at multiples of the resolution, so the first and the last may reach
   * beyond the range; they hold only what lies within it, and add up to the summary.
   * @throws RefusedError BAD_USER_INPUT for a range or a number of points that is out of bounds.
   */
  async ofDeployment(request: HistoryRequest): Promise<History> {
    const { deploymentKey, maxPoints, fromMs: askedFromMs, toMs: askedToMs = this.#clock.now() } = request
    if (!Number.isInteger(maxPoints) || maxPoints < 1 || maxPoints > MAX_POINTS) {
      throw new RefusedError('BAD_USER_INPUT', `maxPoints must be from 1 to ${MAX_POINTS}, not ${maxPoints}.`)
    }
    if (!(askedFromMs < askedToMs)) {
      throw new RefusedError('BAD_USER_INPUT', 'from must lie before to, which is now when it is left out.')
    }
    if (askedFromMs < EARLIEST_MS || askedToMs > LATEST_MS) {
      throw new RefusedError('BAD_USER_INPUT', 'from and to must lie between the years 1970 and 2200.')
    }
    const resolutionMs = resolutionFor(askedFromMs, askedToMs, maxPoints, this.#intervalMs)
    const fromMs = Math.floor(askedFromMs / this.#intervalMs) * this.#intervalMs
    const toMs = Math.ceil(askedToMs / this.#intervalMs) * this.#intervalMs
    const points: MetricsSummary[] = []
    const total = new MetricsMerger()
    let point = null as { atMs: number; merger: MetricsMerger } | null
    let last = undefined as Sample | undefined
    for await (const chunk of this.#store.range(deploymentKey, fromMs, toMs)) {
      for (const sample of chunk) {
        const atMs = Math.floor(sample.windowStartMs / resolutionMs) * resolutionMs
        if (point?.atMs !== atMs) {
          if (point) points.push(point.merger.summary(point.atMs, resolutionMs))
          point = { atMs, merger: new MetricsMerger() }
        }
        point.merger.add(sample, 'last')
        total.add(sample, 'last')
        last = sample
      }
    }
    if (point) points.push(point.merger.summary(point.atMs, resolutionMs))
    // At `from`, not at `to`: a sample that was stored since the range was read is still to come.
    const endSequence = last?.sequence ?? (await this.#store.sequenceAt(deploymentKey, fromMs))
    const endSample = last ?? (endSequence > 0 ? await this.#store.at(deploymentKey, endSequence) : undefined)
    const summary = total.summary(fromMs, toMs - fromMs)
    return { fromMs, toMs, resolutionMs, points, summary, endSequence, endSample }
  }
}

/** The finest readable width that covers the span, both ends rounded outwards, with at most `maxPoints` windows. */
export function resolutionFor(fromMs: number, toMs: number, maxPoints: number, intervalMs: number): number {
  const fits = (width: number) => Math.ceil(toMs / width) - Math.floor(fromMs / width) <= maxPoints
  const readable = RESOLUTIONS_S.map((seconds) => seconds * 1000)
  // Whole windows: the interval divides a minute.
  const widths = [intervalMs, ...readable.filter((width) => width > intervalMs && width % intervalMs === 0)]
  for (const width of widths) if (fits(width)) return width
  // Whole weeks. Wider than the distance to the epoch, a span has no border left in it but that one.
  const coarsest = widths.at(-1) ?? intervalMs
  let width = Math.ceil((toMs - fromMs) / maxPoints / coarsest) * coarsest
  while (!fits(width) && width < Math.max(Math.abs(fromMs), Math.abs(toMs))) width += coarsest
  return width
}
