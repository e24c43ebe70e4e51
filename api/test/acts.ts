import type { GraphQLTestClient } from './graphql-client.ts'

/** A mutation's answer: a member of its union. */
export interface MutationResult {
  __typename: string
  message?: string
  issues?: { path: string[]; message: string }[]
}

/** Runs a mutation of one `input` and gives the member of its union, with `fields` selected in inline fragments. */
export async function mutate<T = MutationResult>(
  client: GraphQLTestClient,
  mutation: string,
  input: Record<string, unknown>,
  fields = '',
): Promise<T> {
  const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input!`
  const document = `mutation ($input: ${type}) { result: ${mutation}(input: $input) {
    __typename ... on Error { message } ... on InvalidInputError { issues { path message } } ${fields} } }`
  return (await client.data<{ result: T }>(document, { input })).result
}

/** Fails with the whole answer unless the mutation succeeded. */
export async function succeed<T>(
  client: GraphQLTestClient,
  mutation: string,
  input: Record<string, unknown>,
  fields: string,
): Promise<T> {
  const success = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Success`
  const result = await mutate<T & MutationResult>(client, mutation, input, `... on ${success} { ${fields} }`)
  if (result.__typename !== success) throw new Error(`${mutation} answered ${JSON.stringify(result)}`)
  return result
}

export interface ActedOn {
  id: string
}

/** Registers a training job of `test/model` that is COMPLETED, unless `input` says otherwise; gives its id. */
export async function registerJob(client: GraphQLTestClient, input: Record<string, unknown> = {}): Promise<string> {
  const { trainingJob } = await succeed<{ trainingJob: ActedOn }>(
    client,
    'registerTrainingJob',
    { modelName: 'test/model', name: 'a job', status: 'COMPLETED', ...input },
    'trainingJob { id }',
  )
  return trainingJob.id
}

/** Deploys a training job, or a new one of `modelName`; gives the deployment's id. */
export async function deploy(
  client: GraphQLTestClient,
  { trainingJobId, modelName = 'test/model', note }: { trainingJobId?: string; modelName?: string; note?: string } = {},
): Promise<string> {
  const { deployment } = await succeed<{ deployment: ActedOn }>(
    client,
    'deployTrainingJob',
    { trainingJobId: trainingJobId ?? (await registerJob(client, { modelName })), note },
    'deployment { id }',
  )
  return deployment.id
}

export async function pause(client: GraphQLTestClient, deploymentId: string): Promise<void> {
  await succeed(client, 'pauseDeployment', { deploymentId }, 'deployment { id }')
}

export async function resume(client: GraphQLTestClient, deploymentId: string): Promise<void> {
  await succeed(client, 'resumeDeployment', { deploymentId }, 'deployment { id }')
}

/** Pauses and deletes. */
export async function remove(client: GraphQLTestClient, deploymentId: string): Promise<void> {
  await pause(client, deploymentId)
  await succeed(client, 'deleteDeployment', { deploymentId }, 'deploymentId')
}

/** A global id that nothing has. */
export function unknownId(type: 'Model' | 'TrainingJob' | 'Deployment' | 'DeploymentEvent' | 'ApiToken'): string {
  return Buffer.from(`${type}:00000000-0000-4000-8000-000000000000`).toString('base64')
}
