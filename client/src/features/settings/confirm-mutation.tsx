import type { ReactNode } from 'react'
import { type ActionDocument, type MutationData, useAction } from '../../graphql/use-action.ts'
import { Confirm } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/message.tsx'
import { notify } from '../../ui/notices.ts'

interface ConfirmMutationProps<Data extends MutationData, Input> {
  title: string
  /** The word on the button that runs the mutation. */
  action: string
  document: ActionDocument<Data, Input>
  input: Input
  /** The title of the notice after a success. */
  done: string
  children: ReactNode
  onClose: () => void
}

/** Asks before a mutation that destroys something. If it is refused, the dialog shows why. */
export function ConfirmMutation<Data extends MutationData, Input>(props: ConfirmMutationProps<Data, Input>) {
  const { title, action, document, input, done, children, onClose } = props
  const { isBusy, problem, run } = useAction()
  const confirm = async () => {
    const outcome = await run(document, input)
    if (!outcome.done) return
    notify(done)
    onClose()
  }
  return (
    <Confirm open onClose={onClose} title={title} action={action} busy={isBusy} onConfirm={() => void confirm()}>
      <p>{children}</p>
      {problem && (
        <div className="mt-3">
          <Problem>{problem}</Problem>
        </div>
      )}
    </Confirm>
  )
}
