// Mercurius on Fastify over Prisma, with its compiler of queries (JIT) and relations loaded by its loaders.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { announce, listenOptions } from '../listening.mjs'
import { prisma } from './prisma.mjs'
import { resolvers, typeDefs } from './sdl.mjs'

/** The object of each parent, found by an id that the parent holds. */
const byId = (find, idOf, key) => async (queries) => {
  const rows = await find({ where: { [key]: { in: queries.map(({ obj }) => idOf(obj)) } } })
  const found = new Map(rows.map((row) => [row[key], row]))
  return queries.map(({ obj }) => found.get(idOf(obj)) ?? null)
}
const app = Fastify()
await app.register(mercurius, {
  schema: typeDefs,
  // What is __resolveType elsewhere.
  resolvers: {
    ...resolvers,
    DeployTrainingJobResult: { resolveType: resolvers.DeployTrainingJobResult.__resolveType },
  },
  loaders: {
    Deployment: {
      model: byId(prisma.model.findMany, ({ modelId }) => modelId, 'id'),
      trainingJob: byId(prisma.trainingJob.findMany, ({ trainingJobId }) => trainingJobId, 'id'),
      latestMetrics: byId(prisma.latestMetrics.findMany, ({ id }) => id, 'deploymentId'),
    },
  },
  jit: 1,
})
await app.listen(listenOptions)
announce(app.server)
