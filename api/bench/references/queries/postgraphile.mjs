// PostGraphile with its usual preset over Gaugeline's tables. What is no column is a function of the database
// (queries/postgraphile.ts).
// Started with one argument, JSON: { url }.
import { createServer } from 'node:http'
import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { announce, listenOptions } from '../listening.mjs'

const { url } = JSON.parse(process.argv[2])
const server = createServer()
await postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: url, schemas: ['public'], poolConfig: { max: 10 } })],
  grafserv: { graphqlPath: '/graphql', graphiql: false },
})
  .createServ(grafserv)
  .addTo(server)
server.listen(listenOptions, () => announce(server))
