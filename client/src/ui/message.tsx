import type { ReactNode } from 'react'
import { AlertIcon } from './icons.tsx'

/** A sentence in place of missing content, and what one can do about it. */
export function EmptyState({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-3 px-6 py-16 text-center">
      <p className="text-base font-medium">{title}</p>
      {children && <div className="max-w-md text-muted">{children}</div>}
      {action}
    </div>
  )
}

/** An error message, next to its cause. */
export function Problem({ children }: { children: ReactNode }) {
  return (
    <p role="alert" className="flex items-start gap-2 rounded-md bg-bad-ground px-3 py-2 text-bad">
      <span className="mt-0.5">
        <AlertIcon />
      </span>
      <span className="text-text">{children}</span>
    </p>
  )
}
