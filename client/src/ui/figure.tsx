import { cx } from './class-names.ts'
import { latency, NO_DATA, type Quantity } from './format.ts'

/** A figure in a slot of fixed width with its unit beside it, so that a change of either moves nothing. */
export function Figure({ quantity, className }: { quantity: Quantity; className?: string }) {
  const none = quantity.value === NO_DATA
  return (
    <span className={cx('inline-flex items-baseline justify-end gap-1', none && 'text-faint', className)}>
      <span>{quantity.value}</span>
      <span className="inline-block w-[1.75em] text-left text-2xs text-muted">{quantity.unit}</span>
    </span>
  )
}

export function Latency({ ms, className }: { ms: number | null | undefined; className?: string }) {
  return <Figure quantity={latency(ms)} {...(className ? { className } : {})} />
}
