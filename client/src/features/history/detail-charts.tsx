import { useMemo, useSyncExternalStore } from 'react'
import type { ChartGroup } from './chart-group.ts'
import type { DetailFigure, Distribution, Percent } from './details.ts'
import { PERCENTS } from './details.ts'
import { type ChartLine, HistoryChart } from './history-chart.tsx'
import type { HistoryFeed } from './history-feed.ts'
import { LineLegend } from './line-legend.tsx'
import { ReasonsChart } from './reasons-chart.tsx'

const COLOURS = { p50: 'series-weak', p95: 'series', p99: 'series-strong' } as const

const percentilesOf = (name: Distribution): ChartLine[] =>
  PERCENTS.map((percent) => ({ of: 0, figure: `${name}.${percent}`, label: percent, colour: COLOURS[percent] }))

/** A mean looks like no percentile. */
export const meanOf = (name: Distribution): ChartLine => ({
  of: 0,
  figure: `${name}.mean`,
  label: 'mean',
  colour: 'muted',
  dash: [4, 3],
})

const LINES = {
  timeToFirstToken: percentilesOf('timeToFirstToken'),
  interTokenLatency: percentilesOf('interTokenLatency'),
  queueTime: percentilesOf('queueTime'),
}
const MEANS = {
  timeToFirstToken: [meanOf('timeToFirstToken')],
  interTokenLatency: [meanOf('interTokenLatency')],
  queueTime: [meanOf('queueTime')],
}
const LOAD: readonly ChartLine[] = [
  { of: 0, figure: 'inFlight', label: 'in flight', colour: 'series' },
  { of: 0, figure: 'waiting', label: 'waiting', colour: 'compare-2', dash: [5, 3] },
]
const IN_FLIGHT = LOAD.slice(0, 1)
const WAITING = LOAD.slice(1)
const CACHE: readonly ChartLine[] = [{ of: 0, figure: 'kvCacheUsage', label: 'used', colour: 'series' }]

const TITLES = {
  timeToFirstToken: 'Time to first token',
  interTokenLatency: 'Time between tokens',
  queueTime: 'Time in the queue',
} as const
type Timed = keyof typeof TITLES

/** What there is to show of the first subject beyond the figures that all have. */
export type Shown = Timed | 'inFlight' | 'waiting' | 'kvCacheUsage' | 'reasons'

const known = (name: Timed): readonly DetailFigure[] => [
  `${name}.mean`,
  ...PERCENTS.flatMap((percent: Percent) => [`${name}.${percent}`, `${name}.${percent}.low`] as const),
]
const FIGURES: Record<Exclude<Shown, 'reasons'>, readonly DetailFigure[]> = {
  timeToFirstToken: known('timeToFirstToken'),
  interTokenLatency: known('interTokenLatency'),
  queueTime: known('queueTime'),
  inFlight: ['inFlight'],
  waiting: ['waiting'],
  kvCacheUsage: ['kvCacheUsage'],
}

/** Adds what the range has of the first subject. What was shown stays: no chart vanishes while one looks at it. */
function addShown(shown: Set<Shown>, feed: Pick<HistoryFeed, 'has' | 'series' | 'range'>): void {
  for (const [name, figures] of Object.entries(FIGURES) as [keyof typeof FIGURES, readonly DetailFigure[]][]) {
    if (!shown.has(name) && feed.has(0, figures)) shown.add(name)
  }
  if (!shown.has('reasons') && feed.series(0).reasons.some((reasons) => reasons.length > 0)) shown.add('reasons')
}

/** What there is to show of a feed, again whenever there is more. */
export function useShown({ feed }: ChartGroup): ReadonlySet<Shown> {
  const held = useMemo(() => ({ feed, shown: new Set<Shown>() }), [feed])
  const key = useSyncExternalStore(feed.subscribe, () => {
    addShown(held.shown, held.feed)
    return [...held.shown].join(' ')
  })
  return useMemo(() => new Set(key.split(' ') as Shown[]), [key])
}

interface TimedChartProps {
  group: ChartGroup
  name: Timed
  height: number
  log: boolean
}

/** The percentiles of a time, within their bounds; its mean where the source knows nothing else. */
export function TimedChart({ group, name, height, log }: TimedChartProps) {
  const { feed } = group
  const isMeanOnly = useSyncExternalStore(
    feed.subscribe,
    () => feed.has(0, [`${name}.mean`]) && !feed.has(0, known(name).slice(1)),
  )
  const lines = isMeanOnly ? MEANS[name] : LINES[name]
  return (
    <HistoryChart
      group={group}
      title={isMeanOnly ? `${TITLES[name]}, mean` : TITLES[name]}
      lines={lines}
      height={height}
      log={log}
      action={<LineLegend group={group} lines={lines} />}
      nothing="No such times were reported in this range"
    />
  )
}

/** Requests that are worked on, and those that wait, at the end of each window. */
export function LoadChart({ group, shown }: { group: ChartGroup; shown: ReadonlySet<Shown> }) {
  const lines = shown.has('waiting') ? (shown.has('inFlight') ? LOAD : WAITING) : IN_FLIGHT
  return (
    <HistoryChart
      group={group}
      title={shown.has('waiting') ? 'In flight and waiting' : 'In flight'}
      lines={lines}
      height={140}
      action={<LineLegend group={group} lines={lines} />}
      nothing="Not reported in this range"
    />
  )
}

/** The charts that stand last: the cache, and why requests failed. */
export function LastCharts({ group, shown }: { group: ChartGroup; shown: ReadonlySet<Shown> }) {
  return (
    <>
      {shown.has('kvCacheUsage') && (
        <HistoryChart
          group={group}
          title="Cache of keys and values"
          lines={CACHE}
          height={120}
          action={<LineLegend group={group} lines={CACHE} />}
          nothing="Not reported in this range"
        />
      )}
      {shown.has('reasons') && <ReasonsChart group={group} height={140} />}
    </>
  )
}
