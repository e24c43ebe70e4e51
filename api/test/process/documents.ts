import type { GraphQLTestClient } from '../graphql-client.ts'

/** Every figure of a sample. */
export const SAMPLE_FIELDS = `at windowSeconds coveredSeconds requests requestsPerSecond errors errorRate promptTokens
  generatedTokens tokensPerSecond inFlight source latency { p50Ms p95Ms p99Ms meanMs maxMs }`

export const FOLLOW_SAMPLES = `subscription ($id: ID!, $after: SampleCursor) {
  inferenceMetrics(deploymentId: $id, after: $after) { cursor skipped metrics { ${SAMPLE_FIELDS} } }
}`

const QUANTILES = Array.from({ length: 24 }, (_, index) => `q${index}: quantile(q: ${(index + 1) / 25})`).join(' ')
/** Messages so large that they soon fill what a reader may be behind. */
export const FOLLOW_LARGE_SAMPLES = `subscription ($id: ID!, $after: SampleCursor) {
  inferenceMetrics(deploymentId: $id, after: $after) {
    cursor skipped metrics { at requests errors errorRate latency { p50Ms p95Ms p99Ms meanMs maxMs ${QUANTILES} } } }
}`

export const FOLLOW_EVENTS = `subscription ($after: EventCursor) {
  deploymentEvents(after: $after) { cursor skipped event { kind note by deploymentId } }
}`

const REGISTER = `mutation ($input: RegisterTrainingJobInput!) {
  registerTrainingJob(input: $input) { __typename ... on RegisterTrainingJobSuccess { trainingJob { id } } }
}`

const CHANGES = {
  deploy: ['deployTrainingJob', 'DeployTrainingJob', 'trainingJobId'],
  pause: ['pauseDeployment', 'PauseDeployment', 'deploymentId'],
  resume: ['resumeDeployment', 'ResumeDeployment', 'deploymentId'],
} as const

/** Registers a training job and returns its id. */
export async function register(
  client: GraphQLTestClient,
  modelName: string,
  name: string,
  status: 'COMPLETED' | 'RUNNING' = 'COMPLETED',
): Promise<string> {
  const { registerTrainingJob: result } = await client.data<{
    registerTrainingJob: { __typename: string; trainingJob?: { id: string } }
  }>(REGISTER, { input: { modelName, name, status } })
  if (result.trainingJob === undefined) throw new Error(`Not registered: ${JSON.stringify(result)}`)
  return result.trainingJob.id
}

/** Deploys a training job, pauses or resumes a deployment; returns the deployment's id. */
export async function change(
  client: GraphQLTestClient,
  what: keyof typeof CHANGES,
  id: string,
  note: string,
): Promise<string> {
  const [field, type, argument] = CHANGES[what]
  const answer = await client.data<Record<string, { deployment?: { id: string } }>>(
    `mutation ($input: ${type}Input!) {
      ${field}(input: $input) { __typename ... on ${type}Success { deployment { id } } }
    }`,
    { input: { [argument]: id, note } },
  )
  const deployment = answer[field]?.deployment
  if (deployment === undefined) throw new Error(`Cannot ${what}: ${JSON.stringify(answer)}`)
  return deployment.id
}

/** The position that a cursor holds: opaque to callers, six bytes at its end to us (cursors.ts). */
export function sequenceOf(cursor: string): number {
  return Buffer.from(cursor, 'base64url').readUIntBE(30, 6)
}
