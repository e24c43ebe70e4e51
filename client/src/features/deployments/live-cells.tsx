import { useLateness, useTrack } from '../../live/use-track.ts'
import { Sparkline } from '../../charts/sparkline.tsx'
import { useServices } from '../../services.ts'
import { cx } from '../../ui/class-names.ts'
import { Figure, Latency } from '../../ui/figure.tsx'
import { amount, type ErrorLevel, errorLevel, percent } from '../../ui/format.ts'
import { Shape, Status } from '../../ui/status.tsx'

interface CellProps {
  id: string
  active: boolean
}

/** Old figures are dimmed, never hidden; their age is shown over the sparkline. */
const LATE = 'text-faint'

/** The newest sample of a deployment and, once it is late, its age; neither while the deployment is paused. */
function useLive(id: string, active: boolean) {
  const { fleet } = useServices()
  const newest = useTrack(fleet, id)
  const sample = active ? newest : undefined
  return { sample, late: useLateness(sample) }
}

export function LatencyCell({ id, active, figure }: CellProps & { figure: 'p50Ms' | 'p95Ms' | 'p99Ms' }) {
  const { sample, late } = useLive(id, active)
  return <Latency ms={sample?.[figure]} className={late ? LATE : ''} />
}

export function RateCell({ id, active }: CellProps) {
  const { sample, late } = useLive(id, active)
  return <Figure value={amount(sample?.requestsPerSecond)} className={late ? LATE : ''} />
}

export function ErrorCell({ id, active }: CellProps) {
  const { sample, late } = useLive(id, active)
  const rate = sample?.errorRate
  const level = errorLevel(rate)
  const value = percent(rate)
  if (late || level === 'none') return <Figure value={value} className={late ? LATE : ''} />
  return (
    <span className={cx('flex items-center font-medium', level === 'high' ? 'text-bad' : 'text-warn')}>
      <Shape tone={level === 'high' ? 'bad' : 'warn'} />
      <Figure value={value} />
    </span>
  )
}

const ERROR_WORDS: Record<Exclude<ErrorLevel, 'none'>, string> = { raised: 'Errors raised', high: 'Errors high' }

/** Active or paused, or a raised error rate in words. */
export function StatusCell({ id, active }: CellProps) {
  const { sample, late } = useLive(id, active)
  const level = late ? 'none' : errorLevel(sample?.errorRate)
  if (!active) return <Status tone="quiet">Paused</Status>
  if (level === 'none') return <Status tone="ok">Active</Status>
  return <Status tone={level === 'high' ? 'bad' : 'warn'}>{ERROR_WORDS[level]}</Status>
}

export function TrendCell({ id, active, width }: CellProps & { width: number }) {
  const { fleet } = useServices()
  const { late } = useLive(id, active)
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
