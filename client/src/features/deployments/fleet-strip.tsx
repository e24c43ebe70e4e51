import type { ReactNode } from 'react'
import { Sparkline } from '../../charts/sparkline.tsx'
import type { Figure } from '../../live/sample.ts'
import { useLateness, useTrack } from '../../live/use-track.ts'
import { useServices } from '../../services.ts'
import { useMedia } from '../../ui/media.ts'
import { cx } from '../../ui/class-names.ts'
import { amount, errorLevel, latency, NO_DATA, percent, type Quantity } from '../../ui/format.ts'

interface FleetStripProps {
  /** The key of the track with the totals of what the table shows. */
  track: string
  active: number | undefined
  total: number | undefined
}

/**
 * Four figures for what the table shows. The percentile comes from the server, computed over all requests together; it
 * is not an average of the rows.
 */
export function FleetStrip({ track, active, total }: FleetStripProps) {
  const { fleet } = useServices()
  const sample = useTrack(fleet, track)
  const late = useLateness(sample)
  const level = errorLevel(sample?.errorRate)
  const narrow = useMedia('(min-width: 1024px) and (max-width: 1279px)')
  const spark = (figure: Figure) => (
    <span className={cx('block', late && 'opacity-40')}>
      <Sparkline fleet={fleet} track={track} figure={figure} width={narrow ? 88 : 128} height={32} />
    </span>
  )
  const tone = late ? 'text-faint' : ''
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-lg border border-line bg-surface lg:grid-cols-4">
      <Figure
        name="Requests/s"
        quantity={{ value: amount(sample?.requestsPerSecond), unit: '' }}
        tone={tone}
        note={late && `${late} old`}
        trend={spark('requestsPerSecond')}
      />
      <Figure
        name="p95 latency"
        quantity={latency(sample?.p95Ms)}
        tone={tone}
        note={late && `${late} old`}
        trend={spark('p95Ms')}
      />
      <Figure
        name="Error rate"
        quantity={{ value: percent(sample?.errorRate), unit: '%' }}
        tone={tone || (level === 'high' ? 'text-bad' : level === 'raised' ? 'text-warn' : '')}
        note={late ? `${late} old` : level === 'none' ? '' : level}
        trend={spark('errorRate')}
      />
      <Figure
        name="Active"
        quantity={{ value: active === undefined ? NO_DATA : String(active), unit: '' }}
        tone=""
        note={total === undefined ? '' : `of ${total}`}
      />
    </dl>
  )
}

interface FigureProps {
  name: string
  quantity: Quantity
  tone: string
  note: string
  trend?: ReactNode
}

function Figure({ name, quantity, tone, note, trend }: FigureProps) {
  return (
    <div className="-mt-px -ml-px grid grid-cols-[minmax(0,1fr)_auto] items-end gap-x-3 border-t border-l border-line px-4 py-3">
      {/* The unit is in the heading: beside the figure, it would move with every digit. */}
      <dt className="col-span-2 flex gap-2 text-xs whitespace-nowrap text-muted">
        {quantity.unit ? `${name}, ${quantity.unit}` : name}
        <span className={cx('truncate', tone)}>{note}</span>
      </dt>
      <dd translate="no" className={cx('mt-0.5 text-2xl leading-8 font-medium whitespace-nowrap', tone)}>
        {quantity.value}
      </dd>
      {trend && <dd className="hidden sm:block">{trend}</dd>}
    </div>
  )
}
