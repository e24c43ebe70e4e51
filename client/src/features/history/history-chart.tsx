import { type ReactNode, useMemo, useSyncExternalStore } from 'react'
import type { ColourToken } from '../../charts/colours.ts'
import type { Series } from '../../charts/prepare.ts'
import { type ChartSource, TimeChart } from '../../charts/time-chart.tsx'
import type { Figure } from '../../live/sample.ts'
import type { ChartGroup } from './chart-group.ts'
import { SCALES } from './figures.ts'

/** A line of a chart: one figure of one of the group's subjects. */
export interface ChartLine {
  /** The position of the subject among the feed's. */
  of: number
  figure: Figure
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
  const nothing = useSyncExternalStore(feed.subscribe, () => whyEmpty(props))
  const scale = SCALES[lines[0]?.figure ?? 'requests']
  return (
    <div className="relative" data-chart={title}>
      <div className="flex min-h-6 flex-wrap items-center justify-between gap-x-4">
        <h3 className="text-xs font-medium text-muted">{title}</h3>
        {action}
      </div>
      <TimeChart
        source={source}
        series={lines}
        {...scale}
        log={log}
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
  const all: { of: number; figures: Figure[] }[] = []
  for (const { of, figure } of lines) {
    const last = all.at(-1)
    if (last?.of === of) last.figures.push(figure)
    else all.push({ of, figures: [figure] })
  }
  return all.map(({ of, figures }) => {
    const series = feed.series(of)
    return {
      times: series.times,
      values: figures.map((figure) => series.figures[figure]),
      stepSeconds: feed.stepSeconds,
    }
  })
}

/** Why a chart is empty. Returns an empty text if it is not, or if its samples may still arrive. */
function whyEmpty({ group: { feed }, lines, nothing }: HistoryChartProps): string {
  if (feed.state !== 'ready' || lines.some(({ of, figure }) => feed.has(of, [figure]))) return ''
  const isRecorded = lines.some(({ of }) => feed.has(of, ['requests', 'requestsPerSecond']))
  if (!isRecorded) return 'Nothing was recorded in this range'
  if (nothing !== undefined) return nothing
  const hasRequests = lines.some(({ of }) => feed.has(of, ['errorRate', 'p50Ms']))
  return hasRequests ? 'Too few requests in each window' : 'No requests finished in this range'
}
