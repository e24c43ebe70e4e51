import type { ComponentProps, ReactNode } from 'react'
import { cx } from './class-names.ts'

export type ButtonKind = 'primary' | 'accent' | 'plain' | 'danger' | 'quiet'

const KINDS: Record<ButtonKind, string> = {
  primary:
    'bg-accent text-on-accent hover:not-disabled:not-aria-disabled:bg-accent-hover border-transparent font-medium',
  accent: 'bg-surface border-line-strong text-accent font-medium hover:not-disabled:not-aria-disabled:border-accent',
  plain: 'bg-surface border-line-strong hover:not-disabled:not-aria-disabled:bg-hover',
  danger:
    'bg-surface border-line-strong text-bad hover:not-disabled:not-aria-disabled:bg-bad-ground hover:not-disabled:not-aria-disabled:border-bad',
  quiet:
    'border-transparent text-muted hover:not-disabled:not-aria-disabled:bg-hover hover:not-disabled:not-aria-disabled:text-text',
}

/** The look of a button, also for links. */
export function buttonClass(kind: ButtonKind = 'plain', small = false): string {
  return cx(
    'inline-flex items-center justify-center gap-1.5 rounded-md border whitespace-nowrap select-none',
    'disabled:opacity-55',
    small ? 'h-6 px-2 text-xs' : 'h-8 px-3',
    KINDS[kind],
  )
}

interface ButtonProps extends ComponentProps<'button'> {
  kind?: ButtonKind
  small?: boolean
  /** Its work is in flight. The label stays, so the width does too, and a second press does nothing. */
  busy?: boolean
  /**
   * Cannot be pressed, but can be focused, so that a screen reader reads the reason, which `aria-describedby` names.
   */
  off?: boolean
  children: ReactNode
}

export function Button(props: ButtonProps) {
  const { kind = 'plain', small = false, busy = false, off = false, className, children, onClick, ...rest } = props
  return (
    <button
      type="button"
      {...rest}
      aria-busy={busy || undefined}
      aria-disabled={off || undefined}
      onClick={busy || off ? undefined : onClick}
      className={cx(
        buttonClass(kind, small),
        busy && 'animate-pulse cursor-progress',
        off && 'cursor-not-allowed opacity-55',
        className,
      )}
    >
      {children}
    </button>
  )
}

/** A square button with an icon and an accessible name. */
export function IconButton({ label, className, children, ...rest }: ComponentProps<'button'> & { label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={cx(
        'inline-flex size-8 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text',
        className,
      )}
    >
      {children}
    </button>
  )
}
