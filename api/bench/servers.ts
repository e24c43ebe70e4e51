import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareTestDatabase, type TestDatabaseKind, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { GraphQLTestClient } from '../test/graphql-client.ts'
import { change, register } from '../test/process/documents.ts'
import { settingsOf } from '../test/process/server-process.ts'
import type { Target } from './load/subscriber.ts'
import { ServerProcess } from './server-process.ts'
import { writeSteadyTraffic } from './steady-traffic.ts'

const BUILT_SERVER = new URL('../dist/main.js', import.meta.url)
const ADMIN_TOKEN = 'the-token-of-the-benchmark-32-characters'

/** Twelve fields of a sample, and what every client asks for with them: where it is, and whether it missed any. */
const FIELDS = `cursor skipped metrics { at requests requestsPerSecond errors errorRate promptTokens generatedTokens
  tokensPerSecond inFlight latency { p50Ms p95Ms p99Ms } }`
const FOLLOW = `subscription ($id: ID!, $after: SampleCursor) {
  inferenceMetrics(deploymentId: $id, after: $after) { ${FIELDS} }
}`
/** The references know no cursors. */
const WATCH = `subscription ($id: ID!) { inferenceMetrics(deploymentId: $id) { ${FIELDS} } }`

export interface ServerOptions {
  /** Between two samples of a deployment. */
  intervalMs: number
  deployments: number
  /** How many callers there are, each with a token; 4 by default. */
  callers?: number
  /** Default: PostgreSQL where one can be reached. */
  database?: TestDatabaseKind
  /** Of the server, beside those that every benchmark has. */
  settings?: Record<string, string>
  /** The path of the Node to run on; by default that of this process. */
  node?: string
  /** Fills the database before the server starts. */
  fill?: (databaseUrl: string) => Promise<void>
  /** Of each caller; READ by default. */
  scopes?: string
}

/** A server that delivers samples. */
interface Running extends AsyncDisposable {
  process: ServerProcess
  target: Omit<Target, 'transport'>
}

export type Start = (options: ServerOptions) => Promise<Running>

/** One of the small servers in references/. */
export function reference(script: string, protocol: Target['protocol']): Start {
  return async (options) => {
    const server = await ServerProcess.start(referenceScript(script), [JSON.stringify(options)])
    return {
      process: server,
      target: {
        protocol,
        origin: server.origin,
        query: WATCH,
        tokens: [],
        deploymentIds: Array.from({ length: options.deployments }, (_each, at) => String(at)),
        intervalMs: options.intervalMs,
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  }
}

export function referenceScript(script: string): URL {
  return new URL(`references/${script}`, import.meta.url)
}

export interface RunningGaugeline extends Running {
  /** Of its database; undefined: the embedded one. */
  databaseUrl: string | undefined
  client: GraphQLTestClient
}

/**
 * Gaugeline as it is built, on an empty database of its own, with even traffic; what it serves is deployed through its
 * API.
 */
export async function gaugeline(options: ServerOptions): Promise<RunningGaugeline> {
  const { intervalMs, deployments, callers = 4 } = options
  const database = await prepareTestDatabase(options.database ?? (await databaseKind()))
  const folder = mkdtempSync(join(tmpdir(), 'gaugeline-bench-'))
  const trace = join(folder, 'steady-traffic.csv')
  let server: ServerProcess | undefined
  const dispose = async () => {
    await server?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
    await database[Symbol.asyncDispose]()
  }
  try {
    writeSteadyTraffic(trace)
    if (database.url !== undefined) await options.fill?.(database.url)
    const settings = {
      ...settingsOf(database),
      PORT: '0',
      ADMIN_TOKEN,
      SAMPLE_INTERVAL_MS: String(intervalMs),
      TRAFFIC_TRACE: trace,
      ...options.settings,
    }
    server = await ServerProcess.start(BUILT_SERVER, [], settings, options.node)
    const client = GraphQLTestClient.withToken(server.origin, ADMIN_TOKEN)
    const deploymentIds: string[] = []
    for (let n = 0; n < deployments; n += 1) {
      const job = await register(client, `bench/model-${n % 5}`, `job ${n}`)
      deploymentIds.push(await change(client, 'deploy', job, 'deployed for the benchmark'))
    }
    const tokens: string[] = []
    for (let n = 0; n < callers; n += 1) {
      tokens.push(await createToken(client, `caller ${n}`, options.scopes ?? 'READ'))
    }
    const { origin } = server
    return {
      process: server,
      databaseUrl: database.url,
      client,
      target: { protocol: 'graphql', origin, query: FOLLOW, tokens, deploymentIds, intervalMs },
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function createToken(client: GraphQLTestClient, name: string, scopes: string): Promise<string> {
  const { createApiToken: created } = await client.data<{ createApiToken: { secret: string } }>(
    `mutation ($name: String!) {
      createApiToken(input: { name: $name, scopes: [${scopes}] }) { ... on CreateApiTokenSuccess { secret } }
    }`,
    { name },
  )
  return created.secret
}

/** PostgreSQL where one can be reached. */
export async function databaseKind() {
  return (await testDatabaseKinds()).at(-1) ?? 'embedded'
}
