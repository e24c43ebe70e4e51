import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { type ReactNode, useState } from 'react'
import { useClient } from 'urql'
import { problemText } from '../ui/problem-text.ts'

interface Succeeded {
  readonly __typename: `${string}Success`
}

/** An error that the caller can mend. */
interface Refused {
  readonly __typename: string
  readonly message: string
  readonly issues?: readonly { readonly path: readonly string[]; readonly message: string }[]
}

/** A mutation of one field, which answers with its success or with a refusal whose message was selected. */
export type MutationData = Readonly<Record<string, Succeeded | Refused>>
/** A mutation whose only variable is its input. */
export type ActionDocument<Data extends MutationData, Input> = TypedDocumentNode<Data, { input: Input }>

export type Success<Data extends MutationData> = Extract<Data[keyof Data], Succeeded>
export type Refusal<Data extends MutationData> = Extract<Data[keyof Data], Refused>

type Outcome<Data extends MutationData> =
  { done: Success<Data>; problem?: undefined } | { done?: undefined; problem: ReactNode }

/** After this long without an answer, a person wonders whether the press of the button has arrived. */
const SLOW_MS = 8_000
const NOT_YET = 'The server has not answered yet. This waits for its answer.'

/** Waits for the answer, and calls `onSlow` once if it takes too long. */
export async function whileWaiting<Answer>(answer: Promise<Answer>, onSlow: () => void): Promise<Answer> {
  const timer = setTimeout(onSlow, SLOW_MS)
  try {
    return await answer
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Runs mutations on behalf of a button or a form. `isBusy` while one is in flight; `problem` says why the last one did
 * not succeed, or that its answer is overdue. `run` waits for the outcome; `explain` makes the sentence of a refusal, by default its own message.
 */
export function useAction() {
  const client = useClient()
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ReactNode>(null)

  async function run<Data extends MutationData, Input>(
    document: ActionDocument<Data, Input>,
    input: Input,
    explain: (refusal: Refusal<Data>) => ReactNode = ({ message }) => message,
  ): Promise<Outcome<Data>> {
    setBusy(true)
    setProblem(null)
    const answered = client.mutation(document, { input }).toPromise()
    const { data, error } = await whileWaiting(answered, () => setProblem(NOT_YET))
    setBusy(false)
    setProblem(null)
    // Beside the one field, the cache puts the name of the root type.
    const answer = Object.values(data ?? {}).find((value) => typeof value === 'object')
    if (answer?.__typename.endsWith('Success')) return { done: answer as Success<Data> }
    const text = answer ? explain(answer as Refusal<Data>) : problemText(error)
    setProblem(text)
    return { problem: text }
  }

  return { isBusy, problem, run }
}
