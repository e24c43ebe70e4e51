import type { CombinedError } from 'urql'

/**
 * A sentence for an error that is not part of the schema. The server masks what a caller must not read, so its message
 * can be shown.
 */
export function problemText(error: CombinedError | undefined): string {
  if (!error || error.networkError) return 'The server does not respond. Try again when the connection is back.'
  return error.graphQLErrors[0]?.message ?? 'The server could not answer.'
}
