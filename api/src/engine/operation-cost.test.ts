import { parse, validate } from 'graphql'
import { expect, it } from 'vitest'
import { encodeId } from '../graphql/ids.ts'
import { schema } from '../schema/schema.ts'
import { operationCost, runningCost } from './operation-cost.ts'

const ID = encodeId('Deployment', '00000000-0000-4000-8000-000000000000')
const RANGE = 'from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:30:00Z"'

const FACTS = { nowMs: Date.UTC(2026, 0, 2), activeDeployments: 20 }

/** Documents and what they cost: a change of one of these figures is a change for the callers. */
const FIGURES: [document: string, variables: Record<string, unknown>, cost: number][] = [
  ['{ viewer { name scopes __typename } }', {}, 4],
  ['{ viewer { apiTokens(first: 3) { edges { cursor node { name } } pageInfo { hasNextPage } } } }', {}, 17],
  ['{ webhooks { edges { node { deliveries(last: 2) { edges { node { attempts { at } } } } } } } }', {}, 521],
  ['{ viewer { apiTokens(first: 3) { nodes { name scopes } } } }', {}, 11],
  ['{ viewer { apiTokens(first: 3) { edges { node { name scopes } } } } }', {}, 11],
  ['{ models(first: 1) { totalCount } }', {}, 11],
  ['{ models(first: 100) { totalCount nodes { name } } }', {}, 211],
  ['{ models(first: 100) { ...P } } fragment P on ModelConnection { totalCount nodes { name } }', {}, 211],
  ['{ models(first: 5) { nodes { deployments(first: 100) { totalCount } trainingJobs { totalCount } } } }', {}, 116],
  ['{ models(first: 100) { __typename edges { __typename } } }', {}, 201],
  [
    'query ($n: Int!) { a: models(first: $n) { edges { cursor } } b: models(last: $n) { edges { cursor } } }',
    { n: 7 },
    16,
  ],
  ['query ($n: Int!) { models(first: $n) { edges { cursor } } }', { n: 'seven' }, 1],
  ['query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Model { name } } }', { ids: [ID, ID, ID, ID] }, 9],
  ['{ nodes(ids: []) { id } }', {}, 1],
  [`{ node(id: "${ID}") { ... on TrainingJob { lossCurve(maxPoints: 25) { step loss } } } }`, {}, 7],
  [`{ trainingJob(id: "${ID}") { lossCurve { step } model { name } } }`, {}, 25],
  [`{ deployment(id: "${ID}") { recentMetrics { at latency { p50Ms quantile(q: 0.9) } } } }`, {}, 42],
  [
    `{ deployment(id: "${ID}") { recentMetrics { at latency { p50Ms } timeToFirstToken { p50Ms } queueTime { p99Ms }
      errorsByReason { reason count } } } }`,
    {},
    122,
  ],
  [`{ deployment(id: "${ID}") { metricsHistory(${RANGE}) { points { at requests } summary { at } } } }`, {}, 73],
  [`{ deployment(id: "${ID}") { metricsHistory(${RANGE}, maxPoints: null) { from } } }`, {}, 51],
  [
    `query ($to: DateTime) { deployment(id: "${ID}") { metricsHistory(from: "2026-01-01T00:00:00Z", to: $to, maxPoints: 7) { from } } }`,
    { to: '2026-01-01T00:01:00Z' },
    5,
  ],
  [
    '{ deployments(filter: { ids: ["x", "y"] }) { edges { node { ...D } } } } fragment D on Deployment { id version }',
    {},
    61,
  ],
  [
    `mutation { a: pauseDeployment(input: { deploymentId: "${ID}" }) { ... on PauseDeploymentSuccess { deployment { id } } }
      b: resumeDeployment(input: { deploymentId: "${ID}" }) { ... on Error { message } } }`,
    {},
    25,
  ],
  ['{ __schema { types { name fields { name } } } }', {}, 41],
  [`subscription { inferenceMetrics(deploymentId: "${ID}") { cursor skipped metrics { at requests } } }`, {}, 6],
  [`subscription { inferenceMetrics(deploymentId: "${ID}", over: 60) { cursor metrics { at requests } } }`, {}, 7],
  ['subscription ($s: Int) { fleetMetrics(over: $s) { at totals { requests } } }', { s: 300 }, 14],
  ['{ deployments(first: 100) { nodes { latestMetrics(over: 300) { requests } } } }', {}, 1301],
  ['subscription { fleetMetrics { at totals { requests } deployments { deploymentId metrics { at } } } }', {}, 35],
]

it.each(FIGURES)('The cost of %s with %o is %i', (text, variableValues, cost) => {
  const document = parse(text)
  expect(validate(schema, document)).toEqual([])
  expect(operationCost({ schema, document, variableValues }, FACTS)).toBe(cost)
})

it('A history that reaches until now costs more as time passes', () => {
  const from = new Date(FACTS.nowMs - 10 * 60_000).toISOString()
  const document = parse(`{ deployment(id: "${ID}") { metricsHistory(from: "${from}", maxPoints: 2000) { from } } }`)
  const after = (ms: number) => operationCost({ schema, document }, { ...FACTS, nowMs: FACTS.nowMs + ms })
  expect([after(0), after(5 * 60_000), after(20 * 60_000)]).toEqual([223, 233, 263])
})

it('All ten versions of a model are compared over a day in one affordable request', () => {
  const one = `metricsHistory(from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z", maxPoints: 300) {
    points { at requestsPerSecond errorRate latency { p50Ms p95Ms p99Ms } } }`
  const document = parse(`{ model(name: "a/b") { deployments(first: 10) { nodes { version ${one} } } } }`)
  expect(operationCost({ schema, document }, FACTS)).toBe(1332)
})

it('A filtered history of the fleet costs by how many deployments are active, a model and the whole by one', () => {
  const of = (filter: string, activeDeployments: number) => {
    const range = 'from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z", maxPoints: 300'
    const document = parse(`{ fleetMetricsHistory(${filter} ${range}) { resolutionSeconds } }`)
    return operationCost({ schema, document }, { ...FACTS, activeDeployments })
  }
  const search = 'filter: { search: "a" },'
  expect([of(search, 1), of(search, 10), of(search, 200)]).toEqual([61, 320, 512])
  expect([of('', 200), of('filter: null,', 200), of('filter: { model: "a/b" },', 200)]).toEqual([61, 61, 61])
})

it.each([
  ['subscription { inferenceMetrics(deploymentId: "x") { cursor } }', 12, 12],
  ['subscription { fleetMetrics { at } }', 12, 69],
  ['subscription { fleetMetrics { deployments { deploymentId } } }', 22, 126],
  ['subscription { ...F } fragment F on Subscription { fleetMetrics { at } }', 12, 69],
])('Each message of %s costs %i points with 10 active deployments and %i with 57', (text, few, many) => {
  const args = { schema, document: parse(text) }
  const with_ = (activeDeployments: number) => runningCost(args, { ...FACTS, activeDeployments })
  expect([with_(10), with_(57)]).toEqual([few, many])
})
