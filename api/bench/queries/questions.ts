import type { GraphQLTestClient } from '../../test/graphql-client.ts'
import { deploymentId, PAGE_SIZE, PAGES } from './rows.ts'

/** What is asked again and again, each time with the next of the variables. */
export interface Question {
  name: string
  query: string
  variables: readonly Record<string, unknown>[]
  /** How many make a round. */
  requests: number
}

/** Relay's, which all but PostGraphile give. */
const globalId = (n: number) => Buffer.from(`Deployment:${deploymentId(n)}`).toString('base64')

/** What a server is asked; its cursors are its own. */
export async function questionsTo(client: GraphQLTestClient): Promise<Question[]> {
  const { deployments } = await client.data<{ deployments: { edges: { cursor: string }[] } }>(
    `{ deployments(first: ${PAGES}) { edges { cursor } } }`,
  )
  return [
    {
      name: 'small query',
      query: 'query ($id: ID!) { deployment(id: $id) { version status } }',
      variables: Array.from({ length: PAGES }, (_each, n) => ({ id: globalId(n + 1) })),
      requests: 8_000,
    },
    {
      name: `page of ${PAGE_SIZE} deployments × 12 fields`,
      query: `query ($after: String) { deployments(first: ${PAGE_SIZE}, after: $after) { edges { node { id version status
        note createdAt createdBy statusChangedAt canPause canResume canDelete model { name } trainingJob { name } } } } }`,
      variables: deployments.edges.map(({ cursor }) => ({ after: cursor })),
      requests: 1_000,
    },
  ]
}
