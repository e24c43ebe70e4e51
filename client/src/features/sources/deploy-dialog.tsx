import { type SubmitEvent, useState } from 'react'
import { useAction } from '../../graphql/use-action.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/message.tsx'
import { DeployDocument } from './deploy-document.ts'
import { ReportHelp } from './report-help.tsx'
import { SourceChoice } from './source-choice.tsx'
import { useSourceChoice } from './use-source-choice.ts'

interface Deployed {
  id: string
  name: string
}

interface DeployDialogProps {
  job: { id: string; name: string }
  onClose: () => void
  onDeployed: (deployed: Deployed) => void
}

/** Deploys a job with a source of one's choice. Of one that is reported, it then shows how. */
export function DeployDialog({ job, onClose, onDeployed }: DeployDialogProps) {
  const choice = useSourceChoice()
  const { isBusy, problem, run } = useAction()
  const [reported, setReported] = useState<Deployed>()

  const send = async () => {
    const source = choice.toInput()
    if (!source || isBusy) return
    const { done } = await run(DeployDocument, { trainingJobId: job.id, source }, (refusal) => {
      if (refusal.__typename !== 'InvalidInputError' || choice.kind !== 'SCRAPED') return refusal.message
      choice.scrape.refuse(refusal.issues, refusal.message)
      return null
    })
    if (!done) return
    const { id, version, model } = done.deployment
    const deployed = { id, name: `${model.name} ${version}` }
    if (choice.kind === 'REPORTED') setReported(deployed)
    else onDeployed(deployed)
  }
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault()
    void send()
  }

  if (reported) {
    return (
      <Dialog open stays onClose={() => onDeployed(reported)} title={`Report the metrics of ${reported.name}`}>
        <ReportHelp deployment={reported}>
          <Button kind="primary" onClick={() => onDeployed(reported)}>
            Go to deployments
          </Button>
        </ReportHelp>
      </Dialog>
    )
  }
  return (
    <Dialog open onClose={onClose} title={`Deploy ${job.name}`} wide={choice.kind === 'SCRAPED'}>
      <form onSubmit={onSubmit} noValidate className="flex flex-col gap-4">
        <SourceChoice state={choice} />
        {problem && <Problem>{problem}</Problem>}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={isBusy}>
            {isBusy ? 'Deploying' : 'Deploy'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
