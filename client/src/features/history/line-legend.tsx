import { useSyncExternalStore } from 'react'
import { useStore } from '../../ui/external-store.ts'
import { NO_DATA } from '../../ui/format.ts'
import { boundsWords } from './bounded.ts'
import type { ChartGroup } from './chart-group.ts'
import { boundsFor } from './details.ts'
import { quantityOf } from './figures.ts'
import type { ChartLine } from './history-chart.tsx'
import type { SeriesColumns } from './series-columns.ts'

/** The lines of a chart, each with its value under the crosshair and, where it is not known exactly, its bounds. */
export function LineLegend({ group: { feed, cursor }, lines }: { group: ChartGroup; lines: readonly ChartLine[] }) {
  const at = useStore(cursor)
  useSyncExternalStore(feed.subscribe, () => (at === null ? 0 : feed.version))
  return (
    <ul className="flex flex-wrap items-center justify-end gap-x-4 gap-y-1 text-xs text-muted">
      {lines.map((line) => (
        <li key={line.figure} className="flex items-center gap-1.5">
          <svg width="14" height="8" viewBox="0 0 14 8" aria-hidden="true" className="shrink-0">
            <path
              d="M0 4h14"
              strokeWidth="2"
              stroke={`var(--${line.colour})`}
              {...(line.dash ? { strokeDasharray: line.dash.join(' ') } : {})}
            />
          </svg>
          {line.label}
          {at !== null && (
            <span data-figures translate="no" className="min-w-14 text-text">
              {wordsAt(line, feed.series(line.of), at, feed.stepSeconds)}
            </span>
          )}
        </li>
      ))}
    </ul>
  )
}

function wordsAt({ figure }: ChartLine, series: SeriesColumns, at: number, stepSeconds: number): string {
  const index = series.indexAt(at, stepSeconds)
  if (index === -1) return NO_DATA
  const { value, unit } = quantityOf(figure, series, index)
  const bounds = boundsFor(figure)
  const between =
    bounds &&
    boundsWords({
      value: series.valueAt(figure, index),
      low: series.valueAt(bounds.low, index),
      high: series.valueAt(bounds.high, index),
    })
  return `${value} ${unit}${between === undefined ? '' : ` (${between})`}`
}
