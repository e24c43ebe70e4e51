import { hasTooFew } from '../../live/sample.ts'
import { useAlarm, useLateness, useTrack } from '../../live/use-track.ts'
import { Sparkline } from '../../charts/sparkline.tsx'
import { useServices } from '../../services.ts'
import { cx } from '../../ui/class-names.ts'
import { Figure, Latency } from '../../ui/figure.tsx'
import { amount, type ErrorLevel, moment, percent } from '../../ui/format.ts'
import { Shape, Status } from '../../ui/status.tsx'
import { aboutFigure, requestsBehind } from './about-figure.ts'

interface CellProps {
  id: string
  active: boolean
  /** Its source is down: the figures are the last ones. */
  stale?: boolean
}

/** Old figures are dimmed, never hidden; their age is shown over the sparkline. */
const LATE = 'text-faint'

/** The newest figures of a deployment and, once they are late, their age; neither while the deployment is paused. */
function useLive(id: string, active: boolean, stale: boolean) {
  const { fleet } = useServices()
  const newest = useTrack(fleet, id)
  const sample = active ? newest : undefined
  const late = useLateness(fleet, id, sample, stale)
  return { sample, late }
}

/** The level of a deployment's errors; none while its figures are late. */
function useErrors(id: string, active: boolean, late: string) {
  const { fleet } = useServices()
  const { level, sinceMs } = useAlarm(fleet, id)
  const isShown = active && late === '' && level !== 'none'
  return { level: isShown ? level : 'none', since: isShown ? `since ${moment(new Date(sinceMs))}` : undefined } as const
}

export function LatencyCell({
  id,
  active,
  stale = false,
  figure,
}: CellProps & { figure: 'p50Ms' | 'p95Ms' | 'p99Ms' }) {
  const { sample, late } = useLive(id, active, stale)
  return (
    <span title={aboutFigure(sample, figure)} className="block">
      <Latency ms={sample?.[figure]} className={late ? LATE : ''} />
      {hasTooFew(sample, figure) && <span className="sr-only">too few requests</span>}
    </span>
  )
}

export function RateCell({ id, active, stale = false }: CellProps) {
  const { sample, late } = useLive(id, active, stale)
  return (
    <span title={requestsBehind(sample)} className="block">
      <Figure value={amount(sample?.requestsPerSecond)} className={late ? LATE : ''} />
    </span>
  )
}

export function ErrorCell({ id, active, stale = false }: CellProps) {
  const { sample, late } = useLive(id, active, stale)
  const { level, since } = useErrors(id, active, late)
  const value = percent(sample?.errorRate)
  if (level === 'none') return <Figure value={value} className={late ? LATE : ''} />
  return (
    <span title={since} className={cx('flex items-center font-medium', level === 'high' ? 'text-bad' : 'text-warn')}>
      <Shape tone={level === 'high' ? 'bad' : 'warn'} />
      <Figure value={value} />
    </span>
  )
}

const ERROR_WORDS: Record<Exclude<ErrorLevel, 'none'>, string> = { raised: 'Errors raised', high: 'Errors high' }

/** Active or paused, or a raised error rate in words. */
export function StatusCell({ id, active, stale = false }: CellProps) {
  const { late } = useLive(id, active, stale)
  const { level, since } = useErrors(id, active, late)
  if (!active) return <Status tone="quiet">Paused</Status>
  if (level === 'none') return <Status tone="ok">Active</Status>
  return (
    <span title={since}>
      <Status tone={level === 'high' ? 'bad' : 'warn'}>{ERROR_WORDS[level]}</Status>
      <span className="sr-only"> {since}</span>
    </span>
  )
}

export function TrendCell({ id, active, stale = false, width }: CellProps & { width: number }) {
  const { fleet } = useServices()
  const { late } = useLive(id, active, stale)
  if (!active) return null
  return (
    <span className="relative block">
      <span className={cx(late && 'opacity-40')}>
        <Sparkline fleet={fleet} track={id} figure="p95Ms" width={width} height={22} />
      </span>
      {late && (
        <span className={cx('absolute inset-y-0 right-0 bg-ground pl-1 text-2xs leading-[22px] text-muted')}>
          {late} old
        </span>
      )}
    </span>
  )
}
