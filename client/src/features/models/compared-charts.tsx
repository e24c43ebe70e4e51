import { useId, useMemo, useRef, useSyncExternalStore } from 'react'
import { connection, isLost } from '../../graphql/connection.ts'
import type { Figure, Percentile } from '../../live/sample.ts'
import { cx } from '../../ui/class-names.ts'
import { useStore } from '../../ui/external-store.ts'
import { useWidth } from '../../ui/fitting-columns.ts'
import { LogChoice } from '../../ui/log-choice.tsx'
import { useChartGroup } from '../history/chart-group.ts'
import { CrosshairSlider } from '../history/crosshair-slider.tsx'
import { ExportMenu } from '../history/export-menu.tsx'
import { FeedProblem } from '../history/feed-problem.tsx'
import { COMPARED, FIGURE_WORDS } from '../history/figures.ts'
import { type ChartLine, HistoryChart } from '../history/history-chart.tsx'
import { RangePicker, rangeWords } from '../history/range-picker.tsx'
import { type TimeRange, TRAILING_WORDS } from '../history/time-range.ts'
import { useHistory } from '../history/use-history.ts'
import type { TimeRangeControl } from '../history/use-time-range.ts'
import { DifferencesTable } from './differences-table.tsx'
import { PERCENTILES } from './model-search.ts'
import { useDifferences } from './use-differences.ts'
import { type ComparedVersion, VersionLegend } from './version-legend.tsx'

interface ComparedChartsProps {
  model: string
  /** Two or more; the others are compared with the first. */
  versions: readonly ComparedVersion[]
  control: TimeRangeControl
  log: boolean
  percentile: Percentile
  onLog: (log: boolean) => void
  onPercentile: (percentile: Percentile) => void
  onFirst: (version: string) => void
}

/** Versions of a model on the same axes, and the table of their differences over the range. */
export function ComparedCharts(props: ComparedChartsProps) {
  const { model, versions, control, log, percentile } = props
  const [host, width] = useWidth()
  const subjects = useMemo(() => versions.map(({ id }) => ({ kind: 'deployment' as const, id })), [versions])
  const feed = useHistory({ subjects, range: control.range, width })
  const group = useChartGroup(feed, control)
  const totals = useDifferences(
    versions.map(({ id }) => id),
    control.range,
  )
  const isCutOff = isLost(useStore(connection))
  const isLoading = useSyncExternalStore(feed.subscribe, () => feed.state === 'loading')
  const charts = useRef<HTMLDivElement>(null)
  const lines = useMemo(() => {
    const of = (figure: Figure) => linesOf(versions, figure)
    return {
      latency: of(percentile),
      traffic: of('requestsPerSecond'),
      errors: of('errorRate'),
      tokens: of('tokensPerSecond'),
    }
  }, [versions, percentile])
  const legend = (of: readonly ChartLine[]) => <VersionLegend group={group} versions={versions} lines={of} />
  return (
    <section ref={host} aria-label="Comparison" className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 className="font-medium">{versions.length} versions compared</h2>
        <RangePicker control={control} />
      </div>
      <DifferencesTable versions={versions} totals={totals} range={wordsOf(control.range)} onFirst={props.onFirst} />
      <FeedProblem feed={feed} />
      <div
        ref={charts}
        aria-busy={isLoading}
        className={cx('rounded-lg border border-line bg-surface p-3 sm:p-4', isCutOff && 'opacity-60')}
      >
        <CrosshairSlider group={group} figures={[percentile, 'requestsPerSecond', 'errorRate']} />
        <div className="mb-2 flex flex-wrap items-center justify-end gap-x-4">
          <PercentileChoice percentile={percentile} onPercentile={props.onPercentile} />
          <LogChoice log={log} onLog={props.onLog} />
          <ExportMenu group={group} charts={charts} names={versions.map(({ version }) => `${model} ${version}`)} />
        </div>
        <div className="grid gap-y-4">
          <HistoryChart
            group={group}
            title={`Latency, ${FIGURE_WORDS[percentile].name}`}
            lines={lines.latency}
            height={240}
            log={log}
            action={legend(lines.latency)}
          />
          <HistoryChart
            group={group}
            title="Requests/s"
            lines={lines.traffic}
            height={140}
            action={legend(lines.traffic)}
          />
          <HistoryChart group={group} title="Errors" lines={lines.errors} height={120} action={legend(lines.errors)} />
          <HistoryChart
            group={group}
            title="Tokens/s"
            lines={lines.tokens}
            height={140}
            nothing="No tokens were reported in this range"
            action={legend(lines.tokens)}
          />
        </div>
      </div>
    </section>
  )
}

function linesOf(versions: readonly ComparedVersion[], figure: Figure): ChartLine[] {
  return versions.flatMap(({ version }, of) => {
    const style = COMPARED[of]
    return style ? [{ of, figure, label: version, ...style }] : []
  })
}

function wordsOf(range: TimeRange): string {
  return range.kind === 'fixed' ? rangeWords(range) : `The last ${TRAILING_WORDS[range.name].replace('Live, ', '')}`
}

interface PercentileChoiceProps {
  percentile: Percentile
  onPercentile: (percentile: Percentile) => void
}

function PercentileChoice({ percentile, onPercentile }: PercentileChoiceProps) {
  const name = useId()
  return (
    <fieldset className="flex items-center gap-x-3 text-xs text-muted">
      <legend className="sr-only">Percentile of the latency</legend>
      {PERCENTILES.map((one) => (
        <label key={one} className="flex items-center gap-1.5">
          <input
            type="radio"
            name={name}
            checked={one === percentile}
            onChange={() => onPercentile(one)}
            className="accent-accent"
          />
          {FIGURE_WORDS[one].name}
        </label>
      ))}
    </fieldset>
  )
}
