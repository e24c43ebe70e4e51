import { type ReactNode, useId } from 'react'
import type { CombinedError } from 'urql'
import { Problem } from '../../ui/message.tsx'
import { problemText } from '../../ui/problem-text.ts'
import { Skeleton } from '../../ui/skeleton.tsx'
import { useMay } from '../session/scopes.ts'

interface AdminSectionProps {
  title: string
  intro: ReactNode
  children: ReactNode
}

/** A section of Settings that requires the ADMIN scope. */
export function AdminSection({ title, intro, children }: AdminSectionProps) {
  const mayManage = useMay('ADMIN')
  const id = useId()
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="mb-1 font-medium">
        {title}
      </h2>
      <p className="mb-3 text-muted">{intro}</p>
      {mayManage ? (
        children
      ) : (
        <p className="text-muted">Your token cannot manage these. That requires the admin scope.</p>
      )}
    </section>
  )
}

interface AdminListProps<Node> {
  label: string
  nodes: readonly Node[] | undefined
  error: CombinedError | undefined
  /** In place of a list without rows. */
  empty: string
  row: (node: Node) => ReactNode
}

/** A list, or what is shown while it loads, if it fails and if it is empty. */
export function AdminList<Node>({ label, nodes, error, empty, row }: AdminListProps<Node>) {
  return (
    <>
      {error && !nodes && (
        <div className="mt-3">
          <Problem>{problemText(error)}</Problem>
        </div>
      )}
      {!nodes && !error && <Skeleton className="mt-4 h-13 w-full" />}
      {nodes?.length === 0 && <p className="mt-3 text-muted">{empty}</p>}
      <ul aria-label={label} className="mt-3 flex flex-col">
        {nodes?.map(row)}
      </ul>
    </>
  )
}
