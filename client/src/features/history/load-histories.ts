import type { Client } from 'urql'
import { codeOf } from '../../graphql/client.ts'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import type { DeploymentFilter } from '../../graphql/gql/graphql.ts'
import { type Sample, toSample } from '../../live/sample.ts'
import { type Details, toDetails } from './details.ts'
import type { HistoryPoint } from './series-columns.ts'

/** Whose history: a deployment, all deployments of a model, or all that match a filter. */
export type HistorySubject =
  { kind: 'deployment'; id: string } | { kind: 'model'; name: string } | { kind: 'fleet'; filter?: DeploymentFilter }

export interface HistoryRequest {
  from: string
  to: string
  maxPoints: number
  /** Whether to ask for the distributions as well: they are far more than the figures. */
  buckets: boolean
  /** Whether to ask for what only the page of one subject shows, and for how well percentiles are known. */
  details: boolean
  bounds: boolean
}

export interface History {
  stepSeconds: number
  endCursor: string | undefined
  points: HistoryPoint[]
  summary: Sample & { details?: Details | undefined }
}

const HistoryFragment = graphql(`
  fragment History_history on InferenceMetricsHistory {
    resolutionSeconds
    endCursor
    points {
      ...Figures_metrics
      ...Details_metrics @include(if: $details)
      latency @include(if: $buckets) {
        buckets(perDoubling: 2) {
          lowMs
          count
        }
      }
    }
    summary {
      ...Figures_metrics
      ...Details_metrics @include(if: $details)
    }
  }
`)

const DeploymentHistoriesDocument = graphql(`
  query DeploymentHistories(
    $ids: [ID!]!
    $from: DateTime!
    $to: DateTime!
    $maxPoints: Int!
    $buckets: Boolean! = false
    $details: Boolean! = false
    $bounds: Boolean! = false
  ) {
    nodes(ids: $ids) {
      __typename
      ... on Deployment {
        id
        metricsHistory(from: $from, to: $to, maxPoints: $maxPoints) {
          ...History_history
        }
      }
    }
  }
`)

const ModelHistoryDocument = graphql(`
  query ModelHistory(
    $name: String!
    $from: DateTime!
    $to: DateTime!
    $maxPoints: Int!
    $buckets: Boolean! = false
    $details: Boolean! = false
    $bounds: Boolean! = false
  ) {
    model(name: $name) {
      id
      metricsHistory(from: $from, to: $to, maxPoints: $maxPoints) {
        ...History_history
      }
    }
  }
`)

const FleetHistoryDocument = graphql(`
  query FleetHistory(
    $filter: DeploymentFilter
    $from: DateTime!
    $to: DateTime!
    $maxPoints: Int!
    $buckets: Boolean! = false
    $details: Boolean! = false
    $bounds: Boolean! = false
  ) {
    fleetMetricsHistory(filter: $filter, from: $from, to: $to, maxPoints: $maxPoints) {
      ...History_history
    }
  }
`)

/** What one operation may cost bounds how many histories it may ask for. */
const BATCH = 8

export class HistoryRefusedError extends Error {
  override name = 'HistoryRefusedError'
}

/**
 * The histories of several subjects over the same range, in their order; undefined for one that does not exist.
 * @throws HistoryRefusedError if asking again would get the same answer; an Error if it may not.
 */
export async function loadHistories(
  client: Client,
  subjects: readonly HistorySubject[],
  request: HistoryRequest,
): Promise<(History | undefined)[]> {
  const found = new Map<HistorySubject, History | undefined>()
  const deployments = subjects.filter((one) => one.kind === 'deployment')
  const loads: Promise<void>[] = []
  for (let start = 0; start < deployments.length; start += BATCH) {
    const batch = deployments.slice(start, start + BATCH)
    loads.push(
      ofDeployments(client, batch, request).then((histories) => {
        for (const [index, one] of batch.entries()) found.set(one, histories[index])
      }),
    )
  }
  for (const subject of subjects) {
    if (subject.kind !== 'deployment') {
      loads.push(ofGroup(client, subject, request).then((history) => void found.set(subject, history)))
    }
  }
  await Promise.all(loads)
  return subjects.map((subject) => found.get(subject))
}

async function ofDeployments(
  client: Client,
  subjects: readonly { id: string }[],
  request: HistoryRequest,
): Promise<(History | undefined)[]> {
  const ids = subjects.map(({ id }) => id)
  const { data, error } = await client.query(DeploymentHistoriesDocument, { ids, ...request }).toPromise()
  if (!data) throw problemOf(error)
  return data.nodes.map((node) =>
    node?.__typename === 'Deployment' ? historyOf(node.metricsHistory, request) : undefined,
  )
}

async function ofGroup(
  client: Client,
  subject: Exclude<HistorySubject, { kind: 'deployment' }>,
  request: HistoryRequest,
): Promise<History | undefined> {
  if (subject.kind === 'model') {
    const variables = { name: subject.name, ...request }
    const { data, error } = await client.query(ModelHistoryDocument, variables).toPromise()
    if (!data) throw problemOf(error)
    return data.model ? historyOf(data.model.metricsHistory, request) : undefined
  }
  const variables = { ...(subject.filter ? { filter: subject.filter } : {}), ...request }
  const { data, error } = await client.query(FleetHistoryDocument, variables).toPromise()
  if (!data) throw problemOf(error)
  return historyOf(data.fleetMetricsHistory, request)
}

function historyOf(masked: FragmentType<typeof HistoryFragment>, { details }: HistoryRequest): History {
  const { resolutionSeconds, endCursor, points, summary } = readFragment(HistoryFragment, masked)
  return {
    stepSeconds: resolutionSeconds,
    endCursor: endCursor ?? undefined,
    points: points.map((point) => ({
      ...toSample(point),
      buckets: point.latency?.buckets,
      details: details ? toDetails(point) : undefined,
    })),
    summary: { ...toSample(summary), details: details ? toDetails(summary) : undefined },
  }
}

const FINAL = new Set<string | undefined>(['BAD_USER_INPUT', 'FORBIDDEN', 'COST_LIMIT_EXCEEDED'])

function problemOf(error: Parameters<typeof codeOf>[0]): Error {
  const message = error?.graphQLErrors[0]?.message
  return FINAL.has(codeOf(error)) ? new HistoryRefusedError(message) : new Error(message ?? 'No answer')
}
