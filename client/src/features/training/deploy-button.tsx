import { Link, useNavigate } from '@tanstack/react-router'
import { Suspense, useId, useState } from 'react'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import { useAction } from '../../graphql/use-action.ts'
import { Button } from '../../ui/button.tsx'
import { lazyComponent } from '../../ui/chunks.ts'
import { cx } from '../../ui/class-names.ts'
import { DownIcon } from '../../ui/icons.tsx'
import { notify, notifyProblem } from '../../ui/notices.ts'
import { NOT_ALLOWED } from '../session/scopes.ts'
import { DeployDocument } from '../sources/deploy-document.ts'

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

const DeployDialog = lazyComponent(async () => (await import('../sources/deploy-dialog.tsx')).DeployDialog)

interface DeployButtonProps {
  job: FragmentType<typeof DeployButtonFragment>
  small?: boolean
  /** The dialog that asks for the source is open. */
  isAsking: boolean
  onAsk: (isAsking: boolean) => void
}

/**
 * Deploys a job, with simulated metrics at one press or after asking for another source, and goes to its row. Where that
 * is not possible, the reason is text that the keyboard reaches too.
 */
export function DeployButton({ job: masked, small = false, isAsking, onAsk }: DeployButtonProps) {
  const job = readFragment(DeployButtonFragment, masked)
  const navigate = useNavigate()
  const reasonId = useId()
  const { isBusy, problem, run } = useAction()

  const press = async () => {
    const outcome = await run(DeployDocument, { trainingJobId: job.id })
    if (!outcome.done) return notifyProblem(`${job.name} was not deployed`, outcome.problem)
    const { id, version, model } = outcome.done.deployment
    await show({ id, name: `${model.name} ${version}` })
  }
  const show = async ({ id, name }: { id: string; name: string }) => {
    notify(`Deployed ${name}`, <DeploymentLink id={id} />)
    await navigate({ to: '/deployments', search: { new: id } })
  }

  const { canDeploy, message } = job.deployability
  const { activeDeployment } = job
  // A job that has just been deployed cannot be deployed again, but its dialog may still have something to show.
  const [isOpened, setOpened] = useState(false)
  if (isAsking && canDeploy && !isOpened) setOpened(true)
  const dialog = isAsking && isOpened && (
    <Suspense key="dialog">
      <DeployDialog job={job} onClose={() => onAsk(false)} onDeployed={(deployed) => void show(deployed)} />
    </Suspense>
  )
  if (canDeploy) {
    return (
      <span className="inline-flex max-w-full min-w-0 items-center gap-2">
        {/* In a row of a table, beside the button there is little room; the notice has the whole text. */}
        {problem && <span className={small ? 'min-w-0 truncate text-bad' : 'text-bad'}>{problem}</span>}
        <span className="inline-flex">
          <Button
            kind={small ? 'accent' : 'primary'}
            small={small}
            busy={isBusy}
            onClick={() => void press()}
            className="rounded-r-none"
            title="Deploy with simulated metrics"
          >
            {isBusy ? 'Deploying' : 'Deploy'}
            <span className="sr-only"> {job.name}</span>
          </Button>
          <Button
            kind={small ? 'accent' : 'primary'}
            small={small}
            aria-label={`Deploy ${job.name} with another source`}
            aria-haspopup="dialog"
            title="Deploy with another source"
            onPointerEnter={() => void DeployDialog.preload()}
            onClick={() => onAsk(true)}
            className={cx('-ml-px rounded-l-none', small ? 'px-1' : 'border-l-on-accent/40 px-1.5')}
          >
            <DownIcon size={small ? 12 : 14} />
          </Button>
        </span>
        {dialog}
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
      {dialog}
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
