import { Link, useNavigate } from '@tanstack/react-router'
import { useId } from 'react'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import { useAction } from '../../graphql/use-action.ts'
import { Button } from '../../ui/button.tsx'
import { notify, notifyProblem } from '../../ui/notices.ts'
import { NOT_ALLOWED } from '../session/scopes.ts'

const DeployButtonFragment = graphql(`
  fragment DeployButton_trainingJob on TrainingJob {
    id
    name
    status
    deployability {
      canDeploy
      reason
      message
    }
    activeDeployment {
      id
      version
    }
  }
`)

const DeployDocument = graphql(`
  mutation Deploy($input: DeployTrainingJobInput!) {
    deployTrainingJob(input: $input) {
      __typename
      ... on DeployTrainingJobSuccess {
        deployment {
          id
          version
          model {
            id
            name
          }
          ...DeploymentsTable_deployment
          ...DeploymentHeader_deployment
          trainingJob {
            id
            ...DeployButton_trainingJob
          }
        }
      }
      ... on TrainingJobNotFoundError {
        message
      }
      ... on TrainingJobNotCompletedError {
        message
      }
      ... on DuplicateActiveDeploymentError {
        message
        activeDeployment {
          id
          version
          status
          trainingJob {
            id
            ...DeployButton_trainingJob
          }
        }
      }
      ... on DeploymentExternalIdTakenError {
        message
      }
      ... on QuotaExceededError {
        message
      }
      ... on IdempotencyConflictError {
        message
      }
      ... on InvalidInputError {
        message
      }
    }
  }
`)

interface DeployButtonProps {
  job: FragmentType<typeof DeployButtonFragment>
  small?: boolean
}

/** Deploys a job and goes to its row. Where that is not possible, the reason is text that the keyboard reaches too. */
export function DeployButton({ job: masked, small = false }: DeployButtonProps) {
  const job = readFragment(DeployButtonFragment, masked)
  const navigate = useNavigate()
  const reasonId = useId()
  const { isBusy, problem, run } = useAction()

  const press = async () => {
    const outcome = await run(DeployDocument, { trainingJobId: job.id })
    if (!outcome.done) return notifyProblem(`${job.name} was not deployed`, outcome.problem)
    const { id, version, model } = outcome.done.deployment
    notify(`Deployed ${model.name} ${version}`, <DeploymentLink id={id} />)
    await navigate({ to: '/deployments', search: { new: id } })
  }

  const { canDeploy, message } = job.deployability
  const { activeDeployment } = job
  if (canDeploy) {
    return (
      <span className="inline-flex max-w-full min-w-0 items-center gap-2">
        {/* In a row of a table, beside the button there is little room; the notice has the whole text. */}
        {problem && <span className={small ? 'min-w-0 truncate text-bad' : 'text-bad'}>{problem}</span>}
        <Button kind={small ? 'accent' : 'primary'} small={small} busy={isBusy} onClick={() => void press()}>
          {isBusy ? 'Deploying' : 'Deploy'}
          <span className="sr-only"> {job.name}</span>
        </Button>
      </span>
    )
  }
  return (
    <span className="inline-flex max-w-full min-w-0 items-center gap-2">
      <span id={reasonId} className="min-w-0 truncate text-xs text-muted">
        {activeDeployment ? (
          <Link to="/deployments/$id" params={{ id: activeDeployment.id }} className="hover:underline">
            Active as {activeDeployment.version}
          </Link>
        ) : (
          <span title={message ?? undefined}>{SHORT_REASONS[job.deployability.reason ?? 'NOT_ALLOWED']}</span>
        )}
      </span>
      <Button small={small} off aria-describedby={reasonId} className="max-sm:hidden" title={message ?? undefined}>
        Deploy
        <span className="sr-only"> {job.name}</span>
      </Button>
    </span>
  )
}

const SHORT_REASONS = {
  NOT_COMPLETED: 'Not completed',
  ALREADY_ACTIVE: 'Already active',
  NOT_ALLOWED: NOT_ALLOWED,
}

function DeploymentLink({ id }: { id: string }) {
  return (
    <Link to="/deployments/$id" params={{ id }} className="text-accent hover:underline">
      Open the deployment
    </Link>
  )
}
