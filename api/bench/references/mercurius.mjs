// Mercurius on Fastify with its own pub/sub, as its documentation does.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { announce, listenOptions } from './listening.mjs'
import { deploymentIds, publishSamples, typeDefs } from './samples.mjs'

const app = Fastify()
await app.register(mercurius, {
  schema: typeDefs,
  resolvers: {
    Query: { deploymentIds: () => deploymentIds },
    Subscription: {
      inferenceMetrics: {
        subscribe: async (_root, { deploymentId }, { pubsub }) => await pubsub.subscribe(`sample ${deploymentId}`),
      },
    },
  },
  subscription: true,
})
await app.listen(listenOptions)
publishSamples((id, sample) => {
  app.graphql.pubsub.publish({ topic: `sample ${id}`, payload: { inferenceMetrics: sample } })
})
announce(app.server)
