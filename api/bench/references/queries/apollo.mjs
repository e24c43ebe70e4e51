// Apollo Server on Express over Prisma. Relations are loaded as Prisma's documentation has it for GraphQL: by
// `findUnique`, which Prisma batches.
import { createServer } from 'node:http'
import { ApolloServer } from '@apollo/server'
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer'
import { expressMiddleware } from '@as-integrations/express5'
import cors from 'cors'
import express from 'express'
import { announce, listenOptions } from '../listening.mjs'
import { prisma } from './prisma.mjs'
import { resolvers, typeDefs } from './sdl.mjs'

const deployment = ({ id }) => prisma.deployment.findUnique({ where: { id } })
const relations = {
  model: (parent) => deployment(parent).model(),
  trainingJob: (parent) => deployment(parent).trainingJob(),
  latestMetrics: (parent) => deployment(parent).latestMetrics(),
}
const app = express()
const httpServer = createServer(app)
const server = new ApolloServer({
  typeDefs,
  resolvers: { ...resolvers, Deployment: { ...resolvers.Deployment, ...relations } },
  plugins: [ApolloServerPluginDrainHttpServer({ httpServer })],
})
await server.start()
app.use('/graphql', cors(), express.json(), expressMiddleware(server))
httpServer.listen(listenOptions, () => announce(httpServer))
