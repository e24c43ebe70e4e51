import { cx } from './class-names.ts'
import { latency, NO_DATA, type Quantity } from './format.ts'

interface FigureProps {
  value: string
  /** Has a slot of its own, so that figures with and without a unit are aligned. */
  unit?: string
  className?: string
}

/**
 * A figure, right-aligned in a cell that it fills, so that a change moves nothing. The key replaces the text node of a
 * changed figure; otherwise the browser would count the change as a layout shift.
 */
export function Figure({ value, unit, className }: FigureProps) {
  return (
    <span
      translate="no"
      className={cx('flex w-full items-baseline justify-end gap-1', value === NO_DATA && 'text-faint', className)}
    >
      <span key={value}>{value}</span>
      {unit !== undefined && <span className="w-[1.75em] text-left text-2xs text-muted">{unit}</span>}
    </span>
  )
}

export function Latency({ ms, className }: { ms: number | null | undefined; className?: string }) {
  const { value, unit }: Quantity = latency(ms)
  return <Figure value={value} unit={unit} className={className ?? ''} />
}
