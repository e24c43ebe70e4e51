import type { GraphQLTestClient } from '../../test/graphql-client.ts'
import { DEPLOYMENTS, HISTORY_MS, JOBS, PAGE_SIZE, PAGES, rowId } from './rows.ts'

/** What is asked again and again, each time with the next of the variables. */
export interface Question {
  name: string
  query: string
  variables: readonly Record<string, unknown>[]
  /** What every answer holds: of a refusal it has another type. */
  holds: string
  /** How many make a round. */
  requests: number
  /** Every variable can be used but once, so nobody can ask the same as another. */
  once?: true
}

/** How to ask for the same: as the schema of Gaugeline has it, or as PostGraphile names it. */
export type Dialect = 'gaugeline' | 'postgraphile'

const globalId = (kind: 'Deployment' | 'TrainingJob', n: number) =>
  Buffer.from(`${kind}:${rowId(kind, n)}`).toString('base64')

const HOLDS = '"data":'
const HOLDS_FIGURES = '"p99Ms":'
const LATENCY = 'latency { p50Ms p95Ms p99Ms }'
const LATEST = `at requests requestsPerSecond errorRate ${LATENCY}`
const POINT = `at coveredSeconds requestsPerSecond errorRate ${LATENCY}`
const COLUMNS = 'id version status note createdAt createdBy statusChangedAt canPause canResume canDelete'

/** @param historyTo the end of the histories; each is of this long before it */
export function historyVariables(n: number, historyTo: Date): Record<string, unknown> {
  return { id: globalId('Deployment', n), from: new Date(historyTo.getTime() - HISTORY_MS), to: historyTo }
}

/** The question whose answers the figures of the references are. */
export const HISTORY_QUERY = `query ($id: ID!, $from: DateTime!, $to: DateTime!) {
  deployment(id: $id) { metricsHistory(from: $from, to: $to, maxPoints: 300) { points { ${POINT} } } } }`
export const LATEST_QUERY = `query ($after: String) {
  deployments(first: ${PAGE_SIZE}, after: $after) { edges { node { id latestMetrics { ${LATEST} } } } } }`

/** What can be asked of all. The cursors in it are those of the server. */
export async function commonQuestions(client: GraphQLTestClient, dialect: Dialect): Promise<Question[]> {
  const isOwn = dialect === 'gaugeline'
  const list = (first: number, after: string) =>
    isOwn
      ? `deployments(first: ${first}${after})`
      : `deployments: allDeployments(first: ${first}${after}, orderBy: [CREATED_AT_DESC, PRIMARY_KEY_DESC])`
  const { deployments } = await client.data<{ deployments: { edges: { cursor: string }[] } }>(
    `{ ${list(PAGES, '')} { edges { cursor } } }`,
  )
  return [
    {
      name: 'small query',
      query: isOwn
        ? 'query ($id: ID!) { deployment(id: $id) { version status } }'
        : 'query ($id: UUID!) { deployment: deploymentByRowId(rowId: $id) { version status } }',
      variables: numbers(PAGES).map((n) => ({ id: isOwn ? globalId('Deployment', n) : rowId('Deployment', n) })),
      holds: HOLDS,
      requests: 3_000,
    },
    {
      name: `page of ${PAGE_SIZE} × 12 fields`,
      query: `query ($after: ${isOwn ? 'String' : 'Cursor'}) { ${list(PAGE_SIZE, ', after: $after')} { edges { node {
        ${COLUMNS} model${isOwn ? '' : ': modelByModelId'} { name }
        trainingJob${isOwn ? '' : ': trainingJobByTrainingJobId'} { name } } } } }`,
      variables: deployments.edges.map(({ cursor }) => ({ after: cursor })),
      holds: HOLDS,
      requests: 400,
    },
  ]
}

/** What can be asked of those that have figures and can deploy. */
export function furtherQuestions([, page]: readonly Question[], histories: number, historyTo: Date): Question[] {
  return [
    {
      name: `page of ${PAGE_SIZE} with latestMetrics`,
      query: LATEST_QUERY,
      variables: page?.variables ?? [],
      holds: HOLDS,
      requests: 400,
    },
    {
      name: 'history of 288 points',
      query: HISTORY_QUERY,
      variables: numbers(histories).map((n) => historyVariables(n, historyTo)),
      holds: HOLDS_FIGURES,
      requests: 300,
    },
    {
      name: 'deploy mutation',
      query: `mutation ($input: DeployTrainingJobInput!) { deployTrainingJob(input: $input) { __typename
        ... on DeployTrainingJobSuccess { deployment { id version status model { name } trainingJob { name } } } } }`,
      variables: numbers(JOBS).map((n) => ({
        input: { trainingJobId: globalId('TrainingJob', DEPLOYMENTS + n), note: 'deployed for the benchmark' },
      })),
      holds: '"DeployTrainingJobSuccess"',
      requests: 300,
      once: true,
    },
  ]
}

/** 1 to count. */
const numbers = (count: number) => Array.from({ length: count }, (_each, at) => at + 1)
