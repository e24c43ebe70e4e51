import { useMemo, useSyncExternalStore } from 'react'
import { underBands } from '../../charts/bands.ts'
import type { ColourToken } from '../../charts/colours.ts'
import { type ChartSource, type Line, TimeChart } from '../../charts/time-chart.tsx'
import { useStore } from '../../ui/external-store.ts'
import { amount } from '../../ui/format.ts'
import type { ChartGroup } from './chart-group.ts'
import { reasonsToDraw, stackOf } from './reasons.ts'

const COLOURS: readonly ColourToken[] = ['compare-1', 'compare-2', 'compare-3', 'compare-4', 'faint']
/** Areas are filled densely enough to be told apart. */
const OPACITY = 0.45

/** Why requests failed: errors per second by reason, one on top of the other. */
export function ReasonsChart({ group, height }: { group: ChartGroup; height: number }) {
  const { feed, cursor } = group
  const key = useSyncExternalStore(feed.subscribe, () => JSON.stringify(reasonsToDraw(feed.series(0).reasons)))
  const drawn = useMemo(() => JSON.parse(key) as string[], [key])
  const lines = useMemo(
    () => drawn.map((label, index): Line => ({ label, colour: COLOURS[index] ?? 'faint', width: 1 })),
    [drawn],
  )
  const { source, under } = useMemo(() => {
    const edges = () => {
      const { times, reasons, figures } = feed.series(0)
      // A window in which nothing failed has no reasons; one in which nothing finished has no errors either.
      const hasData = (index: number) => (reasons[index]?.length ?? 0) > 0 || (figures.requests[index] ?? 0) > 0
      return { times, values: stackOf(reasons, drawn, feed.stepSeconds, hasData), stepSeconds: feed.stepSeconds }
    }
    const chart: ChartSource = {
      read: () => [edges()],
      range: () => feed.range(),
      marks: () => group.marks,
      subscribe: feed.subscribe,
    }
    const areas = () => {
      const { times, values, stepSeconds } = edges()
      return values.map((high, index) => ({
        colour: COLOURS[index] ?? ('faint' as const),
        band: { times, stepSeconds, high, low: values[index - 1] ?? high.map((top) => (Number.isNaN(top) ? top : 0)) },
      }))
    }
    return { source: chart, under: underBands(areas, () => feed.range(), OPACITY) }
  }, [feed, group, drawn])
  return (
    <div className="relative" data-chart="Errors by reason">
      <div className="flex min-h-6 flex-wrap items-center justify-between gap-x-4">
        <h3 className="text-xs font-medium text-muted">Errors/s by reason</h3>
        <Legend group={group} drawn={drawn} />
      </div>
      <TimeChart
        source={source}
        series={lines}
        format={amount}
        least={0.1}
        under={under}
        height={height}
        syncKey={group.syncKey}
        label="Errors per second by reason, over time"
        cursor={cursor}
        onZoom={group.onZoom}
        onZoomOut={group.onZoomOut}
      />
    </div>
  )
}

function Legend({ group: { feed, cursor }, drawn }: { group: ChartGroup; drawn: readonly string[] }) {
  const at = useStore(cursor)
  useSyncExternalStore(feed.subscribe, () => (at === null ? 0 : feed.version))
  const series = feed.series(0)
  const index = at === null ? -1 : series.indexAt(at, feed.stepSeconds)
  const counts = stackOf([series.reasons[index] ?? []], drawn, feed.stepSeconds, () => true).map(([top = 0]) => top)
  return (
    <ul className="flex flex-wrap items-center justify-end gap-x-4 gap-y-1 text-xs text-muted">
      {drawn.map((reason, which) => (
        <li key={reason} className="flex min-w-0 items-center gap-1.5">
          <span
            aria-hidden="true"
            className="size-2.5 shrink-0 rounded-xs"
            style={{ background: `var(--${COLOURS[which] ?? 'faint'})` }}
          />
          <span translate="no" className="wrap-anywhere">
            {reason}
          </span>
          {index !== -1 && (
            <span data-figures translate="no" className="min-w-10 text-text">
              {amount((counts[which] ?? 0) - (counts[which - 1] ?? 0))}
            </span>
          )}
        </li>
      ))}
    </ul>
  )
}
