import { Link } from '@tanstack/react-router'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import { serverNow, useClock } from '../../live/clock.ts'
import { CopyId } from '../../ui/copy-id.tsx'
import { moment, span } from '../../ui/format.ts'
import { type Label, Labels } from '../../ui/labels.tsx'
import { Status } from '../../ui/status.tsx'
import { useTitle } from '../../ui/title.ts'
import { ModelLink } from '../models/model-link.tsx'
import { DeploymentActions } from './deployment-actions.tsx'
import { SourceRow } from './source-row.tsx'

const DeploymentHeaderFragment = graphql(`
  fragment DeploymentHeader_deployment on Deployment {
    id
    version
    status
    note
    externalId
    labels {
      key
      value
    }
    statusChangedAt
    model {
      id
      name
    }
    trainingJob {
      id
      name
    }
    statusEvent: events(first: 1, filter: { kind: [DEPLOYED, PAUSED, RESUMED] }) {
      edges {
        node {
          id
          by
        }
      }
    }
    ...Source_deployment
    ...DeploymentActions_deployment
  }
`)

interface DeploymentHeaderProps {
  deployment: FragmentType<typeof DeploymentHeaderFragment>
}

/** What is deployed, since when it has had its status, by whom, and the actions. */
export function DeploymentHeader(props: DeploymentHeaderProps) {
  const deployment = readFragment(DeploymentHeaderFragment, props.deployment)
  const { model, version, status, trainingJob } = deployment
  useTitle(`${model.name} ${version}`)
  const by = deployment.statusEvent.edges[0]?.node.by
  return (
    <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1
          translate="no"
          className="flex flex-wrap items-baseline gap-x-2.5 text-lg leading-7 font-semibold wrap-anywhere"
        >
          <ModelLink name={model.name} />
          <span className="font-normal text-muted">{version}</span>
        </h1>
        <div className="mt-1 flex flex-wrap items-center gap-x-4 gap-y-1 text-muted">
          <span className="flex items-center gap-1.5">
            <Status tone={status === 'ACTIVE' ? 'ok' : 'quiet'} className="text-text">
              {status === 'ACTIVE' ? 'Active' : 'Paused'}
            </Status>
            <Since at={deployment.statusChangedAt} />
            {by && <span>by {by}</span>}
          </span>
          <span className="min-w-0 wrap-anywhere">
            from{' '}
            <Link
              to="/training-jobs/$id"
              params={{ id: trainingJob.id }}
              translate="no"
              className="text-text hover:underline"
            >
              {trainingJob.name}
            </Link>
          </span>
          <CopyId id={deployment.id} className="max-w-48" />
        </div>
        <SourceRow deployment={deployment} name={`${model.name} ${version}`} active={status === 'ACTIVE'} />
        {deployment.note && <p className="mt-1 wrap-anywhere text-muted">{deployment.note}</p>}
        <Facts externalId={deployment.externalId} labels={deployment.labels} />
      </div>
      <DeploymentActions deployment={deployment} />
    </header>
  )
}

/** How other systems and people find it; nothing when nobody has said so. */
function Facts({ externalId, labels }: { externalId: string | null | undefined; labels: readonly Label[] }) {
  if (externalId == null && labels.length === 0) return null
  return (
    <dl className="mt-1 flex flex-wrap items-baseline gap-x-4 gap-y-1">
      {externalId != null && (
        <div className="flex min-w-0 items-baseline gap-1.5">
          <dt className="shrink-0 text-muted">External ID</dt>
          <dd className="min-w-0 wrap-anywhere">
            <code className="font-mono text-xs">{externalId}</code>
          </dd>
        </div>
      )}
      {labels.length > 0 && (
        <div className="flex min-w-0 items-baseline gap-1.5">
          <dt className="shrink-0 text-muted">Labels</dt>
          <dd className="min-w-0">
            <Labels labels={labels} />
          </dd>
        </div>
      )}
    </dl>
  )
}

function Since({ at }: { at: string }) {
  const age = useClock((now) => span(serverNow(now) - Date.parse(at)))
  return (
    <time dateTime={at} title={moment(new Date(at))}>
      for {age}
    </time>
  )
}
