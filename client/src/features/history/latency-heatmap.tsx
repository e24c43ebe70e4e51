import { useMemo, useSyncExternalStore } from 'react'
import type uPlot from 'uplot'
import { chartColours } from '../../charts/colours.ts'
import { heatCells, heatRange } from '../../charts/heat.ts'
import { type ChartSource, type Line, TimeChart } from '../../charts/time-chart.tsx'
import type { ChartGroup } from './chart-group.ts'
import { scaleOf } from './figures.ts'

interface LatencyHeatmapProps {
  group: ChartGroup
  /** The position of the subject among the feed's. The feed must have been asked for `buckets`. */
  of: number
  height: number
  title?: string
}

/** An axis needs a line. This one has no values. */
const NO_LINES: readonly Line[] = [{ label: 'requests', colour: 'series' }]

/**
 * How many requests took how long, over time: a column for each window, darker where there are more. What percentiles
 * leave out can be seen here, such as two groups of requests of different speed.
 */
export function LatencyHeatmap({ group, of, height, title = 'Latency heatmap' }: LatencyHeatmapProps) {
  const { feed } = group
  const source = useMemo(
    (): ChartSource => ({
      read: () => {
        const { times } = feed.series(of)
        return [{ times, values: [times.map(() => Number.NaN)], stepSeconds: feed.stepSeconds }]
      },
      range: () => feed.range(),
      marks: () => group.marks,
      subscribe: feed.subscribe,
    }),
    [group, feed, of],
  )
  const paint = (plot: uPlot) => paintCells(plot, group, of)
  const nothing = useSyncExternalStore(feed.subscribe, () =>
    feed.state === 'ready' && feed.series(of).buckets.every((column) => column.length === 0)
      ? 'No requests finished in this range'
      : '',
  )
  return (
    <div className="relative" data-chart={title}>
      <div className="flex min-h-6 flex-wrap items-center justify-between gap-x-4">
        <h3 className="text-xs font-medium text-muted">{title}</h3>
        <p className="flex items-center gap-1.5 text-2xs text-muted" aria-hidden="true">
          fewer
          <span className="h-2 w-16 rounded-full bg-linear-to-r from-(--hover) to-(--series-strong)" />
          more of the requests
        </p>
      </div>
      <TimeChart
        source={source}
        series={NO_LINES}
        {...scaleOf('p50Ms')}
        log
        height={height}
        syncKey={group.syncKey}
        label={`${title}: how many requests took how long, over time`}
        cursor={group.cursor}
        onZoom={group.onZoom}
        onZoomOut={group.onZoomOut}
        paint={paint}
        verticalRange={() => heatRange(feed.series(of).buckets)}
      />
      {nothing && (
        <p className="pointer-events-none absolute inset-x-0 top-6 bottom-7 grid place-items-center text-muted">
          <span className="bg-surface px-2">{nothing}</span>
        </p>
      )}
    </div>
  )
}

function paintCells(plot: uPlot, { feed }: ChartGroup, of: number): void {
  const { ctx, bbox } = plot
  const { times, buckets } = feed.series(of)
  ctx.save()
  ctx.fillStyle = chartColours()['series-strong']
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  let cells = 0
  for (const { index, lowMs, highMs, share } of heatCells(buckets)) {
    const start = times[index] ?? 0
    const left = Math.round(plot.valToPos(start, 'x', true))
    const right = Math.round(plot.valToPos(start + feed.stepSeconds, 'x', true))
    if (right < bbox.left || left > bbox.left + bbox.width) continue
    cells += 1
    const top = Math.round(plot.valToPos(highMs, 'y', true))
    const bottom = Math.round(plot.valToPos(lowMs, 'y', true))
    ctx.globalAlpha = 0.1 + 0.9 * share
    ctx.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top))
  }
  ctx.restore()
  // For the browser tests: they cannot read it from a canvas.
  plot.root.dataset['cells'] = String(cells)
}
