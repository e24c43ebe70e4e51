import type { Clock } from '../base/clock.ts'
import { RefusedError } from '../base/errors.ts'
import { type LadderPlan, type Level, planLadder, reachOf, withoutLateOnes, withoutLongTail } from './history-ladder.ts'
import { type AskedRange, type Resolution, resolutionFor, storedWidths } from './history-resolution.ts'
import type { HistoryStore } from './history-store.ts'
import { SHARED_RESOLUTION_MS } from './merged-window.ts'
import { MAX_LAG_MS } from './merged-windows.ts'
import { roundedOutwards, sampleLengths } from './sample-lengths.ts'

/** Deployments that have recorded anything since a time, by their keys. */
export type MembersSince = (fromMs: number) => Promise<number[]>

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

/** Whose history it is. */
export interface Subject {
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

/** What a plan is made from. */
interface HistoryFacts {
  store: HistoryStore
  intervalMs: number
  clock: Clock
}

/**
 * @throws RefusedError LIMIT_EXCEEDED for more deployments and time than can be read
 */
export async function planHistory(
  { intervalMs, store, clock }: HistoryFacts,
  subject: Subject,
  asked: AskedRange,
): Promise<Planned> {
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
  const levels = withoutLateOnes(
    widths.map((widthMs, at) => ({ widthMs, reachesFromMs: reach[at] ?? Infinity })),
    range.fromMs,
  )
  const finestMs = levels.find(({ reachesFromMs }) => reachesFromMs <= range.fromMs)?.widthMs ?? sampleMs
  const resolution = resolutionFor(range, {
    intervalMs: sampleMs,
    stepMs,
    finestMs,
    widthsMs: levels.map(({ widthMs }) => widthMs),
    recorded: { fromMs: Math.min(...kept.map(({ firstMs }) => firstMs ?? Infinity)), toMs: clock.now() },
    seriesAt: (widthMs) => seriesAt(widthMs).length,
  })
  if (resolution.rows > MAX_ROWS_AT_ALL) throw tooManyRows(resolution)

  const used = levels.filter(({ widthMs }) => widthMs <= resolution.storedMs)
  const usedMs = used.map(({ widthMs }) => widthMs)
  const { through, members } = await mergedOf({ store, clock }, subject, fine, usedMs, range.toMs, sampleMs)
  const steps = used.map(({ widthMs, reachesFromMs }): Level => {
    const isExact = series.length <= MAX_EXACT_SERIES && !(isShared && isFine(widthMs, sampleMs))
    return {
      widthMs,
      reachesFromMs: isExact || widthMs === resolution.storedMs ? reachesFromMs : Infinity,
      throughMs: widthMs === sampleMs ? Infinity : (through.get(widthMs) ?? -Infinity),
    }
  })
  const plan = planLadder(steps, range.fromMs, range.toMs)
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
async function mergedOf(
  { store, clock }: Pick<HistoryFacts, 'store' | 'clock'>,
  subject: Subject,
  fine: readonly number[],
  widths: readonly number[],
  toMs: number,
  sampleMs: number,
): Promise<{ through: Map<number, number>; members: readonly number[] }> {
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

/** Whether models and the fleet have no windows of this length. */
export function isFine(widthMs: number, sampleMs: number): boolean {
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
