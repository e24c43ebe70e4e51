import { useState } from 'react'
import { useMutation } from 'urql'
import { graphql } from '../../graphql/documents.ts'
import { Confirm } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/message.tsx'
import { problemText } from '../../ui/problem-text.ts'
import { notify } from '../../ui/notices.ts'

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
  const [{ fetching }, revoke] = useMutation(RevokeApiTokenDocument)
  const [problem, setProblem] = useState<string | null>(null)
  const confirm = async () => {
    setProblem(null)
    const { data, error } = await revoke({ input: { apiTokenId: id } })
    const result = data?.revokeApiToken
    if (result?.__typename !== 'RevokeApiTokenSuccess') return setProblem(result ? result.message : problemText(error))
    notify(`Revoked ${name}`)
    onClose()
  }
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Revoke ${name}?`}
      action="Revoke"
      busy={fetching}
      onConfirm={() => void confirm()}
    >
      <p>
        Whatever uses it is refused at once, and open connections and sessions of it are closed. There is no way back.
      </p>
      {problem && (
        <div className="mt-3">
          <Problem>{problem}</Problem>
        </div>
      )}
    </Confirm>
  )
}
