import { useNavigate, useSearch } from '@tanstack/react-router'
import { Suspense } from 'react'
import { type FragmentType, readFragment } from '../../graphql/documents.ts'
import { lazyComponent } from '../../ui/chunks.ts'
import { useMay } from '../session/scopes.ts'
import { SourceFragment } from '../sources/source-document.ts'
import { SourceLine } from '../sources/source-line.tsx'
import type { DeploymentSearch } from './deployment-search.ts'

const ChangeSourceDialog = lazyComponent(
  async () => (await import('../sources/change-source-dialog.tsx')).ChangeSourceDialog,
)
const ReportDialog = lazyComponent(async () => (await import('../sources/change-source-dialog.tsx')).ReportDialog)

interface SourceRowProps {
  deployment: FragmentType<typeof SourceFragment>
  name: string
  active: boolean
}

const LINK = 'text-accent hover:underline'

/** The source of a deployment, how it is doing, and what can be done about it. */
export function SourceRow({ deployment: masked, name, active }: SourceRowProps) {
  const { id, source } = readFragment(SourceFragment, masked)
  const { source: dialog } = useSearch({ from: '/app/deployments/$id' })
  const navigate = useNavigate({ from: '/deployments/$id' })
  const mayDeploy = useMay('DEPLOY')
  const show = (next: DeploymentSearch['source']) =>
    void navigate({ search: (before) => ({ ...before, source: next }), replace: true })
  const close = () => show(undefined)
  return (
    <div className="mt-1 flex flex-wrap items-center gap-x-4 gap-y-1 text-muted">
      <SourceLine source={source} active={active} />
      {source.kind === 'REPORTED' && (
        <button type="button" className={LINK} onClick={() => show('report')}>
          How to report…
        </button>
      )}
      {mayDeploy && (
        <button type="button" className={LINK} onClick={() => show('change')}>
          Change source…
        </button>
      )}
      {dialog === 'change' && mayDeploy && (
        <Suspense>
          <ChangeSourceDialog deployment={{ id, name }} source={source} onClose={close} />
        </Suspense>
      )}
      {dialog === 'report' && (
        <Suspense>
          <ReportDialog deployment={{ id, name }} onClose={close} />
        </Suspense>
      )}
    </div>
  )
}
