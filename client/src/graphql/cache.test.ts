import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import type { Client, Exchange } from 'urql'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createGraphqlClient } from './client.ts'
import {
  DeploymentsPageDocument,
  LiveEventsDocument,
  ModelPageDocument,
  TrainingJobsPageDocument,
  TrainingProgressDocument,
} from './gql/graphql.ts'
import type { Streams } from './streams.ts'

const model = { __typename: 'Model', id: 'model', name: 'team/model' }
const at = (minute: number) => new Date(Date.UTC(2026, 10, 30, 12, minute)).toISOString()

/** A job that was registered in this minute, as lists and streams select it. */
const job = (minute: number, status = 'RUNNING') => ({
  __typename: 'TrainingJob',
  id: `job ${minute}`,
  name: `job ${minute}`,
  status,
  progress: 0.5,
  finalLoss: null,
  finalAccuracy: null,
  createdAt: at(minute),
  startedAt: at(minute),
  finishedAt: null,
  model,
  deployability: { __typename: 'Deployability', canDeploy: false, reason: 'NOT_COMPLETED', message: null },
  activeDeployment: null,
})

const deployment = (minute: number, status = 'ACTIVE') => ({
  __typename: 'Deployment',
  id: `deployment ${minute}`,
  version: `v1.${minute}.0`,
  status,
  note: null,
  statusChangedAt: at(minute),
  createdAt: at(minute),
  canPause: true,
  canResume: false,
  canDelete: false,
  statusEvent: { __typename: 'DeploymentEventConnection', edges: [] },
  source: {
    __typename: 'DeploymentSource',
    kind: 'SIMULATED',
    intervalSeconds: 1,
    scrape: null,
    health: {
      __typename: 'SourceHealth',
      status: 'UP',
      since: at(minute),
      lastSuccessAt: null,
      lastError: null,
      durationMs: null,
      series: null,
      server: null,
    },
  },
  model,
  trainingJob: job(minute),
})

function page(type: string, nodes: object[], endCursor?: string) {
  const edges = nodes.map((node) => ({ __typename: `${type}Edge`, cursor: '', node }))
  const pageInfo = { __typename: 'PageInfo', hasNextPage: endCursor !== undefined, endCursor: endCursor ?? null }
  return { __typename: `${type}Connection`, edges, pageInfo }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

const passOn: Exchange = ({ forward }) => forward
let client: Client
/** Sends a message of the stream that was opened last. */
let tell: (result: { data: object }) => void
let answers: Record<string, object>
let asked: number
let stops: (() => void)[]

beforeEach(() => {
  asked = 0
  stops = []
  vi.stubGlobal('fetch', (_url: string, { body }: { body: string }) => {
    asked += 1
    const { after } = (JSON.parse(body) as { variables: { after?: string } }).variables
    return Promise.resolve(Response.json({ data: { __typename: 'Query', ...answers[after ?? 'first'] } }))
  })
  const streams: Pick<Streams, 'subscribe'> = {
    subscribe: (_query, _variables, sink) => {
      tell = (result) => sink.next(result as never)
      return () => undefined
    },
  }
  client = createGraphqlClient(streams, { exchange: passOn, answers: passOn }, () => undefined)
})

afterEach(() => {
  for (const stop of stops) stop()
  vi.unstubAllGlobals()
})

/** Shows a page of a list. Returns what it shows at the moment. */
async function show<Data>(document: TypedDocumentNode<Data, { after?: string }>, after?: string): Promise<() => Data> {
  let data: Data | undefined
  await new Promise<void>((resolve) => {
    const { unsubscribe } = client.query(document, after ? { after } : {}).subscribe((result) => {
      data = result.data
      resolve()
    })
    stops.push(unsubscribe)
  })
  return () => {
    if (!data) throw new Error('There is no data')
    return data
  }
}

function follow(document: TypedDocumentNode<unknown, Record<string, never>>): (data: object) => Promise<void> {
  stops.push(client.subscription(document, {}).subscribe(() => undefined).unsubscribe)
  return async (data) => {
    // The stream is opened in a moment.
    await settled()
    tell({ data: { __typename: 'Subscription', ...data } })
    await settled()
  }
}

describe('the list of training jobs', () => {
  const showJobs = async (after?: string) => {
    const data = await show(TrainingJobsPageDocument, after)
    return () => data().trainingJobs.edges.map(({ node }) => `${node.name} ${node.status}`)
  }
  const progress = () => {
    const send = follow(TrainingProgressDocument)
    return (trainingJob: object, deleted = false) =>
      send({ trainingJobProgress: { __typename: 'TrainingJobUpdate', deleted, trainingJob } })
  }

  beforeEach(() => {
    answers = {
      first: { trainingJobs: page('TrainingJob', [job(8), job(6)], 'more') },
      more: { trainingJobs: page('TrainingJob', [job(4), job(2)]) },
    }
  })

  it('has a job that was registered elsewhere, in its place, and knows what becomes of it', async () => {
    const shown = await showJobs()
    const send = progress()
    await send(job(9))
    await send(job(7))
    await send(job(7, 'COMPLETED'))
    expect(shown()).toEqual(['job 9 RUNNING', 'job 8 RUNNING', 'job 7 COMPLETED', 'job 6 RUNNING'])
    expect(asked).toBe(1)
  })

  it('does not show a job of a later page on the first one', async () => {
    const [first, more] = [await showJobs(), await showJobs('more')]
    await progress()(job(4, 'FAILED'))
    expect([first(), more()]).toEqual([
      ['job 8 RUNNING', 'job 6 RUNNING'],
      ['job 4 FAILED', 'job 2 RUNNING'],
    ])
  })

  it('lacks a job that was deleted elsewhere, whatever page it was on, and also if it was never shown', async () => {
    const [first, more] = [await showJobs(), await showJobs('more')]
    const send = progress()
    for (const minute of [8, 2, 1]) await send(job(minute), true)
    expect([first(), more()]).toEqual([['job 6 RUNNING'], ['job 4 RUNNING']])
  })
})

const event = (kind: string, one: ReturnType<typeof deployment>) => ({
  deploymentEvents: {
    __typename: 'DeploymentEventUpdate',
    cursor: '',
    event: {
      __typename: 'DeploymentEvent',
      id: `${kind} ${one.id}`,
      kind,
      by: 'somebody',
      deploymentId: one.id,
      modelName: model.name,
      version: one.version,
      deployment: kind === 'DELETED' ? null : one,
    },
  },
})

describe('the list of deployments', () => {
  it('has what was deployed, in its place, lacks what was deleted, and counts both once', async () => {
    const deploymentCounts = { __typename: 'DeploymentCounts', total: 4 }
    answers = {
      first: { deployments: page('Deployment', [deployment(8), deployment(6)], 'more'), deploymentCounts },
      more: { deployments: page('Deployment', [deployment(4), deployment(2)]), deploymentCounts },
    }
    const [first, more] = [await show(DeploymentsPageDocument), await show(DeploymentsPageDocument, 'more')]
    const shown = () =>
      [first(), more()].map((data) => data.deployments.edges.map(({ node }) => `${node.id} ${node.status}`))
    const send = follow(LiveEventsDocument)
    await send(event('DEPLOYED', deployment(9)))
    // Told again, as to whoever resumes.
    for (const minute of [9, 8, 4]) await send(event('DEPLOYED', deployment(minute)))
    await send(event('PAUSED', deployment(2, 'PAUSED')))
    expect(shown()).toEqual([
      ['deployment 9 ACTIVE', 'deployment 8 ACTIVE', 'deployment 6 ACTIVE'],
      ['deployment 4 ACTIVE', 'deployment 2 PAUSED'],
    ])
    expect(first().deploymentCounts.total).toBe(5)
    for (let times = 0; times < 2; times += 1) await send(event('DELETED', deployment(2)))
    expect(shown()[1]).toEqual(['deployment 4 ACTIVE'])
    expect(first().deploymentCounts.total).toBe(4)
  })
})

it("asks for a model's versions again when one was deployed or deleted", async () => {
  const modelPage = (minutes: number[]) => {
    const deployments = {
      ...page(
        'Deployment',
        minutes.map((minute) => deployment(minute)),
      ),
      totalCount: minutes.length,
    }
    return { model: { ...model, description: null, latestVersion: `v1.${minutes[0]}.0`, deployments } }
  }
  answers = { first: modelPage([8]) }
  let versions: string[] = []
  stops.push(
    client.query(ModelPageDocument, { name: model.name }).subscribe(({ data }) => {
      if (data?.model) versions = data.model.deployments.edges.map(({ node }) => node.version)
    }).unsubscribe,
  )
  await expect.poll(() => versions).toEqual(['v1.8.0'])
  const send = follow(LiveEventsDocument)
  answers = { first: modelPage([9, 8]) }
  await send(event('DEPLOYED', deployment(9)))
  await expect.poll(() => versions).toEqual(['v1.9.0', 'v1.8.0'])
  answers = { first: modelPage([9]) }
  await send(event('DELETED', deployment(8)))
  await expect.poll(() => versions).toEqual(['v1.9.0'])
})
