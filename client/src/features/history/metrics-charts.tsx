import { type ReactNode, useSyncExternalStore } from 'react'
import { LogChoice } from '../../ui/log-choice.tsx'
import type { ChartGroup } from './chart-group.ts'
import { CrosshairSlider } from './crosshair-slider.tsx'
import { LastCharts, LoadChart, meanOf, TimedChart, useShown } from './detail-charts.tsx'
import { type ChartLine, HistoryChart } from './history-chart.tsx'
import { LatencyHeatmap } from './latency-heatmap.tsx'
import { LineLegend } from './line-legend.tsx'

const line = (figure: ChartLine['figure'], label: string, colour: ChartLine['colour'] = 'series') =>
  ({ of: 0, figure, label, colour }) satisfies ChartLine

const LATENCY: readonly ChartLine[] = [
  line('p50Ms', 'p50', 'series-weak'),
  line('p95Ms', 'p95'),
  line('p99Ms', 'p99', 'series-strong'),
]
const MEAN = [meanOf('latency')]
const TRAFFIC = [line('requestsPerSecond', 'Requests/s')]
const ERRORS = [line('errorRate', 'Errors')]
const TOKENS = [line('tokensPerSecond', 'Tokens/s')]
const READ_ALOUD = ['p50Ms', 'p95Ms', 'p99Ms', 'requestsPerSecond', 'errorRate'] as const

/** How the charts are drawn, which the address holds. */
export interface ChartChoices {
  log: boolean
  heatmap: boolean
  onLog: (log: boolean) => void
  onHeatmap: (heatmap: boolean) => void
}

interface MetricsChartsProps {
  group: ChartGroup
  choices: ChartChoices
  exportMenu: ReactNode
  /** What stands above the charts on the shared time axis. */
  children?: ReactNode
}

/** All figures of one series, one chart under the other, with a shared time axis, crosshair and zoom. */
export function MetricsCharts({ group, choices, exportMenu, children }: MetricsChartsProps) {
  const { log, heatmap, onLog, onHeatmap } = choices
  const { feed } = group
  const shown = useShown(group)
  // What follows the first chart depends on what the range has: before that is known, only its place is kept.
  const isUnknown = useSyncExternalStore(
    feed.subscribe,
    () => feed.state === 'loading' && feed.series(0).times.length === 0,
  )
  const isMeanOnly = useSyncExternalStore(
    feed.subscribe,
    () => feed.has(0, ['latency.mean']) && !feed.has(0, ['p50Ms', 'latency.p50.low', 'latency.p99.low']),
  )
  const timed = (name: Parameters<typeof TimedChart>[0]['name']) =>
    shown.has(name) && <TimedChart group={group} name={name} height={180} log={log} />
  const others = (
    <>
      {timed('timeToFirstToken')}
      {timed('interTokenLatency')}
      {timed('queueTime')}
      <HistoryChart group={group} title="Requests/s" lines={TRAFFIC} height={140} />
      {(shown.has('inFlight') || shown.has('waiting')) && <LoadChart group={group} shown={shown} />}
      <HistoryChart group={group} title="Errors" lines={ERRORS} height={120} />
      <HistoryChart
        group={group}
        title="Tokens/s"
        lines={TOKENS}
        height={140}
        nothing="No tokens were reported in this range"
      />
      <LastCharts group={group} shown={shown} />
    </>
  )
  return (
    <>
      <CrosshairSlider group={group} figures={READ_ALOUD} />
      {children}
      <div className="grid gap-y-4">
        <HistoryChart
          group={group}
          title={isMeanOnly ? 'Latency, mean' : 'Latency'}
          lines={isMeanOnly ? MEAN : LATENCY}
          height={240}
          log={log}
          action={
            <span className="flex flex-wrap items-center justify-end gap-x-4">
              {isMeanOnly && <LineLegend group={group} lines={MEAN} />}
              <HeatmapChoice shown={heatmap} onShow={onHeatmap} />
              <LogChoice log={log} onLog={onLog} />
              {exportMenu}
            </span>
          }
        />
        {heatmap && <LatencyHeatmap group={group} of={0} height={200} />}
        {isUnknown ? <div aria-hidden="true" className="h-[504px]" /> : others}
      </div>
    </>
  )
}

function HeatmapChoice({ shown, onShow }: { shown: boolean; onShow: (shown: boolean) => void }) {
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
