import { useMemo, useRef, useSyncExternalStore } from 'react'
import { connection, isLost } from '../../graphql/connection.ts'
import { useTrack } from '../../live/use-track.ts'
import { useServices } from '../../services.ts'
import { cx } from '../../ui/class-names.ts'
import { useStore } from '../../ui/external-store.ts'
import { useWidth } from '../../ui/fitting-columns.ts'
import { CurrentFigures } from '../deployments/current-figures.tsx'
import { useChartGroup } from '../history/chart-group.ts'
import { ExportMenu } from '../history/export-menu.tsx'
import { FeedProblem } from '../history/feed-problem.tsx'
import { type ChartChoices, MetricsCharts } from '../history/metrics-charts.tsx'
import type { HistorySubject } from '../history/load-histories.ts'
import { RangePicker } from '../history/range-picker.tsx'
import { useHistory } from '../history/use-history.ts'
import type { TimeRangeControl } from '../history/use-time-range.ts'

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
  const feed = useHistory({
    subjects,
    range: control.range,
    width,
    buckets: choices.heatmap,
    details: true,
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
        <MetricsCharts
          group={group}
          choices={choices}
          exportMenu={<ExportMenu group={group} charts={charts} names={[name]} />}
        />
      </div>
    </section>
  )
}
