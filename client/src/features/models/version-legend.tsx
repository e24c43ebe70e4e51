import { Link } from '@tanstack/react-router'
import { useSyncExternalStore } from 'react'
import { useStore } from '../../ui/external-store.ts'
import type { ChartGroup } from '../history/chart-group.ts'
import { COMPARED, quantityOf } from '../history/figures.ts'
import type { ChartLine } from '../history/history-chart.tsx'

/** A version that is compared: its place is that of its line among all. */
export interface ComparedVersion {
  id: string
  version: string
}

/** A stroke as in the charts: its colour and its dashes tell the versions apart. */
export function Stroke({ index }: { index: number }) {
  const { colour, dash } = COMPARED[index] ?? {}
  return (
    <svg width="22" height="8" viewBox="0 0 22 8" aria-hidden="true" className="shrink-0">
      <path
        d="M0 4h22"
        fill="none"
        strokeWidth="2"
        stroke={colour === undefined ? 'currentColor' : `var(--${colour})`}
        strokeDasharray={dash?.join(' ')}
      />
    </svg>
  )
}

interface VersionLegendProps {
  group: ChartGroup
  versions: readonly ComparedVersion[]
  lines: readonly ChartLine[]
}

/** The lines of a chart: each version, as a link, with its figure under the crosshair. */
export function VersionLegend({ group: { feed, cursor }, versions, lines }: VersionLegendProps) {
  const at = useStore(cursor)
  useSyncExternalStore(feed.subscribe, () => (at === null ? 0 : feed.version))
  return (
    <ul className="flex flex-wrap items-center gap-x-4 gap-y-1 text-xs">
      {lines.map(({ of, figure }) => {
        const one = versions[of]
        if (!one) return null
        const series = feed.series(of)
        const index = at === null ? -1 : series.indexAt(at, feed.stepSeconds)
        const { value, unit } = quantityOf(figure, series, index)
        return (
          <li key={one.id} className="flex items-center gap-1.5">
            <Stroke index={of} />
            <Link to="/deployments/$id" params={{ id: one.id }} translate="no" className="hover:underline">
              {one.version}
            </Link>
            <span data-figures translate="no" className="w-14 text-muted">
              {at !== null && `${value} ${unit}`}
            </span>
          </li>
        )
      })}
    </ul>
  )
}
