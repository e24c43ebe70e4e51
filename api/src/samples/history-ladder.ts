/** Stored windows of one length, as the steps of a ladder: the finer ones are kept for less time and merged sooner. */
export interface Level {
  widthMs: number
  /** From when on it has all that the coarser levels have; -Infinity when it lacks nothing of the range. */
  reachesFromMs: number
  /** Until when its windows are merged; Infinity for samples. */
  throughMs: number
}

/** Windows of one length in [fromMs, toMs). */
export interface Segment {
  level: Level
  fromMs: number
  toMs: number
}

export interface LadderPlan {
  /** The range as it is read: its ends are rounded outwards where no finer windows are kept. */
  fromMs: number
  toMs: number
  /** Ascending, without gaps or overlaps. */
  segments: Segment[]
}

/**
 * Which windows a range is read from: those of the coarsest level as far as they are merged, and finer ones before the
 * first and after the last whole window, and where it is not merged yet, down to samples. So the range keeps its ends,
 * its newest part is not missing, and nothing counts twice.
 * @param levels ascending; the first one are samples
 */
export function planLadder(levels: readonly Level[], fromMs: number, toMs: number): LadderPlan {
  const segments: Segment[] = []
  const read = (at: number, from: number, to: number): void => {
    const level = levels[at]
    if (level === undefined || from >= to) return
    const finer = levels[at - 1]
    if (finer === undefined) {
      segments.push({ level, fromMs: from, toMs: to })
      return
    }
    const { widthMs, throughMs } = level
    const down = (ms: number) => Math.floor(ms / widthMs) * widthMs
    const up = (ms: number) => Math.ceil(ms / widthMs) * widthMs
    const start = finer.reachesFromMs <= from ? up(from) : down(from)
    const whole = finer.reachesFromMs <= down(to) ? down(to) : up(to)
    // What is merged of the window around `to` is all of it, or it is read below.
    const end = whole <= throughMs ? whole : Math.min(down(to), down(throughMs))
    if (start >= end) {
      read(at - 1, from, to)
      return
    }
    read(at - 1, from, start)
    segments.push({ level, fromMs: start, toMs: end })
    read(at - 1, end, to)
  }
  read(levels.length - 1, fromMs, toMs)
  return {
    fromMs: Math.min(fromMs, segments[0]?.fromMs ?? fromMs),
    toMs: Math.max(toMs, segments.at(-1)?.toMs ?? toMs),
    segments,
  }
}

/** What is stored of a range in windows of one length. */
export interface Kept {
  /** Whether windows of before the range are stored. */
  hasOlder: boolean
  /** When the first window of the range begins; undefined without one. */
  firstMs: number | undefined
}

/**
 * From when on each level has all that the coarser ones have of a range. What is old goes from the beginning: where
 * something older is kept, nothing of the range is gone. Where not, it is gone if a coarser level has more.
 * @param kept by level, ascending
 */
export function reachOf(widthsMs: readonly number[], kept: readonly Kept[]): number[] {
  return widthsMs.map((_width, at) => {
    const { hasOlder = false, firstMs = Infinity } = kept[at] ?? {}
    const isGone = widthsMs.some((coarserMs, other) => {
      const coarser = kept[other]?.firstMs
      return other > at && coarser !== undefined && firstMs >= coarser + coarserMs
    })
    return isGone && !hasOlder ? firstMs : -Infinity
  })
}

/**
 * The lengths that a range is read from. One whose windows begin within it is left out where finer ones go further back:
 * it was not stored yet.
 */
export function withoutLateOnes<L extends { reachesFromMs: number }>(levels: readonly L[], fromMs: number): L[] {
  return levels.filter(({ reachesFromMs }, at) => {
    const isLate = reachesFromMs > fromMs && levels.slice(0, at).some((finer) => finer.reachesFromMs < reachesFromMs)
    return !isLate
  })
}

/**
 * The plan without the end of what is read in finer windows because it is not merged yet, where that would be too many
 * rows: the range ends sooner.
 * @param mainMs length of the windows that are read where they are merged
 * @param seriesAt how many windows of a length there are side by side
 * @param nowMs nothing is recorded after it
 */
export function withoutLongTail(
  plan: LadderPlan,
  mainMs: number,
  maxRows: number,
  seriesAt: (widthMs: number) => number,
  nowMs: number,
): LadderPlan {
  const main = plan.segments.findLastIndex(({ level }) => level.widthMs === mainMs)
  const kept = plan.segments.slice(0, main + 1)
  let rows = 0
  for (const segment of plan.segments.slice(main + 1)) {
    const { level, fromMs, toMs } = segment
    rows += (seriesAt(level.widthMs) * Math.max(0, Math.min(toMs, nowMs) - fromMs)) / level.widthMs
    if (rows > maxRows && kept.length > 0) return { ...plan, toMs: fromMs, segments: kept }
    kept.push(segment)
  }
  return plan
}
