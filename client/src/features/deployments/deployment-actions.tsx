import { Link, useNavigate } from '@tanstack/react-router'
import { Suspense, useId, useState } from 'react'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import { useAction } from '../../graphql/use-action.ts'
import { Button } from '../../ui/button.tsx'
import { lazyComponent } from '../../ui/chunks.ts'
import { PauseIcon, PlayIcon } from '../../ui/icons.tsx'
import { Problem } from '../../ui/message.tsx'
import { notify } from '../../ui/notices.ts'
import { NOT_ALLOWED, useMay } from '../session/scopes.ts'

const DeploymentActionsFragment = graphql(`
  fragment DeploymentActions_deployment on Deployment {
    id
    version
    status
    canPause
    canResume
    canDelete
    model {
      id
      name
    }
  }
`)

const PauseDocument = graphql(`
  mutation Pause($input: PauseDeploymentInput!) {
    pauseDeployment(input: $input) {
      __typename
      ... on PauseDeploymentSuccess {
        deployment {
          id
          ...DeploymentHeader_deployment
          trainingJob {
            id
            ...DeployButton_trainingJob
          }
        }
      }
      ... on DeploymentNotFoundError {
        message
      }
      ... on InvalidInputError {
        message
      }
    }
  }
`)

const ResumeDocument = graphql(`
  mutation Resume($input: ResumeDeploymentInput!) {
    resumeDeployment(input: $input) {
      __typename
      ... on ResumeDeploymentSuccess {
        deployment {
          id
          ...DeploymentHeader_deployment
          trainingJob {
            id
            ...DeployButton_trainingJob
          }
        }
      }
      ... on DeploymentNotFoundError {
        message
      }
      ... on DuplicateActiveDeploymentError {
        message
        activeDeployment {
          id
          version
        }
      }
      ... on QuotaExceededError {
        message
      }
      ... on InvalidInputError {
        message
      }
    }
  }
`)

const DeleteDocument = graphql(`
  mutation Delete($input: DeleteDeploymentInput!) {
    deleteDeployment(input: $input) {
      __typename
      ... on DeleteDeploymentSuccess {
        deploymentId
      }
      ... on DeploymentNotFoundError {
        message
      }
      ... on DeploymentActiveError {
        message
      }
      ... on InvalidInputError {
        message
      }
    }
  }
`)

const Confirm = lazyComponent(async () => (await import('../../ui/dialog.tsx')).Confirm)

interface DeploymentActionsProps {
  deployment: FragmentType<typeof DeploymentActionsFragment>
}

/** Pause, resume and delete. If one is refused, the reason is shown right below the buttons. */
export function DeploymentActions(props: DeploymentActionsProps) {
  const deployment = readFragment(DeploymentActionsFragment, props.deployment)
  const navigate = useNavigate()
  const reasonId = useId()
  const [asking, setAsking] = useState(false)
  const { isBusy, problem, run } = useAction()
  const name = `${deployment.model.name} ${deployment.version}`
  const input = { deploymentId: deployment.id }

  const onPause = async () => {
    const { done } = await run(PauseDocument, input)
    if (done) notify(`Paused ${name}`, 'Its history is kept.')
  }
  const onResume = async () => {
    const { done } = await run(ResumeDocument, input, (refusal) =>
      refusal.__typename === 'DuplicateActiveDeploymentError' ? (
        <PauseFirst {...refusal.activeDeployment} />
      ) : (
        refusal.message
      ),
    )
    if (done) notify(`Resumed ${name}`)
  }
  const onDelete = async () => {
    const { done } = await run(DeleteDocument, input)
    setAsking(false)
    if (!done) return
    notify(`Deleted ${name}`)
    await navigate({ to: '/deployments' })
  }

  // While the dialog is open, it is the deletion that is in flight.
  const isWorking = isBusy && !asking
  const active = deployment.status === 'ACTIVE'
  const mayDeploy = useMay('DEPLOY')
  const reason = !mayDeploy ? NOT_ALLOWED : active ? 'An active deployment cannot be deleted. Pause it first.' : ''
  const refused = mayDeploy ? {} : { off: true, 'aria-describedby': reasonId }
  return (
    <div className="flex flex-col items-end gap-2">
      <div className="flex items-center gap-2">
        <span id={reasonId} className={mayDeploy ? 'sr-only' : 'text-xs text-muted'}>
          {reason}
        </span>
        {active ? (
          <Button onClick={() => void onPause()} busy={isWorking} disabled={!deployment.canPause} {...refused}>
            <PauseIcon size={14} />
            Pause
          </Button>
        ) : (
          <Button onClick={() => void onResume()} busy={isWorking} disabled={!deployment.canResume} {...refused}>
            <PlayIcon size={14} />
            Resume
          </Button>
        )}
        <Button
          kind="danger"
          off={!mayDeploy || !deployment.canDelete}
          aria-describedby={reason ? reasonId : undefined}
          title={reason || undefined}
          onClick={() => setAsking(true)}
        >
          Delete…
        </Button>
      </div>
      {problem && !asking && <Problem>{problem}</Problem>}
      {asking && (
        <Suspense>
          <Confirm
            open
            onClose={() => setAsking(false)}
            title={`Delete ${name}?`}
            action="Delete"
            busy={isBusy}
            onConfirm={() => void onDelete()}
          >
            <p>Its samples are deleted too. Its events are kept, and its version is never used again.</p>
            {problem && (
              <div className="mt-3">
                <Problem>{problem}</Problem>
              </div>
            )}
          </Confirm>
        </Suspense>
      )}
    </div>
  )
}

/** Why a deployment cannot be resumed while another one of its training job is active. */
function PauseFirst({ id, version }: { id: string; version: string }) {
  return (
    <>
      Another deployment of its training job is active:{' '}
      <Link to="/deployments/$id" params={{ id }} className="underline">
        {version}
      </Link>
      . Pause that one first.
    </>
  )
}
