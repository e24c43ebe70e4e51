import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import { RefusedError } from '../base/errors.ts'
import type { MetricsSummary } from '../metrics/metrics-summary.ts'
import type { Sample } from '../metrics/sample.ts'
import { type LadderPlan, type Level, planLadder, reachOf, type Segment, withoutLongTail } from './history-ladder.ts'
import { HistoryPoints } from './history-points.ts'
import { type AskedRange, type Resolution, resolutionFor, storedWidths } from './history-resolution.ts'
import type { HistoryStore } from './history-store.ts'
import { FLEET_SERIES, SHARED_RESOLUTION_MS } from './merged-window.ts'
import { MAX_LAG_MS, type MergedWindows } from './merged-windows.ts'
import { roundedOutwards, sampleLengths } from './sample-lengths.ts'
import type { SampleStore } from './sample-store.ts'

export interface HistoryRange {
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
}

export interface DeploymentHistory extends History {
  /** The sequence after which the log continues live. */
  endSequence: number
  /** The sample with that sequence; undefined when it is gone, or before the first one. */
  endSample: Sample | undefined
}

/** Deployments that have recorded anything since a time, by their keys. */
export type MembersSince = (fromMs: number) => Promise<number[]>

const MAX_POINTS = 2000
/** Nothing is recorded outside. */
const EARLIEST_MS = 0
const LATEST_MS = Date.UTC(2200, 0)

/** Rows that no history reads more of. */
const MAX_ROWS_AT_ALL = 60_000
/**
 * What is not merged yet is read up to so many rows, of one deployment and of several: then the history ends before now.
 */
const MAX_TAIL_ROWS = { ofOne: 100_000, ofSeveral: 4_000 }
/** The ends of a range are read more finely for so many deployments. */
const MAX_EXACT_SERIES = 10

/** So many series are asked for what is kept. */
const MAX_PROBED = 20

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

/** Whose history it is. */
interface Subject {
  /** Series with windows from SHARED_RESOLUTION_MS up. */
  series: readonly number[]
  /** Whose finer windows and samples are read; of a model and the fleet only where that is needed. */
  members: readonly number[] | MembersSince
  /** A deployment by itself, not a group of one. */
  isOne?: boolean
}

interface Planned {
  sampleMs: number
  resolution: Resolution
  plan: LadderPlan
  members: readonly number[]
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
    // At `from`, not at `to`: a sample that was stored since the range was read is still to come.
    const endSequence = read.endSequence || (await samples.sequenceAt(deploymentKey, read.fromMs))
    const isKnown = read.endSample !== undefined || endSequence === 0
    return { ...read, endSequence, endSample: isKnown ? read.endSample : await samples.at(deploymentKey, endSequence) }
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

  async #read(subject: Subject, range: AskedRange): Promise<Read> {
    const { resolution, plan, members, sampleMs } = await this.#planned(subject, range)
    const points = new HistoryPoints(plan.fromMs, resolution.widthMs, { isOfOne: subject.isOne ?? false })
    for (const segment of plan.segments) {
      await this.#add(points, segment, isFine(segment.level.widthMs, sampleMs) ? members : subject.series, sampleMs)
    }
    const { fromMs, toMs } = plan
    const { lastSequence: endSequence, lastSample: endSample } = points
    return { fromMs, toMs, resolutionMs: resolution.widthMs, ...points.finish(toMs), endSequence, endSample }
  }

  #checked({ fromMs, toMs: askedToMs, maxPoints }: HistoryRange): AskedRange {
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
    return { ...roundedOutwards({ fromMs, toMs }, intervalMs), maxPoints }
  }

  async #planned(subject: Subject, asked: AskedRange): Promise<Planned> {
    const { intervalMs, store, clock } = this.#options
    const { series, isOne = false } = subject
    const isShared = typeof subject.members === 'function'
    // Of a model or the fleet, members are read where its points may be finer than its own windows.
    const mayBeFine = isFine(resolutionFor(asked, { intervalMs }).storedMs, intervalMs)
    const fine = await membersOf(subject, mayBeFine ? asked.fromMs : Infinity)
    const { sampleMs, stepMs } = sampleLengths(intervalMs, await store.intervals(fine), isOne)
    const range = { ...asked, ...roundedOutwards(asked, stepMs) }
    const seriesAt = (widthMs: number) => (isFine(widthMs, sampleMs) ? fine : series)
    const widths = storedWidths(sampleMs)
    // All go with the same partitions: a few of many say what is kept, the oldest ones.
    const stored = widths.map((widthMs) => ({ widthMs, series: seriesAt(widthMs).slice(0, MAX_PROBED) }))
    const kept = await store.kept(stored, range.fromMs, range.toMs)
    const reach = reachOf(widths, kept)
    const finestMs = widths.find((_width, at) => (reach[at] ?? Infinity) <= range.fromMs) ?? sampleMs
    const resolution = resolutionFor(range, {
      intervalMs: sampleMs,
      stepMs,
      finestMs,
      recorded: { fromMs: Math.min(...kept.map(({ firstMs }) => firstMs ?? Infinity)), toMs: clock.now() },
      seriesAt: (widthMs) => seriesAt(widthMs).length,
    })
    if (resolution.rows > MAX_ROWS_AT_ALL) throw tooManyRows(resolution)

    const used = widths.filter((width) => width <= resolution.storedMs)
    const { through, members } = await this.#merged(subject, fine, used, range.toMs, sampleMs)
    const levels = used.map((widthMs, at): Level => {
      const isExact = series.length <= MAX_EXACT_SERIES && !(isShared && isFine(widthMs, sampleMs))
      return {
        widthMs,
        reachesFromMs: isExact || widthMs === resolution.storedMs ? (reach[at] ?? Infinity) : Infinity,
        throughMs: widthMs === sampleMs ? Infinity : (through.get(widthMs) ?? -Infinity),
      }
    })
    const plan = planLadder(levels, range.fromMs, range.toMs)
    const maxRows = !isShared && series.length === 1 ? MAX_TAIL_ROWS.ofOne : MAX_TAIL_ROWS.ofSeveral
    const rowsAt = (widthMs: number) => (isFine(widthMs, sampleMs) ? members : series).length
    return {
      sampleMs,
      resolution,
      members,
      plan: withoutLongTail(plan, resolution.storedMs, maxRows, rowsAt, clock.now()),
    }
  }

  /** Until when windows are merged, and whose finer ones and samples are read after that. */
  async #merged(
    subject: Subject,
    fine: readonly number[],
    widths: readonly number[],
    toMs: number,
    sampleMs: number,
  ): Promise<{ through: Map<number, number>; members: readonly number[] }> {
    const { store, clock } = this.#options
    const { series } = subject
    const [one = 0] = series
    if (typeof subject.members !== 'function') {
      const isOne = series.length === 1
      const through = isOne ? store.mergedThrough(one) : store.allMergedThrough(series, widths, clock.now())
      return { through: await through, members: subject.members }
    }
    // Whoever recorded before has been merged since, or lags so far behind that nobody waits for it.
    const recent = await subject.members(clock.now() - MAX_LAG_MS - Math.max(...widths))
    const through = await store.allMergedThrough(recent, widths, clock.now())
    const coarse = widths.filter((width) => !isFine(width, sampleMs))
    if (coarse.length === 0) return { through, members: fine }
    const mergedMs = Math.min(...coarse.map((width) => through.get(width) ?? 0))
    return { through, members: mergedMs < toMs ? await subject.members(mergedMs) : [] }
  }

  async #add(
    points: HistoryPoints,
    { level, fromMs, toMs }: Segment,
    series: readonly number[],
    sampleMs: number,
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
      for await (const chunk of windows.range({ series, resolutionMs: widthMs, fromMs, toMs, chunkRows: CHUNK_ROWS })) {
        for (const window of chunk) {
          points.addWindow(window)
          await breathe()
        }
      }
    }
    points.endSegment()
  }
}

/** Whether models and the fleet have no windows of this length. */
function isFine(widthMs: number, sampleMs: number): boolean {
  return widthMs === sampleMs || widthMs < SHARED_RESOLUTION_MS
}

async function membersOf({ members }: Subject, sinceMs: number): Promise<readonly number[]> {
  if (typeof members !== 'function') return members
  return sinceMs === Infinity ? [] : await members(sinceMs)
}

function tooManyRows({ rows }: Resolution): RefusedError {
  return new RefusedError(
    'LIMIT_EXCEEDED',
    `The history would be merged from ${rows} stored windows; at most ${MAX_ROWS_AT_ALL} are read. Shorten the range, or match fewer deployments.`,
    { limit: 'historyRows', max: MAX_ROWS_AT_ALL, asked: rows },
  )
}
