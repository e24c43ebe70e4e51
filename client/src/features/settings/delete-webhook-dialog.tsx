import { graphql } from '../../graphql/documents.ts'
import { ConfirmMutation } from './confirm-mutation.tsx'

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
  return (
    <ConfirmMutation
      title={`Delete the webhook ${name}?`}
      action="Delete"
      document={DeleteWebhookDocument}
      input={{ webhookId: id }}
      done={`Deleted the webhook ${name}`}
      onClose={onClose}
    >
      Its log of deliveries is deleted too, and deliveries that are still pending are not sent.
    </ConfirmMutation>
  )
}
