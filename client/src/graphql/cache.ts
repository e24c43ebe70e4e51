import { type Cache, cacheExchange } from '@urql/exchange-graphcache'
import {
  ApiTokenRow_ApiTokenFragmentDoc,
  ApiTokensDocument,
  DeploymentsPageDocument,
  DeploymentsTable_DeploymentFragmentDoc,
  TrainingJobsPageDocument,
  TrainingJobsTable_TrainingJobFragmentDoc,
  WebhookRow_WebhookFragmentDoc,
  WebhooksDocument,
} from './gql/graphql.ts'
import { makeFragmentData } from './gql/index.ts'
import { KEYLESS_TYPES } from './gql/keyless-types.ts'

/** Makes the cache store an object of the type within the one that contains it. */
const withoutKey = () => null

/**
 * Adds what was created to the lists that show it, and removes what was deleted. Graphcache updates the rest by `id`.
 */
export function createCache() {
  return cacheExchange({
    keys: Object.fromEntries(KEYLESS_TYPES.map((name) => [name, withoutKey])),
    updates: {
      Mutation: {
        deployTrainingJob: (result, _args, cache) =>
          addDeployment(cache, idAt(result, 'deployTrainingJob', 'deployment')),
        deleteDeployment: (result, _args, cache) =>
          removeDeployment(cache, stringAt(result, 'deleteDeployment', 'deploymentId')),
        startTrainingJob: (result, _args, cache) =>
          addTrainingJob(cache, idAt(result, 'startTrainingJob', 'trainingJob')),
        deleteTrainingJob: (result, _args, cache) =>
          removeTrainingJob(cache, stringAt(result, 'deleteTrainingJob', 'trainingJobId')),
        createApiToken: (result, _args, cache) => addApiToken(cache, idAt(result, 'createApiToken', 'apiToken')),
        createWebhook: (result, _args, cache) => addWebhook(cache, idAt(result, 'createWebhook', 'webhook')),
        deleteWebhook: (result, _args, cache) => removeWebhook(cache, stringAt(result, 'deleteWebhook', 'webhookId')),
      },
      Subscription: {
        deploymentEvents(result, _args, cache) {
          const kind = stringAt(result, 'deploymentEvents', 'event', 'kind')
          const id = stringAt(result, 'deploymentEvents', 'event', 'deploymentId')
          if (kind === 'DEPLOYED') addDeployment(cache, idAt(result, 'deploymentEvents', 'event', 'deployment'))
          if (kind === 'DELETED') {
            removeDeployment(cache, id)
            // Its page, if it is open, then shows that it is gone.
            if (id) cache.invalidate({ __typename: 'Deployment', id })
          }
          // The newest event came with this message, and would not be requested again.
          if (id) invalidateFields(cache, { __typename: 'Deployment', id }, 'events', (args) => args?.['first'] !== 1)
        },
        trainingJobProgress(result, _args, cache) {
          const id = idAt(result, 'trainingJobProgress', 'trainingJob')
          if (valueAt(result, 'trainingJobProgress', 'deleted') !== true) return addTrainingJob(cache, id)
          removeTrainingJob(cache, id)
          if (id) cache.invalidate({ __typename: 'TrainingJob', id })
        },
      },
    },
  })
}

function addDeployment(cache: Cache, id: string | undefined): void {
  if (id === undefined) return
  const row = cache.readFragment(DeploymentsTable_DeploymentFragmentDoc, { __typename: 'Deployment', id })
  if (!row) return
  cache.updateQuery({ query: DeploymentsPageDocument, variables: {} }, (page) => {
    if (!page) return page
    const { status, createdAt, source, model, trainingJob } = row
    const masked = makeFragmentData(row, DeploymentsTable_DeploymentFragmentDoc)
    const node = { __typename: 'Deployment' as const, id, status, createdAt, source, model, trainingJob, ...masked }
    const edge = { __typename: 'DeploymentEdge' as const, cursor: '', node }
    const edges = inserted(page.deployments, edge)
    if (!edges) return page
    const deploymentCounts = { ...page.deploymentCounts, total: page.deploymentCounts.total + 1 }
    return { ...page, deployments: { ...page.deployments, edges }, deploymentCounts }
  })
  invalidateOwners(cache, id)
}

function removeDeployment(cache: Cache, id: string | undefined): void {
  if (id === undefined) return
  for (const after of pagesOf(cache, 'deployments')) {
    cache.updateQuery({ query: DeploymentsPageDocument, variables: { after } }, (page) => {
      if (!page?.deployments.edges.some(({ node }) => node.id === id)) return page
      const edges = page.deployments.edges.filter(({ node }) => node.id !== id)
      const deploymentCounts = { ...page.deploymentCounts, total: page.deploymentCounts.total - 1 }
      return { ...page, deployments: { ...page.deployments, edges }, deploymentCounts }
    })
  }
  invalidateOwners(cache, id)
}

/** The job and the model of a deployment list it as well, and the model has a newest version. */
function invalidateOwners(cache: Cache, id: string): void {
  const jobKey = cache.resolve({ __typename: 'Deployment', id }, 'trainingJob')
  if (typeof jobKey === 'string') invalidateFields(cache, jobKey, 'deployments')
  const modelKey = cache.resolve({ __typename: 'Deployment', id }, 'model')
  if (typeof modelKey !== 'string') return
  invalidateFields(cache, modelKey, 'deployments')
  invalidateFields(cache, modelKey, 'latestVersion')
}

function addTrainingJob(cache: Cache, id: string | undefined): void {
  if (id === undefined) return
  const row = cache.readFragment(TrainingJobsTable_TrainingJobFragmentDoc, { __typename: 'TrainingJob', id })
  if (!row) return
  cache.updateQuery({ query: TrainingJobsPageDocument, variables: {} }, (page) => {
    if (!page) return page
    const { name, status, createdAt, model } = row
    const masked = makeFragmentData(row, TrainingJobsTable_TrainingJobFragmentDoc)
    const node = { __typename: 'TrainingJob' as const, id, name, status, createdAt, model, ...masked }
    const edge = { __typename: 'TrainingJobEdge' as const, cursor: '', node }
    const edges = inserted(page.trainingJobs, edge)
    return edges ? { ...page, trainingJobs: { ...page.trainingJobs, edges } } : page
  })
}

function removeTrainingJob(cache: Cache, id: string | undefined): void {
  if (id === undefined) return
  for (const after of pagesOf(cache, 'trainingJobs')) {
    cache.updateQuery({ query: TrainingJobsPageDocument, variables: { after } }, (page) => {
      if (!page?.trainingJobs.edges.some(({ node }) => node.id === id)) return page
      const edges = page.trainingJobs.edges.filter(({ node }) => node.id !== id)
      return { ...page, trainingJobs: { ...page.trainingJobs, edges } }
    })
  }
}

function addApiToken(cache: Cache, id: string | undefined): void {
  if (id === undefined) return
  const row = cache.readFragment(ApiTokenRow_ApiTokenFragmentDoc, { __typename: 'ApiToken', id })
  if (!row) return
  cache.updateQuery({ query: ApiTokensDocument, variables: {} }, (page) => {
    if (!page) return page
    const node = { __typename: 'ApiToken' as const, id, ...makeFragmentData(row, ApiTokenRow_ApiTokenFragmentDoc) }
    const edge = { __typename: 'ApiTokenEdge' as const, cursor: '', node }
    const { apiTokens } = page.viewer
    return { ...page, viewer: { ...page.viewer, apiTokens: { ...apiTokens, edges: [edge, ...apiTokens.edges] } } }
  })
}

function addWebhook(cache: Cache, id: string | undefined): void {
  if (id === undefined) return
  const row = cache.readFragment(WebhookRow_WebhookFragmentDoc, { __typename: 'Webhook', id })
  if (!row) return
  cache.updateQuery({ query: WebhooksDocument, variables: {} }, (page) => {
    if (!page) return page
    const node = { __typename: 'Webhook' as const, id, ...makeFragmentData(row, WebhookRow_WebhookFragmentDoc) }
    const edge = { __typename: 'WebhookEdge' as const, cursor: '', node }
    return { ...page, webhooks: { ...page.webhooks, edges: [edge, ...page.webhooks.edges] } }
  })
}

/** There are at most fifty webhooks, so they are all on the first page. */
function removeWebhook(cache: Cache, id: string | undefined): void {
  if (id === undefined) return
  cache.updateQuery({ query: WebhooksDocument, variables: {} }, (page) => {
    if (!page) return page
    const edges = page.webhooks.edges.filter(({ node }) => node.id !== id)
    return { ...page, webhooks: { ...page.webhooks, edges } }
  })
}

/**
 * The rows of the first page, newest first, with this one in its place. `undefined` if it is there already, or belongs
 * to a later page, which has it as soon as that is asked for.
 */
function inserted<Edge extends { node: { id: string; createdAt: string } }>(
  { edges, pageInfo }: { edges: readonly Edge[]; pageInfo: { hasNextPage: boolean } },
  edge: NoInfer<Edge>,
): Edge[] | undefined {
  if (edges.some(({ node }) => node.id === edge.node.id)) return undefined
  const older = edges.findIndex(({ node }) => node.createdAt <= edge.node.createdAt)
  if (older === -1 && pageInfo.hasNextPage) return undefined
  const place = older === -1 ? edges.length : older
  return [...edges.slice(0, place), edge, ...edges.slice(place)]
}

/** The `after` argument of every page of a list that the cache holds. */
function* pagesOf(cache: Cache, field: 'deployments' | 'trainingJobs'): Generator<string | null> {
  for (const { fieldName, arguments: args } of cache.inspectFields('Query')) {
    if (fieldName !== field) continue
    const after = args?.['after']
    yield typeof after === 'string' ? after : null
  }
}

function invalidateFields(
  cache: Cache,
  entity: Parameters<Cache['inspectFields']>[0],
  field: string,
  where: (args: Record<string, unknown> | null) => boolean = () => true,
): void {
  for (const { fieldName, arguments: args } of cache.inspectFields(entity)) {
    if (fieldName === field && where(args)) cache.invalidate(entity, fieldName, args)
  }
}

function idAt(result: unknown, ...path: string[]): string | undefined {
  return stringAt(result, ...path, 'id')
}

function stringAt(result: unknown, ...path: string[]): string | undefined {
  const value = valueAt(result, ...path)
  return typeof value === 'string' ? value : undefined
}

function valueAt(result: unknown, ...path: string[]): unknown {
  let value = result
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, name)
  }
  return value
}
