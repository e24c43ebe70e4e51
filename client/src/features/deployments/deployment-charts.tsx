import { useMemo, useRef, useSyncExternalStore } from 'react'
import { connection, isLost } from '../../graphql/connection.ts'
import type { EventSentence_EventFragment } from '../../graphql/gql/graphql.ts'
import { cx } from '../../ui/class-names.ts'
import { useStore } from '../../ui/external-store.ts'
import { useWidth } from '../../ui/fitting-columns.ts'
import { moment } from '../../ui/format.ts'
import { type EventMark, useChartGroup } from '../history/chart-group.ts'
import { EventMarks } from '../history/event-marks.tsx'
import { ExportMenu } from '../history/export-menu.tsx'
import { FeedProblem } from '../history/feed-problem.tsx'
import { type ChartChoices, MetricsCharts } from '../history/metrics-charts.tsx'
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
  /** Why current figures are old or missing; empty if nothing is wrong. */
  trouble: string
  events: readonly EventSentence_EventFragment[]
  choices: ChartChoices
}

/** The charts of a deployment, one under the other, with a shared time axis, crosshair and zoom. */
export function DeploymentCharts({ id, name, active, trouble, events, choices }: DeploymentChartsProps) {
  const control = useTimeRange()
  const [host, width] = useWidth()
  const { figures: latest, details } = useLatestMetrics(id)
  const subjects = useMemo(() => [{ kind: 'deployment' as const, id }], [id])
  const feed = useHistory({
    subjects,
    range: control.range,
    width,
    buckets: choices.heatmap,
    details: true,
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
        details={details}
        trouble={trouble}
        active={active}
        range={<RangePicker control={control} />}
      />
      <FeedProblem feed={feed} />
      <div
        ref={charts}
        data-state={state}
        className={cx('rounded-lg border border-line bg-surface p-3 sm:p-4', isCutOff && 'opacity-60')}
      >
        <MetricsCharts
          group={group}
          choices={choices}
          exportMenu={<ExportMenu group={group} charts={charts} names={[name]} exportPath={`deployments/${id}`} />}
        >
          <EventMarks group={group} />
        </MetricsCharts>
      </div>
    </section>
  )
}

function markOf(event: EventSentence_EventFragment): EventMark {
  return { at: Date.parse(event.at) / 1000, words: `${eventWords(event)}, ${moment(new Date(event.at))}` }
}
