import type { ReactNode } from 'react'
import { LogChoice } from '../../ui/log-choice.tsx'
import type { ChartGroup } from './chart-group.ts'
import { CrosshairSlider } from './crosshair-slider.tsx'
import { type ChartLine, HistoryChart } from './history-chart.tsx'
import { LatencyHeatmap } from './latency-heatmap.tsx'

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
  return (
    <>
      <CrosshairSlider group={group} figures={READ_ALOUD} />
      {children}
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
              {exportMenu}
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
