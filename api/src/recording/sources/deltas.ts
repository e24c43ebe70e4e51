import { baselineOf, type BaselineSeries, type SeriesByKey, seriesOf } from './baseline.ts'
import { MAX_WINDOW_MS, type Measurement } from '../../metrics/sample.ts'
import type { Baseline, CumulativeSeries, DeltaOptions, Snapshot } from './cumulative.ts'
import { growthOf, whole } from './growth.ts'
import { MeasurementTally } from './measurement-tally.ts'
import { groupOfKey } from './series-key.ts'

/** A series that is not there any more is remembered for so long: a replica that comes back with it must not double. */
const REMEMBERED_MS = 10 * 60_000

const NO_SERIES: SeriesByKey = new Map()

/**
 * What happened between two snapshots of one deployment, and what the next one counts from.
 *
 * A series that was there before counts what it grew by (see growth.ts). One that is seen for the first time counts
 * nothing, since nobody knows when all of it happened, unless it is known to have begun since the last look:
 * - it says that it began at `sinceMs` or later (a scrape passes nothing: at the last snapshot; who is sent reports
 *   passes when the deployment began to be recorded, because nothing of a reporter was ever counted before its first
 *   report), or
 * - the same process answered the last time, read in the same way, and did not have it: as with the first request that
 *   fails for a reason.
 *
 * One that was not there for more than a minute counts from now on, as after a gap: nobody knows when what it grew by
 * happened. It is remembered for ten minutes, so that it is not taken for a new one.
 *
 * A figure is null when its family is not there, or when all of its series are seen for the first time; it is 0 when they
 * are known and did not change.
 */
export function deltaOf(
  before: Baseline | null,
  now: Snapshot,
  { sinceMs = before?.atMs ?? Infinity }: DeltaOptions = {},
): { measurement: Measurement; baseline: Baseline } {
  const known = before === null ? NO_SERIES : seriesOf(before)
  const beganSince = ({ startMs }: CumulativeSeries): boolean =>
    startMs !== null && startMs >= sinceMs && startMs <= now.atMs + 60_000
  const isSameProcess =
    before !== null &&
    before.readAs !== null &&
    before.readAs === now.readAs &&
    before.startMs !== null &&
    before.startMs === now.processStartMs
  const groups = isSameProcess ? groupsOf(known, before.atMs) : new Map<string, string>()
  const isNewInProcess = ({ key }: CumulativeSeries): boolean => {
    if (!isSameProcess) return false
    // Another name of what was counted already: its beginning was counted under the old one.
    const { group, rule } = groupOfKey(key)
    return (groups.get(group) ?? rule) === rule
  }

  const tally = new MeasurementTally()
  for (const series of now.series) {
    const earlier = known.get(series.key)
    if (earlier && now.atMs - earlier.seenMs <= MAX_WINDOW_MS) tally.add(series, growthOf(earlier, series))
    else tally.add(series, beganSince(series) || (!earlier && isNewInProcess(series)) ? whole(series) : null)
  }
  return { measurement: tally.measurement(now, before !== null), baseline: nextBaseline(known, now) }
}

/** Everything that was counted since the series began, as one window. */
export function sinceStart(now: Snapshot): Measurement {
  const tally = new MeasurementTally()
  for (const series of now.series) tally.add(series, whole(series))
  return tally.measurement(now, true)
}

/** The rule by which the series of each group were read last; those of another one may be remembered. */
function groupsOf(known: SeriesByKey, atMs: number): Map<string, string> {
  const groups = new Map<string, string>()
  for (const [key, { seenMs }] of known) {
    const { group, rule } = groupOfKey(key)
    if (seenMs === atMs || !groups.has(group)) groups.set(group, rule)
  }
  return groups
}

function nextBaseline(known: SeriesByKey, now: Snapshot): Baseline {
  const { atMs, processStartMs = null, readAs = null } = now
  const next = new Map<string, BaselineSeries>()
  for (const [key, series] of known) if (atMs - series.seenMs <= REMEMBERED_MS) next.set(key, series)
  for (const { key, startMs, count, sumMs, boundsMs, counts } of now.series) {
    next.set(key, { startMs, count, sumMs, boundsMs, counts, seenMs: atMs })
  }
  return baselineOf(next, { atMs, startMs: processStartMs, readAs })
}
