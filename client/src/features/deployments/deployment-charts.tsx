import { useMemo, useRef, useSyncExternalStore } from 'react'
import { connection, isLost } from '../../graphql/connection.ts'
import type { EventSentence_EventFragment } from '../../graphql/gql/graphql.ts'
import { cx } from '../../ui/class-names.ts'
import { useStore } from '../../ui/external-store.ts'
import { useWidth } from '../../ui/fitting-columns.ts'
import { moment } from '../../ui/format.ts'
import { LogChoice } from '../../ui/log-choice.tsx'
import { type EventMark, useChartGroup } from '../history/chart-group.ts'
import { CrosshairSlider } from '../history/crosshair-slider.tsx'
import { EventMarks } from '../history/event-marks.tsx'
import { ExportMenu } from '../history/export-menu.tsx'
import { type ChartLine, HistoryChart } from '../history/history-chart.tsx'
import { LatencyHeatmap } from '../history/latency-heatmap.tsx'
import { RangePicker } from '../history/range-picker.tsx'
import { useHistory } from '../history/use-history.ts'
import { useTimeRange } from '../history/use-time-range.ts'
import { CurrentFigures } from './current-figures.tsx'
import { eventWords } from './event-sentence.tsx'
import { useLatestMetrics } from './use-latest-metrics.ts'

interface DeploymentChartsProps {
  id: string
  /** The model and the version. */
  name: string
  active: boolean
  events: readonly EventSentence_EventFragment[]
  log: boolean
  heatmap: boolean
  onLog: (log: boolean) => void
  onHeatmap: (heatmap: boolean) => void
}

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

/** The charts of a deployment, one under the other, with a shared time axis, crosshair and zoom. */
export function DeploymentCharts(props: DeploymentChartsProps) {
  const { id, name, active, events, log, heatmap, onLog, onHeatmap } = props
  const control = useTimeRange()
  const [host, width] = useWidth()
  const latest = useLatestMetrics(id)
  const subjects = useMemo(() => [{ kind: 'deployment' as const, id }], [id])
  const feed = useHistory({
    subjects,
    range: control.range,
    width,
    buckets: heatmap,
    expectedRate: latest?.requestsPerSecond ?? undefined,
  })
  const marks = useMemo(() => events.map(markOf), [events])
  const group = useChartGroup(feed, control, marks)
  const isCutOff = isLost(useStore(connection))
  const state = useSyncExternalStore(feed.subscribe, () => feed.state)
  const charts = useRef<HTMLDivElement>(null)
  return (
    <section ref={host} aria-label="Metrics" className="flex flex-col gap-4">
      <CurrentFigures
        group={group}
        track={id}
        latest={latest}
        active={active}
        range={<RangePicker control={control} />}
      />
      {state === 'failed' && (
        <p role="status" className="text-muted">
          The history could not be loaded and will be requested again in a moment.
        </p>
      )}
      {state === 'refused' && (
        <p role="status" className="text-bad">
          The server refuses this range: {feed.problem}
        </p>
      )}
      <div
        ref={charts}
        data-state={state}
        className={cx('rounded-lg border border-line bg-surface p-3 sm:p-4', isCutOff && 'opacity-60')}
      >
        <CrosshairSlider group={group} figures={READ_ALOUD} />
        <EventMarks group={group} />
        <div className="grid gap-y-4">
          <HistoryChart
            group={group}
            title="Latency"
            lines={LATENCY}
            height={240}
            log={log}
            action={
              <span className="flex flex-wrap items-center justify-end gap-x-4">
                <HeatmapChoice shown={heatmap} onShow={onHeatmap} />
                <LogChoice log={log} onLog={onLog} />
                <ExportMenu group={group} charts={charts} names={[name]} exportPath={`deployments/${id}`} />
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

function markOf(event: EventSentence_EventFragment): EventMark {
  return { at: Date.parse(event.at) / 1000, words: `${eventWords(event)}, ${moment(new Date(event.at))}` }
}

export function HeatmapChoice({ shown, onShow }: { shown: boolean; onShow: (shown: boolean) => void }) {
  return (
    <label className="flex items-center gap-1.5 text-xs whitespace-nowrap text-muted">
      <input
        type="checkbox"
        checked={shown}
        onChange={(event) => onShow(event.target.checked)}
        className="accent-accent"
      />
      <span>Heatmap</span>
    </label>
  )
}
