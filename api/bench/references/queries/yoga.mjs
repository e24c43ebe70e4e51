// graphql-yoga with a Pothos schema over Prisma, wired as their documentation does.
import { createServer } from 'node:http'
import SchemaBuilder from '@pothos/core'
import PrismaPlugin from '@pothos/plugin-prisma'
import { getDatamodel } from '@pothos/plugin-prisma/generated'
import RelayPlugin from '@pothos/plugin-relay'
import { createYoga } from 'graphql-yoga'
import { announce, listenOptions } from '../listening.mjs'
import { canResume, deploy, historyOf, latencyOf, ORDER, prisma, versionOf } from './prisma.mjs'

const builder = new SchemaBuilder({
  plugins: [RelayPlugin, PrismaPlugin],
  prisma: { client: prisma, dmmf: getDatamodel() },
  defaultFieldNullability: false,
})
builder.scalarType('DateTime', { serialize: (date) => date.toISOString(), parseValue: (text) => new Date(text) })
const DeploymentStatus = builder.enumType('DeploymentStatus', { values: ['ACTIVE', 'PAUSED'] })
const Latency = builder.objectRef('Latency').implement({
  fields: (t) => ({
    p50Ms: t.exposeFloat('p50Ms'),
    p95Ms: t.exposeFloat('p95Ms'),
    p99Ms: t.exposeFloat('p99Ms'),
  }),
})
const latency = (t) => t.field({ type: Latency, nullable: true, resolve: latencyOf })

builder.prismaObject('Model', { fields: (t) => ({ name: t.exposeString('name') }) })
builder.prismaObject('TrainingJob', { fields: (t) => ({ name: t.exposeString('name') }) })
builder.prismaObject('LatestMetrics', {
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime' }),
    requests: t.exposeFloat('requests'),
    requestsPerSecond: t.exposeFloat('requestsPerSecond'),
    errorRate: t.exposeFloat('errorRate', { nullable: true }),
    latency: latency(t),
  }),
})
builder.prismaObject('HistoryPoint', {
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime' }),
    coveredSeconds: t.exposeFloat('coveredSeconds'),
    requestsPerSecond: t.exposeFloat('requestsPerSecond'),
    errorRate: t.exposeFloat('errorRate', { nullable: true }),
    latency: latency(t),
  }),
})
const History = builder.objectRef('MetricsHistory').implement({
  fields: (t) => ({
    points: t.prismaField({
      type: ['HistoryPoint'],
      resolve: (query, { id, args }) => prisma.historyPoint.findMany({ ...query, ...historyOf(id, args) }),
    }),
  }),
})
builder.prismaNode('Deployment', {
  id: { field: 'id' },
  fields: (t) => ({
    version: t.string({ resolve: versionOf }),
    status: t.expose('status', { type: DeploymentStatus }),
    note: t.exposeString('note', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    createdBy: t.exposeString('createdBy'),
    statusChangedAt: t.expose('statusChangedAt', { type: 'DateTime' }),
    canPause: t.boolean({ resolve: ({ status }) => status === 'ACTIVE' }),
    canResume: t.boolean({ resolve: canResume }),
    canDelete: t.boolean({ resolve: ({ status }) => status === 'PAUSED' }),
    model: t.relation('model'),
    trainingJob: t.relation('trainingJob'),
    latestMetrics: t.relation('latestMetrics', { nullable: true }),
    metricsHistory: t.field({
      type: History,
      args: {
        from: t.arg({ type: 'DateTime', required: true }),
        to: t.arg({ type: 'DateTime', required: true }),
        maxPoints: t.arg.int({ required: true }),
      },
      resolve: ({ id }, args) => ({ id, args }),
    }),
  }),
})

builder.queryType({
  fields: (t) => ({
    deployment: t.prismaField({
      type: 'Deployment',
      nullable: true,
      args: { id: t.arg.globalID({ required: true }) },
      resolve: (query, _root, { id }) => prisma.deployment.findUnique({ ...query, where: { id: id.id } }),
    }),
    deployments: t.prismaConnection({
      type: 'Deployment',
      cursor: 'id',
      resolve: (query) => prisma.deployment.findMany({ ...query, orderBy: ORDER }),
    }),
  }),
})

const DeployTrainingJobInput = builder.inputType('DeployTrainingJobInput', {
  fields: (t) => ({ trainingJobId: t.globalID({ required: true }), note: t.string() }),
})
const DeployTrainingJobSuccess = builder.objectRef('DeployTrainingJobSuccess').implement({
  fields: (t) => ({
    deployment: t.prismaField({
      type: 'Deployment',
      resolve: (query, { deployment }) =>
        prisma.deployment.findUniqueOrThrow({ ...query, where: { id: deployment.id } }),
    }),
  }),
})
const DeployTrainingJobError = builder.objectRef('DeployTrainingJobError').implement({
  fields: (t) => ({ message: t.exposeString('error') }),
})
const DeployTrainingJobResult = builder.unionType('DeployTrainingJobResult', {
  types: [DeployTrainingJobSuccess, DeployTrainingJobError],
  resolveType: ({ error }) => (error === undefined ? DeployTrainingJobSuccess : DeployTrainingJobError),
})
builder.mutationType({
  fields: (t) => ({
    deployTrainingJob: t.field({
      type: DeployTrainingJobResult,
      args: { input: t.arg({ type: DeployTrainingJobInput, required: true }) },
      resolve: (_root, { input }) => deploy(input.trainingJobId.id, input.note),
    }),
  }),
})

const yoga = createYoga({ schema: builder.toSchema() })
const server = createServer((request, response) => void yoga(request, response))
server.listen(listenOptions, () => announce(server))
