// graphql-yoga with a Pothos schema and its own pub/sub, over graphql-ws and over SSE, wired as their documentation
// does.
import { createServer } from 'node:http'
import SchemaBuilder from '@pothos/core'
import { useServer } from 'graphql-ws/use/ws'
import { createPubSub, createYoga } from 'graphql-yoga'
import { WebSocketServer } from 'ws'
import { announce, listenOptions } from './listening.mjs'
import { deploymentIds, publishSamples } from './samples.mjs'

const pubSub = createPubSub()

const builder = new SchemaBuilder({ defaultFieldNullability: false })
const LatencySummary = builder.objectRef('LatencySummary').implement({
  fields: (t) => ({
    p50Ms: t.exposeFloat('p50Ms'),
    p95Ms: t.exposeFloat('p95Ms'),
    p99Ms: t.exposeFloat('p99Ms'),
  }),
})
const InferenceMetrics = builder.objectRef('InferenceMetrics').implement({
  fields: (t) => ({
    at: t.exposeString('at'),
    requests: t.exposeFloat('requests'),
    requestsPerSecond: t.exposeFloat('requestsPerSecond'),
    errors: t.exposeFloat('errors'),
    errorRate: t.exposeFloat('errorRate', { nullable: true }),
    promptTokens: t.exposeFloat('promptTokens', { nullable: true }),
    generatedTokens: t.exposeFloat('generatedTokens', { nullable: true }),
    tokensPerSecond: t.exposeFloat('tokensPerSecond', { nullable: true }),
    inFlight: t.exposeInt('inFlight', { nullable: true }),
    latency: t.expose('latency', { type: LatencySummary, nullable: true }),
  }),
})
const InferenceMetricsUpdate = builder.objectRef('InferenceMetricsUpdate').implement({
  fields: (t) => ({
    cursor: t.exposeString('cursor'),
    skipped: t.exposeInt('skipped'),
    metrics: t.expose('metrics', { type: InferenceMetrics }),
  }),
})
builder.queryType({ fields: (t) => ({ deploymentIds: t.idList({ resolve: () => deploymentIds }) }) })
builder.subscriptionType({
  fields: (t) => ({
    inferenceMetrics: t.field({
      type: InferenceMetricsUpdate,
      args: { deploymentId: t.arg.id({ required: true }) },
      subscribe: (_root, { deploymentId }) => pubSub.subscribe('sample', deploymentId),
      resolve: (sample) => sample,
    }),
  }),
})

const yoga = createYoga({ schema: builder.toSchema(), logging: false })
const server = createServer((request, response) => void yoga(request, response))
const sockets = new WebSocketServer({ server, path: yoga.graphqlEndpoint })
useServer(
  {
    execute: (args) => args.rootValue.execute(args),
    subscribe: (args) => args.rootValue.subscribe(args),
    onSubscribe: async (ctx, _id, params) => {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...ctx,
        req: ctx.extra.request,
        socket: ctx.extra.socket,
        params,
      })
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      }
      const errors = validate(args.schema, args.document)
      return errors.length > 0 ? errors : args
    },
  },
  sockets,
)

publishSamples((id, sample) => pubSub.publish('sample', id, sample))
server.listen(listenOptions, () => announce(server))
