import type { CombinedError } from 'urql'

/**
 * An error that is no part of the schema, as a sentence. What the server masks stays masked; its words are only for
 * what a caller may read.
 */
export function problemText(error: CombinedError | undefined): string {
  if (!error || error.networkError) return 'The server does not answer. Try again when the connection is back.'
  return error.graphQLErrors[0]?.message ?? 'The server could not answer.'
}
