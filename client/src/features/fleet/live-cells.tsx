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

/** Old figures are dimmed, never hidden; how old they are stands over the sparkline. */
const LATE = 'text-faint'

export function LatencyCell({ id, active, figure }: CellProps & { figure: 'p50Ms' | 'p95Ms' | 'p99Ms' }) {
  const sample = useTrack(id)
  const late = useLateness(active ? sample : undefined)
  return <Latency ms={active ? sample?.[figure] : null} className={late ? LATE : ''} />
}

export function RateCell({ id, active }: CellProps) {
  const sample = useTrack(id)
  const late = useLateness(active ? sample : undefined)
  return <Figure value={amount(active ? sample?.requestsPerSecond : null)} className={late ? LATE : ''} />
}

export function ErrorCell({ id, active }: CellProps) {
  const sample = useTrack(id)
  const late = useLateness(active ? sample : undefined)
  const rate = active ? sample?.errorRate : null
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

/** Active or paused; and where errors need a word, that word. */
export function StatusCell({ id, active }: CellProps) {
  const sample = useTrack(id)
  const late = useLateness(active ? sample : undefined)
  const level = active && !late ? errorLevel(sample?.errorRate) : 'none'
  if (!active) return <Status tone="quiet">Paused</Status>
  if (level === 'none') return <Status tone="ok">Active</Status>
  return <Status tone={level === 'high' ? 'bad' : 'warn'}>{ERROR_WORDS[level]}</Status>
}

export function TrendCell({ id, active, width }: CellProps & { width: number }) {
  const { fleet } = useServices()
  const sample = useTrack(id)
  const late = useLateness(active ? sample : undefined)
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
