import { prepareTestDatabase } from '@gaugeline/prisma/testing'
import pg from 'pg'
import { GraphQLTestClient } from '../../test/graphql-client.ts'
import { type Statement, ServerProcess } from '../server-process.ts'
import { gaugeline, referenceScript } from '../servers.ts'
import type { QueryServer } from './measure.ts'
import type { Question } from './questions.ts'
import { fillReferenceRows, type KnownFigures } from './reference-rows.ts'
import { fillRows, fillSamples } from './rows.ts'

/** As whoever runs a server in earnest sets them. */
const SETTINGS = { NODE_ENV: 'production', GRAPHILE_ENV: 'production' }

/** On a database of its own with the rows; whoever calls may deploy as well as read. */
export async function startGaugeline(node: string, callers: number, nowMs: number, histories: number) {
  const server = await gaugeline({
    // Of what is deployed meanwhile, little is recorded: the usual first minutes, which are quiet. Of the rest, nothing.
    intervalMs: 10_000,
    deployments: 0,
    callers,
    scopes: 'READ, DEPLOY',
    settings: { MAX_ACTIVE_DEPLOYMENTS: '100000', TRAFFIC_TRACE: '' },
    fill: (url) =>
      withPool(url, async (database) => {
        await fillRows(database)
        await fillSamples(database, nowMs, histories)
      }),
    node,
  })
  const { databaseUrl = '', client, process, target } = server
  return queryServer('Gaugeline', { process, databaseUrl, client, tokens: target.tokens }, async () => {
    await server[Symbol.asyncDispose]()
  })
}

/** One of references/queries/, on a database of its own with the rows and the figures. */
export async function startReference(
  name: string,
  script: string,
  node: string,
  figures: KnownFigures,
): Promise<QueryServer> {
  const database = await prepareTestDatabase('postgres')
  const { url = '' } = database
  try {
    await withPool(url, async (pool) => {
      await fillRows(pool)
      await fillReferenceRows(pool, figures)
    })
    const process = await startScript(`queries/${script}`, { url }, node)
    const client = new GraphQLTestClient(process.origin)
    return queryServer(name, { process, databaseUrl: url, client, tokens: [] }, async () => {
      await process[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    })
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

/** The node:http handler, with what Gaugeline asks of its database for each question, once it knows it. */
export async function startBare(
  server: QueryServer,
  questions: readonly Question[],
  node: string,
): Promise<QueryServer> {
  const statements: Record<string, Statement[]> = {}
  for (const { query, variables } of questions) {
    await server.client.data(query, variables[0])
    await server.process.record()
    await server.client.data(query, variables[0])
    statements[query] = await server.process.recorded()
  }
  const { databaseUrl, client } = server
  const process = await startScript('node-http.mjs', { url: databaseUrl, statements }, node)
  return queryServer('node:http', { process, databaseUrl, client, tokens: [] }, () => process[Symbol.asyncDispose]())
}

async function startScript(script: string, argument: object, node: string): Promise<ServerProcess> {
  return await ServerProcess.start(referenceScript(script), [JSON.stringify(argument)], SETTINGS, node)
}

function queryServer(
  name: string,
  server: Pick<QueryServer, 'process' | 'databaseUrl' | 'client' | 'tokens'>,
  dispose: () => Promise<void>,
): QueryServer {
  return { name, ...server, used: 0, [Symbol.asyncDispose]: dispose }
}

async function withPool(url: string, work: (database: { pool: pg.Pool }) => Promise<void>): Promise<void> {
  const pool = new pg.Pool({ connectionString: url })
  try {
    await work({ pool })
  } finally {
    await pool.end()
  }
}
