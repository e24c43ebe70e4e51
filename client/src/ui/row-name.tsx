import type { ReactNode } from 'react'

/** What makes a link the name of its row: `DataTable` focuses it, and the row opens it. */
export const ROW_LINK = {
  'data-row-link': true,
  translate: 'no',
  className: 'truncate font-medium hover:underline',
} as const

/** The name of a row, and on a phone, where there are few columns, what is below it. */
export function RowName({ link, below }: { link: ReactNode; below: ReactNode }) {
  if (!below) return <span className="flex min-w-0">{link}</span>
  return (
    <span className="flex min-w-0 flex-col">
      {link}
      <span className="flex items-center gap-2 text-xs text-muted">{below}</span>
    </span>
  )
}
