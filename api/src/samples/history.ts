import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import { RefusedError } from '../base/errors.ts'
import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import type { Sample } from '../metrics/sample.ts'
import type { Segment } from './history-ladder.ts'
import { isFine, type MembersSince, planHistory, type Subject } from './history-plan.ts'
import { HistoryPoints } from './history-points.ts'
import type { AskedRange } from './history-resolution.ts'
import type { HistoryStore } from './history-store.ts'
import type { WindowPart } from './merged-window-columns.ts'
import { FLEET_SERIES } from './merged-window.ts'
import type { MergedWindows } from './merged-windows.ts'
import { roundedOutwards } from './sample-lengths.ts'
import type { SampleStore } from './sample-store.ts'

export interface HistoryRange {
  fromMs: number
  /** Now when left out. */
  toMs?: number | undefined
  maxPoints: number
  /** What is asked of its points and its summary; by default all. The rest of them may be missing. */
  part?: WindowPart
  /** Whether it is asked where the log of a deployment continues; by default it is. The end may be wrong otherwise. */
  withEnd?: boolean
}

interface CheckedRange extends AskedRange {
  part: WindowPart
}

export interface History {
  fromMs: number
  toMs: number
  resolutionMs: number
  /** Windows with nothing recorded are absent. */
  points: MetricsSummary[]
  /** Made when it is asked for. */
  readonly summary: MetricsSummary
}

export interface DeploymentHistory extends History {
  /** The sequence after which the log continues live. */
  endSequence: number
  /** The sample with that sequence; undefined when it is gone, or before the first one. */
  endSample: Sample | undefined
}

const MAX_POINTS = 2000
/** Nothing is recorded outside. */
const EARLIEST_MS = 0
const LATEST_MS = Date.UTC(2200, 0)

const CHUNK_ROWS = 500
/** How long merging may hold up everything else, in milliseconds. */
const SLICE_MS = 5

export interface MetricsHistoryOptions {
  samples: Pick<SampleStore, 'at' | 'sequenceAt'>
  windows: MergedWindows
  store: HistoryStore
  intervalMs: number
  clock: Clock
}

interface Read extends History {
  endSequence: number
  endSample: Sample | undefined
}

/**
 * Looks back over samples and merged windows: what is read is the coarsest that makes up the points, and finer windows
 * where those are not merged yet (see history-ladder.ts).
 */
export class MetricsHistory {
  readonly #options: MetricsHistoryOptions

  constructor(options: MetricsHistoryOptions) {
    this.#options = options
  }

  /**
   * Points begin at multiples of the resolution, so the first and the last may reach beyond the range; they hold only
   * what lies within it, and add up to the summary. The range is the one that was asked for, rounded outwards to stored
   * windows: to those that are recorded, as long as they are kept.
   * @throws RefusedError BAD_USER_INPUT for a range or a number of points that is out of bounds.
   */
  async ofDeployment(deploymentKey: number, range: HistoryRange): Promise<DeploymentHistory> {
    const { samples } = this.#options
    const read = await this.#read(
      { series: [deploymentKey], members: [deploymentKey], isOne: true },
      this.#checked(range),
    )
    if (range.withEnd === false) return read
    // At `from`, not at `to`: a sample that was stored since the range was read is still to come.
    const endSequence = read.endSequence || (await samples.sequenceAt(deploymentKey, read.fromMs))
    const isKnown = read.endSample !== undefined || endSequence === 0
    const endSample = isKnown ? read.endSample : await samples.at(deploymentKey, endSequence)
    return Object.assign(read, { endSequence, endSample })
  }

  /**
   * The history of all deployments of a model, deleted ones included: of windows of a minute and more. Finer points, and
   * what is not merged yet, are merged from its members.
   * @throws RefusedError like `ofDeployment`
   */
  async ofModel(modelKey: number, members: MembersSince, range: HistoryRange): Promise<History> {
    return await this.#read({ series: [-modelKey], members }, this.#checked(range))
  }

  /**
   * The history of the fleet, like that of a model.
   * @throws RefusedError like `ofDeployment`
   */
  async ofFleet(members: MembersSince, range: HistoryRange): Promise<History> {
    return await this.#read({ series: [FLEET_SERIES], members }, this.#checked(range))
  }

  /**
   * The history of some deployments together, in as many points as their windows can be read for.
   * @throws RefusedError like `ofDeployment`, and LIMIT_EXCEEDED for more deployments and time than can be read
   */
  async ofDeployments(matching: MembersSince, range: HistoryRange): Promise<History> {
    const checked = this.#checked(range)
    const keys = await matching(checked.fromMs)
    return await this.#read({ series: keys, members: keys }, checked)
  }

  async #read(subject: Subject, range: CheckedRange): Promise<Read> {
    const { resolution, plan, members, sampleMs } = await planHistory(this.#options, subject, range)
    const points = new HistoryPoints(plan.fromMs, resolution.widthMs, { isOfOne: subject.isOne ?? false })
    for (const segment of plan.segments) {
      const series = isFine(segment.level.widthMs, sampleMs) ? members : subject.series
      await this.#add(points, segment, series, sampleMs, range.part)
    }
    const { fromMs, toMs } = plan
    const { lastSequence: endSequence, lastSample: endSample } = points
    let summary: MetricsSummary | undefined
    return {
      fromMs,
      toMs,
      resolutionMs: resolution.widthMs,
      points: points.points(),
      get summary() {
        return (summary ??= points.summary(toMs))
      },
      endSequence,
      endSample,
    }
  }

  #checked({ fromMs, toMs: askedToMs, maxPoints, part = 'all' }: HistoryRange): CheckedRange {
    const { clock, intervalMs } = this.#options
    const toMs = askedToMs ?? clock.now()
    if (!Number.isInteger(maxPoints) || maxPoints < 1 || maxPoints > MAX_POINTS) {
      throw new RefusedError('BAD_USER_INPUT', `maxPoints must be from 1 to ${MAX_POINTS}, not ${maxPoints}.`)
    }
    if (!(fromMs < toMs)) {
      throw new RefusedError('BAD_USER_INPUT', 'from must lie before to, which is now when it is left out.')
    }
    if (fromMs < EARLIEST_MS || toMs > LATEST_MS) {
      throw new RefusedError('BAD_USER_INPUT', 'from and to must lie between the years 1970 and 2200.')
    }
    return { ...roundedOutwards({ fromMs, toMs }, intervalMs), maxPoints, part }
  }

  async #add(
    points: HistoryPoints,
    { level, fromMs, toMs }: Segment,
    series: readonly number[],
    sampleMs: number,
    part: WindowPart,
  ): Promise<void> {
    const { store, windows } = this.#options
    const { widthMs } = level
    let sliceEndMs = performance.now() + SLICE_MS
    const breathe = async () => {
      if (performance.now() < sliceEndMs) return
      await nextTurn()
      sliceEndMs = performance.now() + SLICE_MS
    }
    if (widthMs === sampleMs) {
      for await (const chunk of store.samples(series, fromMs, toMs, sampleMs)) {
        for (const sample of chunk) {
          points.addSample(sample)
          await breathe()
        }
      }
    } else {
      const range = { series, resolutionMs: widthMs, fromMs, toMs, chunkRows: CHUNK_ROWS, part }
      for await (const chunk of windows.range(range)) {
        for (const window of chunk) {
          points.addWindow(window)
          await breathe()
        }
      }
    }
    points.endSegment()
  }
}
