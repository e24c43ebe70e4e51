// Apollo Server on Express with graphql-ws and graphql-subscriptions, as its documentation does.
import { createServer } from 'node:http'
import { ApolloServer } from '@apollo/server'
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer'
import { expressMiddleware } from '@as-integrations/express5'
import { makeExecutableSchema } from '@graphql-tools/schema'
import cors from 'cors'
import express from 'express'
import { PubSub } from 'graphql-subscriptions'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { announce, listenOptions } from './listening.mjs'
import { deploymentIds, publishSamples, typeDefs } from './samples.mjs'

const pubsub = new PubSub()
// One listener for each subscriber is what it is made for.
pubsub.ee.setMaxListeners(0)
const schema = makeExecutableSchema({
  typeDefs,
  resolvers: {
    Query: { deploymentIds: () => deploymentIds },
    Subscription: {
      inferenceMetrics: {
        subscribe: (_root, { deploymentId }) => pubsub.asyncIterableIterator([`sample ${deploymentId}`]),
      },
    },
  },
})

const app = express()
const httpServer = createServer(app)
const sockets = new WebSocketServer({ server: httpServer, path: '/graphql' })
const protocol = useServer({ schema }, sockets)
const server = new ApolloServer({
  schema,
  plugins: [
    ApolloServerPluginDrainHttpServer({ httpServer }),
    {
      async serverWillStart() {
        return {
          async drainServer() {
            await protocol.dispose()
          },
        }
      },
    },
  ],
})
await server.start()
app.use('/graphql', cors(), express.json(), expressMiddleware(server))
publishSamples((id, sample) => {
  void pubsub.publish(`sample ${id}`, { inferenceMetrics: sample })
})
httpServer.listen(listenOptions, () => announce(httpServer))
