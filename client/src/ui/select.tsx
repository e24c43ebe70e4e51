import type { ComponentProps } from 'react'
import { cx } from './class-names.ts'

/** The browser's native select, which works with every keyboard and phone, in the style of the page. */
export function Select({ label, className, ...rest }: ComponentProps<'select'> & { label: string }) {
  return (
    <select
      aria-label={label}
      {...rest}
      className={cx('h-8 w-44 truncate rounded-md border border-line-strong bg-surface px-2', className)}
    />
  )
}
