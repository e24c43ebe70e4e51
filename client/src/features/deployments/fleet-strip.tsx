import type { ReactNode } from 'react'
import { Sparkline } from '../../charts/sparkline.tsx'
import { type Figure, hasTooFew, type Sample } from '../../live/sample.ts'
import { useAlarm, useLateness, useTrack } from '../../live/use-track.ts'
import { useServices } from '../../services.ts'
import { useMedia } from '../../ui/media.ts'
import { cx } from '../../ui/class-names.ts'
import { amount, latency, moment, NO_DATA, percent, type Quantity, written } from '../../ui/format.ts'
import { Select } from '../../ui/select.tsx'
import { requestsBehind } from './about-figure.ts'
import { type Over, OVER_WORDS, OVERS } from './over.ts'

interface FleetStripProps {
  /** The key of the track with the totals of what the table shows. */
  track: string
  active: number | undefined
  total: number | undefined
  over: Over
  onOver: (over: Over) => void
}

/**
 * Four figures for what the table shows. The percentile comes from the server, computed over all requests together; it
 * is not an average of the rows.
 */
export function FleetStrip({ track, active, total, over, onOver }: FleetStripProps) {
  const { fleet } = useServices()
  const sample = useTrack(fleet, track)
  const late = useLateness(fleet, track, sample)
  const { level, sinceMs } = useAlarm(fleet, track)
  const narrow = useMedia('(min-width: 1024px) and (max-width: 1279px)')
  const spark = (figure: Figure) => (
    <span className={cx('block', late && 'opacity-40')}>
      <Sparkline fleet={fleet} track={track} figure={figure} width={narrow ? 88 : 128} height={32} />
    </span>
  )
  const tone = late ? 'text-faint' : ''
  const requests = requestsBehind(sample)
  const behind = requests === undefined ? undefined : `${requests}, ${OVER_WORDS[over]}`
  const alarm = late || level === 'none' ? undefined : { level, since: moment(new Date(sinceMs)) }
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-lg border border-line bg-surface lg:grid-cols-4">
      <Figure
        name="Requests/s"
        quantity={{ value: amount(sample?.requestsPerSecond), unit: '' }}
        tone={tone}
        note={late && `${late} old`}
        behind={behind}
        trend={spark('requestsPerSecond')}
      />
      <Figure
        name="p95 latency"
        quantity={latency(sample?.p95Ms)}
        tone={tone}
        note={late ? `${late} old` : hasTooFew(sample, 'p95Ms') ? 'too few requests' : firstTokenWords(sample)}
        behind={behind}
        trend={spark('p95Ms')}
      />
      <Figure
        name="Error rate"
        quantity={{ value: percent(sample?.errorRate), unit: '%' }}
        tone={tone || (alarm?.level === 'high' ? 'text-bad' : alarm ? 'text-warn' : '')}
        note={late ? `${late} old` : alarm ? `${alarm.level} since ${alarm.since}` : ''}
        behind={behind}
        trend={spark('errorRate')}
      />
      <Figure
        name="Active"
        quantity={{ value: active === undefined ? NO_DATA : String(active), unit: '' }}
        tone=""
        note={total === undefined ? '' : `of ${total}`}
        control={
          <Select
            label="Current figures are of the"
            title="What the current figures on this page are of"
            value={over}
            onChange={(event) => onOver(OVERS.find((one) => one === event.target.value) ?? over)}
            className="h-7 w-auto text-xs text-muted"
          >
            {OVERS.map((one) => (
              <option key={one} value={one}>
                {OVER_WORDS[one]}
              </option>
            ))}
          </Select>
        }
      />
    </dl>
  )
}

/** `first token 84.2 ms`, where requests are streamed. */
function firstTokenWords(sample: Sample | undefined): string {
  return sample?.firstTokenP95Ms == null ? '' : `first token ${written(latency(sample.firstTokenP95Ms))}`
}

interface FigureProps {
  name: string
  quantity: Quantity
  tone: string
  note: string
  /** The requests behind it: shown in place of the note while it is hovered or focused. */
  behind?: string | undefined
  trend?: ReactNode
  control?: ReactNode
}

function Figure({ name, quantity, tone, note, behind, trend, control }: FigureProps) {
  return (
    <div
      tabIndex={behind === undefined ? undefined : 0}
      className="group -mt-px -ml-px grid grid-cols-[minmax(0,1fr)_auto] items-end gap-x-3 border-t border-l border-line px-4 py-3 -outline-offset-2"
    >
      {/* The unit is in the heading: beside the figure, it would move with every digit. */}
      <dt className="col-span-2 flex gap-2 text-xs whitespace-nowrap text-muted">
        {quantity.unit ? `${name}, ${quantity.unit}` : name}
        <span className={cx('truncate', tone, behind !== undefined && 'group-hover:hidden group-focus-visible:hidden')}>
          {note}
        </span>
        {behind !== undefined && (
          <span data-figures className="sr-only truncate group-hover:not-sr-only group-focus-visible:not-sr-only">
            {behind}
          </span>
        )}
      </dt>
      <dd translate="no" className={cx('mt-0.5 text-2xl leading-8 font-medium whitespace-nowrap', tone)}>
        {quantity.value}
      </dd>
      {trend && <dd className="hidden sm:block">{trend}</dd>}
      {control && <dd>{control}</dd>}
    </div>
  )
}
