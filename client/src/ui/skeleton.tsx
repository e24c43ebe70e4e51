import { cx } from './class-names.ts'

/** A still place-holder with the size of what will stand there. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden="true" className={cx('block rounded bg-hover', className)} />
}
