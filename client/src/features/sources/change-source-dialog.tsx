import { type SubmitEvent, useState } from 'react'
import type { Source_DeploymentFragment } from '../../graphql/gql/graphql.ts'
import { useAction } from '../../graphql/use-action.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/message.tsx'
import { notify } from '../../ui/notices.ts'
import { ReportHelp } from './report-help.tsx'
import { formOf } from './scrape-form.ts'
import { SourceChoice } from './source-choice.tsx'
import { UpdateSourceDocument } from './source-document.ts'
import { useSourceChoice } from './use-source-choice.ts'

interface ChangeSourceDialogProps {
  deployment: { id: string; name: string }
  source: Source_DeploymentFragment['source']
  onClose: () => void
}

/** Gives a deployment another source, or its source other settings. What was recorded stays. */
export function ChangeSourceDialog({ deployment, source, onClose }: ChangeSourceDialogProps) {
  const choice = useSourceChoice({
    kind: source.kind,
    scrape: formOf(source),
    deploymentId: deployment.id,
    ...(source.kind === 'REPORTED' ? { reportSeconds: source.intervalSeconds } : {}),
  })
  const { isBusy, problem, run } = useAction()
  const [isReported, setReported] = useState(false)

  const send = async () => {
    const input = choice.toInput()
    if (!input || isBusy) return
    const { done } = await run(UpdateSourceDocument, { deploymentId: deployment.id, source: input }, (refusal) => {
      if (refusal.__typename !== 'InvalidInputError' || choice.kind !== 'SCRAPED') return refusal.message
      choice.scrape.refuse(refusal.issues, refusal.message)
      return null
    })
    if (!done) return
    notify(`Changed the source of ${deployment.name}`)
    if (choice.kind === 'REPORTED' && source.kind !== 'REPORTED') setReported(true)
    else onClose()
  }
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault()
    void send()
  }

  if (isReported) return <ReportDialog deployment={deployment} onClose={onClose} />
  return (
    <Dialog open onClose={onClose} title={`Source of ${deployment.name}`} wide={choice.kind === 'SCRAPED'}>
      <form onSubmit={onSubmit} noValidate className="flex flex-col gap-4">
        <SourceChoice state={choice} />
        {problem && <Problem>{problem}</Problem>}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={isBusy}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** How to report the metrics of a deployment. */
export function ReportDialog({ deployment, onClose }: Omit<ChangeSourceDialogProps, 'source'>) {
  return (
    <Dialog open stays onClose={onClose} title={`Report the metrics of ${deployment.name}`}>
      <ReportHelp deployment={deployment}>
        <Button onClick={onClose}>Done</Button>
      </ReportHelp>
    </Dialog>
  )
}
