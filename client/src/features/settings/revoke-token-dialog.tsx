import { graphql } from '../../graphql/documents.ts'
import { ConfirmMutation } from './confirm-mutation.tsx'

const RevokeApiTokenDocument = graphql(`
  mutation RevokeApiToken($input: RevokeApiTokenInput!) {
    revokeApiToken(input: $input) {
      __typename
      ... on RevokeApiTokenSuccess {
        apiToken {
          id
          revokedAt
        }
      }
      ... on ApiTokenNotFoundError {
        message
      }
      ... on InvalidInputError {
        message
      }
    }
  }
`)

/** Asks before a token is revoked, by its name. */
export function RevokeTokenDialog({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  return (
    <ConfirmMutation
      title={`Revoke ${name}?`}
      action="Revoke"
      document={RevokeApiTokenDocument}
      input={{ apiTokenId: id }}
      done={`Revoked ${name}`}
      onClose={onClose}
    >
      Everything that uses it is refused at once, and its open connections and sessions are closed. This cannot be
      undone.
    </ConfirmMutation>
  )
}
