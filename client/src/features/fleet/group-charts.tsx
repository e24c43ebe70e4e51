import { useMemo, useRef, useSyncExternalStore } from 'react'
import { connection, isLost } from '../../graphql/connection.ts'
import { useTrack } from '../../live/use-track.ts'
import { useServices } from '../../services.ts'
import { cx } from '../../ui/class-names.ts'
import { useStore } from '../../ui/external-store.ts'
import { useWidth } from '../../ui/fitting-columns.ts'
import { LogChoice } from '../../ui/log-choice.tsx'
import { CurrentFigures } from '../deployments/current-figures.tsx'
import { HeatmapChoice } from '../deployments/deployment-charts.tsx'
import { useChartGroup } from '../history/chart-group.ts'
import { CrosshairSlider } from '../history/crosshair-slider.tsx'
import { ExportMenu } from '../history/export-menu.tsx'
import { FeedProblem } from '../history/feed-problem.tsx'
import { type ChartLine, HistoryChart } from '../history/history-chart.tsx'
import { LatencyHeatmap } from '../history/latency-heatmap.tsx'
import type { HistorySubject } from '../history/load-histories.ts'
import { RangePicker } from '../history/range-picker.tsx'
import { useHistory } from '../history/use-history.ts'
import type { TimeRangeControl } from '../history/use-time-range.ts'

const line = (figure: ChartLine['figure'], label: string, colour: ChartLine['colour'] = 'series') =>
  ({ of: 0, figure, label, colour }) satisfies ChartLine

const LATENCY: readonly ChartLine[] = [
  line('p50Ms', 'p50', 'series-weak'),
  line('p95Ms', 'p95'),
  line('p99Ms', 'p99', 'series-strong'),
]
const TRAFFIC = [line('requestsPerSecond', 'Requests/s')]
const ERRORS = [line('errorRate', 'Errors')]
const TOKENS = [line('tokensPerSecond', 'Tokens/s')]
const READ_ALOUD = ['p50Ms', 'p95Ms', 'p99Ms', 'requestsPerSecond', 'errorRate'] as const

interface ChartChoices {
  log: boolean
  heatmap: boolean
  onLog: (log: boolean) => void
  onHeatmap: (heatmap: boolean) => void
}

interface GroupChartsProps {
  subject: Exclude<HistorySubject, { kind: 'deployment' }>
  /** What the files of an export are called after. */
  name: string
  control: TimeRangeControl
  /** The key of the track with the totals. */
  track: string
  /** Why there are no current figures; empty if there should be some. */
  idle: string
  choices: ChartChoices
}

/** The charts of several deployments together: of a model, or of the fleet. */
export function GroupCharts({ subject, name, control, track, idle, choices }: GroupChartsProps) {
  const { fleet } = useServices()
  const [host, width] = useWidth()
  const latest = useTrack(fleet, track)
  const subjects = useMemo(() => [subject], [subject])
  const { log, heatmap } = choices
  const feed = useHistory({
    subjects,
    range: control.range,
    width,
    buckets: heatmap,
    expectedRate: latest?.requestsPerSecond ?? undefined,
  })
  const group = useChartGroup(feed, control)
  const isCutOff = isLost(useStore(connection))
  const isLoading = useSyncExternalStore(feed.subscribe, () => feed.state === 'loading')
  const charts = useRef<HTMLDivElement>(null)
  return (
    <section ref={host} aria-label="Metrics" className="flex flex-col gap-4">
      <CurrentFigures
        group={group}
        track={track}
        latest={latest}
        active={idle === ''}
        idle={idle}
        range={<RangePicker control={control} />}
      />
      <FeedProblem feed={feed} />
      <div
        ref={charts}
        aria-busy={isLoading}
        className={cx('rounded-lg border border-line bg-surface p-3 sm:p-4', isCutOff && 'opacity-60')}
      >
        <CrosshairSlider group={group} figures={READ_ALOUD} />
        <div className="grid gap-y-4">
          <HistoryChart
            group={group}
            title="Latency"
            lines={LATENCY}
            height={240}
            log={log}
            action={
              <span className="flex flex-wrap items-center justify-end gap-x-4">
                <HeatmapChoice shown={heatmap} onShow={choices.onHeatmap} />
                <LogChoice log={log} onLog={choices.onLog} />
                <ExportMenu group={group} charts={charts} names={[name]} />
              </span>
            }
          />
          {heatmap && <LatencyHeatmap group={group} of={0} height={200} />}
          <HistoryChart group={group} title="Requests/s" lines={TRAFFIC} height={140} />
          <HistoryChart group={group} title="Errors" lines={ERRORS} height={120} />
          <HistoryChart
            group={group}
            title="Tokens/s"
            lines={TOKENS}
            height={140}
            nothing="No tokens were reported in this range"
          />
        </div>
      </div>
    </section>
  )
}
