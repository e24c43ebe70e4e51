import { type ReactNode, useMemo, useSyncExternalStore } from 'react'
import type { ColourToken } from '../../charts/colours.ts'
import type { Series } from '../../charts/prepare.ts'
import { underBands } from '../../charts/bands.ts'
import { type ChartSource, TimeChart } from '../../charts/time-chart.tsx'
import { isPercentile, requestsFor } from '../../live/sample.ts'
import type { ChartGroup } from './chart-group.ts'
import { boundsFor } from './details.ts'
import { scaleOf, windowWords } from './figures.ts'
import type { Drawn } from './series-columns.ts'

/** A line of a chart: one figure of one of the group's subjects. */
export interface ChartLine {
  /** The position of the subject among the feed's. */
  of: number
  figure: Drawn
  label: string
  colour: ColourToken
  dash?: readonly number[]
}

interface HistoryChartProps {
  group: ChartGroup
  title: string
  lines: readonly ChartLine[]
  height: number
  log?: boolean
  /** What stands at the right of the title. */
  action?: ReactNode
  /** Why there may be nothing to see although requests were recorded. */
  nothing?: string
}

/** A chart over the range of its group. Lines of one subject must stand one after the other. */
export function HistoryChart(props: HistoryChartProps) {
  const { group, title, lines, height, log = false, action } = props
  const { feed } = group
  const source = useMemo(
    (): ChartSource => ({
      read: () => seriesOf(group, lines),
      range: () => feed.range(),
      marks: () => group.marks,
      subscribe: feed.subscribe,
    }),
    [group, feed, lines],
  )
  const under = useMemo(
    () =>
      underBands(
        () => bandsOf(group, lines),
        () => feed.range(),
      ),
    [group, feed, lines],
  )
  const nothing = useSyncExternalStore(feed.subscribe, () => whyEmpty(props))
  const uncarried = useSyncExternalStore(feed.subscribe, () => (nothing ? '' : uncarriedWords(group, lines)))
  const scale = scaleOf(lines[0]?.figure)
  return (
    <div className="relative" data-chart={title}>
      <div className="flex min-h-6 flex-wrap items-center justify-between gap-x-4">
        <div className="flex flex-wrap gap-x-3 text-xs text-muted">
          <h3 className="font-medium">{title}</h3>
          <p>{uncarried}</p>
        </div>
        {action}
      </div>
      <TimeChart
        source={source}
        series={lines}
        {...scale}
        log={log}
        under={under}
        height={height}
        syncKey={group.syncKey}
        label={`${title} over time`}
        cursor={group.cursor}
        onZoom={group.onZoom}
        onZoomOut={group.onZoomOut}
      />
      {nothing && (
        <p className="pointer-events-none absolute inset-x-0 top-6 bottom-7 grid place-items-center text-center text-muted">
          <span className="bg-surface px-2">{nothing}</span>
        </p>
      )}
    </div>
  )
}

/** The columns of each subject that the lines draw. */
function seriesOf({ feed }: ChartGroup, lines: readonly ChartLine[]): Series[] {
  const all: { of: number; figures: Drawn[] }[] = []
  for (const { of, figure } of lines) {
    const last = all.at(-1)
    if (last?.of === of) last.figures.push(figure)
    else all.push({ of, figures: [figure] })
  }
  return all.map(({ of, figures }) => {
    const series = feed.series(of)
    return {
      times: series.times,
      values: figures.map((figure) => series.column(figure)),
      stepSeconds: feed.stepSeconds,
    }
  })
}

/** What is known of percentiles that are not known exactly. */
function bandsOf({ feed }: ChartGroup, lines: readonly ChartLine[]) {
  return lines.flatMap(({ of, figure, colour }) => {
    const bounds = boundsFor(figure)
    const series = feed.series(of)
    if (!bounds || series.column(bounds.low).length === 0) return []
    const { times } = series
    const [low, high] = [series.column(bounds.low), series.column(bounds.high)]
    return [{ colour, band: { times, low, high, stepSeconds: feed.stepSeconds } }]
  })
}

/** Says which percentiles are missing from most windows, because too few requests carry them. */
function uncarriedWords({ feed }: ChartGroup, lines: readonly ChartLine[]): string {
  const missing = lines.filter(({ of, figure }) => {
    if (!isPercentile(figure)) return false
    const series = feed.series(of)
    const { requests, [figure]: values } = series.figures
    const bounds = series.column(boundsFor(figure)?.low ?? figure)
    let carried = 0
    let tooFew = 0
    for (const [index, count] of requests.entries()) {
      if (!(count > 0)) continue
      if (isKnown(values[index]) || isKnown(bounds[index])) carried += 1
      else if (count < requestsFor(figure)) tooFew += 1
    }
    return tooFew > carried
  })
  if (missing.length === 0) return ''
  const names = [...new Set(missing.map(({ label }) => label))].join(', ')
  return `${names}: too few requests in ${windowWords(feed.stepSeconds)} windows`
}

function isKnown(value: number | undefined): boolean {
  return value !== undefined && !Number.isNaN(value)
}

/** Why a chart is empty. Returns an empty text if it is not, or if its samples may still arrive. */
function whyEmpty({ group: { feed }, lines, nothing }: HistoryChartProps): string {
  const isDrawn = ({ of, figure }: ChartLine) => feed.has(of, [figure, boundsFor(figure)?.low ?? figure])
  if (feed.state !== 'ready' || lines.some(isDrawn)) return ''
  const isRecorded = lines.some(({ of }) => feed.has(of, ['requests', 'requestsPerSecond']))
  if (!isRecorded) return 'Nothing was recorded in this range'
  if (nothing !== undefined) return nothing
  const hasRequests = lines.some(({ of }) => feed.has(of, ['errorRate', 'p50Ms']))
  return hasRequests ? 'Too few requests in each window' : 'No requests finished in this range'
}
