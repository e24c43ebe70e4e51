import { useState } from 'react'
import { useMutation } from 'urql'
import { graphql } from '../../graphql/documents.ts'
import { Confirm } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/message.tsx'
import { problemText } from '../../ui/problem-text.ts'
import { notify } from '../../ui/notices.ts'

const DeleteWebhookDocument = graphql(`
  mutation DeleteWebhook($input: DeleteWebhookInput!) {
    deleteWebhook(input: $input) {
      __typename
      ... on DeleteWebhookSuccess {
        webhookId
      }
      ... on WebhookNotFoundError {
        message
      }
      ... on InvalidInputError {
        message
      }
    }
  }
`)

/** Asks before a webhook is deleted, by its name. */
export function DeleteWebhookDialog({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const [{ fetching }, remove] = useMutation(DeleteWebhookDocument)
  const [problem, setProblem] = useState<string | null>(null)
  const confirm = async () => {
    setProblem(null)
    const { data, error } = await remove({ input: { webhookId: id } })
    const result = data?.deleteWebhook
    if (result?.__typename !== 'DeleteWebhookSuccess') return setProblem(result ? result.message : problemText(error))
    notify(`Deleted the webhook ${name}`)
    onClose()
  }
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Delete the webhook ${name}?`}
      action="Delete"
      busy={fetching}
      onConfirm={() => void confirm()}
    >
      <p>Its log of deliveries goes with it, and what is still to be sent is not sent.</p>
      {problem && (
        <div className="mt-3">
          <Problem>{problem}</Problem>
        </div>
      )}
    </Confirm>
  )
}
