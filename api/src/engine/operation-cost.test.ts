import { parse, validate } from 'graphql'
import { expect, it } from 'vitest'
import { encodeId } from '../graphql/ids.ts'
import { schema } from '../schema/schema.ts'
import { operationCost, runningCost } from './operation-cost.ts'

const ID = encodeId('Deployment', '00000000-0000-4000-8000-000000000000')
const RANGE = 'from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:30:00Z"'

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
  [`{ deployment(id: "${ID}") { metricsHistory(${RANGE}) { points { at requests } summary { at } } } }`, {}, 115],
  [`{ deployment(id: "${ID}") { metricsHistory(${RANGE}, maxPoints: null) { from } } }`, {}, 93],
  [
    `query ($to: DateTime) { deployment(id: "${ID}") { metricsHistory(from: "2026-01-01T00:00:00Z", to: $to, maxPoints: 7) { from } } }`,
    { to: '2026-01-01T00:01:00Z' },
    6,
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
  expect(operationCost({ schema, document, variableValues })).toBe(cost)
})

it('A history that reaches until now costs more as time passes', () => {
  const from = new Date(Date.now() - 10 * 60_000).toISOString()
  const document = parse(`{ deployment(id: "${ID}") { metricsHistory(from: "${from}", maxPoints: 1) { from } } }`)
  expect(operationCost({ schema, document })).toBeGreaterThanOrEqual(23)
  expect(operationCost({ schema, document })).toBeLessThan(30)
})

it.each([
  ['subscription { inferenceMetrics(deploymentId: "x") { cursor } }', 12, 12],
  ['subscription { fleetMetrics { at } }', 12, 69],
  ['subscription { fleetMetrics { deployments { deploymentId } } }', 22, 126],
  ['subscription { ...F } fragment F on Subscription { fleetMetrics { at } }', 12, 69],
])('Each message of %s costs %i points with 10 active deployments and %i with 57', (text, few, many) => {
  const args = { schema, document: parse(text) }
  expect([runningCost(args, 10), runningCost(args, 57)]).toEqual([few, many])
})
