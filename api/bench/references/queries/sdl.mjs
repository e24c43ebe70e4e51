// The schema of the references that are written in SDL, and its resolvers without those of relations, which each server
// has its own way to load.
import { GraphQLScalarType } from 'graphql'
import { canResume, deploy, historyOf, latencyOf, ORDER, prisma, versionOf } from './prisma.mjs'

export const typeDefs = `
  scalar DateTime
  enum DeploymentStatus { ACTIVE PAUSED }
  type Query {
    deployment(id: ID!): Deployment
    deployments(first: Int!, after: String): DeploymentConnection!
  }
  type Mutation { deployTrainingJob(input: DeployTrainingJobInput!): DeployTrainingJobResult! }
  input DeployTrainingJobInput { trainingJobId: ID! note: String }
  union DeployTrainingJobResult = DeployTrainingJobSuccess | DeployTrainingJobError
  type DeployTrainingJobSuccess { deployment: Deployment! }
  type DeployTrainingJobError { message: String! }
  type DeploymentConnection { edges: [DeploymentEdge!]! }
  type DeploymentEdge { cursor: String! node: Deployment! }
  type Deployment {
    id: ID! version: String! status: DeploymentStatus! note: String createdAt: DateTime! createdBy: String!
    statusChangedAt: DateTime! canPause: Boolean! canResume: Boolean! canDelete: Boolean!
    model: Model! trainingJob: TrainingJob! latestMetrics: LatestMetrics
    metricsHistory(from: DateTime!, to: DateTime!, maxPoints: Int!): MetricsHistory!
  }
  type Model { name: String! }
  type TrainingJob { name: String! }
  type LatestMetrics {
    at: DateTime! requests: Float! requestsPerSecond: Float! errorRate: Float latency: Latency
  }
  type MetricsHistory { points: [HistoryPoint!]! }
  type HistoryPoint {
    at: DateTime! coveredSeconds: Float! requestsPerSecond: Float! errorRate: Float latency: Latency
  }
  type Latency { p50Ms: Float! p95Ms: Float! p99Ms: Float! }
`

const encode = (kind, id) => Buffer.from(`${kind}:${id}`).toString('base64')
const decode = (id) => Buffer.from(id, 'base64').toString().split(':', 2)[1]

export const resolvers = {
  DateTime: new GraphQLScalarType({
    name: 'DateTime',
    serialize: (date) => date.toISOString(),
    parseValue: (text) => new Date(text),
  }),
  Query: {
    deployment: (_root, { id }) => prisma.deployment.findUnique({ where: { id: decode(id) } }),
    deployments: async (_root, { first, after }) => {
      const position = after == null ? {} : { cursor: { id: decode(after) }, skip: 1 }
      const rows = await prisma.deployment.findMany({ take: first, ...position, orderBy: ORDER })
      return { edges: rows.map((node) => ({ cursor: encode('cursor', node.id), node })) }
    },
  },
  Mutation: {
    deployTrainingJob: async (_root, { input }) => await deploy(decode(input.trainingJobId), input.note),
  },
  DeployTrainingJobResult: {
    __resolveType: ({ error }) => (error === undefined ? 'DeployTrainingJobSuccess' : 'DeployTrainingJobError'),
  },
  DeployTrainingJobError: { message: ({ error }) => error },
  Deployment: {
    id: ({ id }) => encode('Deployment', id),
    version: versionOf,
    canPause: ({ status }) => status === 'ACTIVE',
    canResume,
    canDelete: ({ status }) => status === 'PAUSED',
    metricsHistory: async ({ id }, args) => ({ points: await prisma.historyPoint.findMany(historyOf(id, args)) }),
  },
  LatestMetrics: { latency: latencyOf },
  HistoryPoint: { latency: latencyOf },
}
