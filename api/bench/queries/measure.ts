import type { GraphQLTestClient } from '../../test/graphql-client.ts'
import { LoadProcess } from '../load/load.ts'
import { pause } from '../rounds.ts'
import type { ServerProcess } from '../server-process.ts'
import { type BackendTimes, backendTimes, usedBetween } from './backends.ts'
import type { Question } from './questions.ts'

export const CONNECTIONS = 32
const IDLE_MS = 2_000

/** A server that answers questions from a database of its own. */
export interface QueryServer extends AsyncDisposable {
  process: ServerProcess
  databaseUrl: string
  client: GraphQLTestClient
  /** Callers, who take turns; none where nobody is checked. */
  tokens: readonly string[]
}

export interface Measurement {
  /** Of the server a request, less what it uses without requests. */
  serverUs: number
  /** Of PostgreSQL's backends, likewise; NaN where it cannot be known. */
  backendsUs: number
  /** Of both without requests, as a share of a core. */
  fixed: number
  perSecond: number
  p50Ms: number
  p99Ms: number
  bytesPerAnswer: number
  /** Of both, as a share of a core. */
  busy: number
  loadBusy: number
}

/**
 * Asks a share of what makes a round, after half as many requests to warm up. With equal requests all ask the same, else
 * each the next.
 */
export async function measure(
  server: QueryServer,
  question: Question,
  equal: boolean,
  share: number,
): Promise<Measurement> {
  await using load = new LoadProcess()
  const variables = equal ? question.variables.slice(0, 1) : question.variables
  const bodies = variables.map((each) => JSON.stringify({ query: question.query, variables: each }))
  const count = Math.max(CONNECTIONS, Math.round(question.requests * share))
  const requests = { origin: server.process.origin, tokens: server.tokens, bodies, connections: CONNECTIONS }
  await load.ask('request', { ...requests, count: Math.max(CONNECTIONS, Math.round(count / 2)) })
  const idle = await span(server, () => pause(IDLE_MS * share))
  await load.ask('begin')
  const asked = await span(server, () => load.ask('request', { ...requests, count }))
  const { took } = asked
  const perRequest = (of: (span: Used) => number) => ((of(asked) - (of(idle) * took) / idle.took) * 1000) / count
  return {
    ...asked.result,
    serverUs: perRequest(({ serverMs }) => serverMs),
    backendsUs: perRequest(({ backendsMs }) => backendsMs),
    fixed: (idle.serverMs + idle.backendsMs) / idle.took,
    perSecond: (count * 1000) / took,
    busy: (asked.serverMs + asked.backendsMs) / took,
    loadBusy: (await load.ask('cpu')) / took,
  }
}

interface Used {
  serverMs: number
  backendsMs: number
  took: number
}

/** What a server and its backends use meanwhile, in milliseconds. */
async function span<Result>(
  { process: server, databaseUrl }: QueryServer,
  work: () => Promise<Result>,
): Promise<Used & { result: Result }> {
  const before = await backendTimes(databaseUrl)
  const { cpuMs: cpuFromMs } = await server.figures()
  const from = performance.now()
  const result = await work()
  const took = performance.now() - from
  const { cpuMs } = await server.figures()
  return { serverMs: cpuMs - cpuFromMs, backendsMs: between(before, await backendTimes(databaseUrl)), took, result }
}

function between(before: BackendTimes | null, after: BackendTimes | null): number {
  return before === null || after === null ? Number.NaN : usedBetween(before, after)
}
