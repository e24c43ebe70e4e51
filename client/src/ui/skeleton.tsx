import type { CSSProperties } from 'react'
import { cx } from './class-names.ts'

/** A static placeholder with the size of the content that replaces it. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden="true" className={cx('block rounded bg-hover', className)} />
}

/** The heading of a page that is loading, and the line below it. */
export function TitleSkeleton() {
  return (
    <div>
      <div className="flex h-7 items-center">
        <Skeleton className="h-4 w-72" />
      </div>
      <div className="mt-1 flex h-5 items-center">
        <Skeleton className="h-3 w-96 max-w-full" />
      </div>
    </div>
  )
}

/** Twelve rows of a table that is loading. `phoneHeight` is the height of a row on a phone, in px. */
export function RowSkeletons({ phoneHeight }: { phoneHeight: number }) {
  return (
    <div aria-busy="true" role="status" aria-label="Loading" style={{ '--row': `${phoneHeight}px` } as CSSProperties}>
      {Array.from({ length: 12 }, (_, index) => (
        <div
          key={index}
          className="flex h-(--row) items-center gap-6 border-t border-line px-2 first:border-t-0 md:h-8"
        >
          <Skeleton className="h-3 w-52" />
          <Skeleton className="h-3 flex-1" />
        </div>
      ))}
    </div>
  )
}
