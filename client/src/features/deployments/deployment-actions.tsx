import { Link, useNavigate } from '@tanstack/react-router'
import { lazy, type ReactNode, Suspense, useId, useState } from 'react'
import { useMutation } from 'urql'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import { Button } from '../../ui/button.tsx'
import { PauseIcon, PlayIcon } from '../../ui/icons.tsx'
import { Problem } from '../../ui/message.tsx'
import { problemText } from '../../ui/problem-text.ts'
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

const Confirm = lazy(() => import('../../ui/dialog.tsx').then((module) => ({ default: module.Confirm })))

interface DeploymentActionsProps {
  deployment: FragmentType<typeof DeploymentActionsFragment>
}

/** Pause, resume and delete. What was refused is said right below the buttons. */
export function DeploymentActions(props: DeploymentActionsProps) {
  const deployment = readFragment(DeploymentActionsFragment, props.deployment)
  const navigate = useNavigate()
  const reasonId = useId()
  const [asking, setAsking] = useState(false)
  const [problem, setProblem] = useState<ReactNode>(null)
  const [pausing, pause] = useMutation(PauseDocument)
  const [resuming, resume] = useMutation(ResumeDocument)
  const [deleting, remove] = useMutation(DeleteDocument)
  const name = `${deployment.model.name} ${deployment.version}`
  const input = { deploymentId: deployment.id }

  const onPause = async () => {
    setProblem(null)
    const { data, error } = await pause({ input })
    const result = data?.pauseDeployment
    if (result?.__typename === 'PauseDeploymentSuccess') notify(`Paused ${name}`, 'Its history is kept.')
    else setProblem(result ? result.message : problemText(error))
  }
  const onResume = async () => {
    setProblem(null)
    const { data, error } = await resume({ input })
    const result = data?.resumeDeployment
    if (result?.__typename === 'ResumeDeploymentSuccess') notify(`Resumed ${name}`)
    else if (result?.__typename === 'DuplicateActiveDeploymentError') {
      const { id, version } = result.activeDeployment
      setProblem(
        <>
          Another deployment of its training job is active:{' '}
          <Link to="/deployments/$id" params={{ id }} className="underline">
            {version}
          </Link>
          . Pause that one first.
        </>,
      )
    } else setProblem(result ? result.message : problemText(error))
  }
  const onDelete = async () => {
    setProblem(null)
    const { data, error } = await remove({ input })
    const result = data?.deleteDeployment
    setAsking(false)
    if (result?.__typename === 'DeleteDeploymentSuccess') {
      notify(`Deleted ${name}`)
      await navigate({ to: '/deployments' })
    } else setProblem(result ? result.message : problemText(error))
  }

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
          <Button onClick={() => void onPause()} busy={pausing.fetching} disabled={!deployment.canPause} {...refused}>
            <PauseIcon size={14} />
            Pause
          </Button>
        ) : (
          <Button
            onClick={() => void onResume()}
            busy={resuming.fetching}
            disabled={!deployment.canResume}
            {...refused}
          >
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
      {problem && <Problem>{problem}</Problem>}
      {asking && (
        <Suspense>
          <Confirm
            open
            onClose={() => setAsking(false)}
            title={`Delete ${name}?`}
            action="Delete"
            busy={deleting.fetching}
            onConfirm={() => void onDelete()}
          >
            Its samples go with it. Its events stay, and its version is never used again.
          </Confirm>
        </Suspense>
      )}
    </div>
  )
}
