import type { GraphQLTestClient } from '../../test/graphql-client.ts'
import type { LoadProcess } from '../load/load.ts'
import type { ServerProcess } from '../server-process.ts'
import { type BackendTimes, backendTimes, usedBetween } from './backends.ts'
import type { Question } from './questions.ts'

/** How hard to ask. */
export interface Pace {
  connections: number
  /** Of the requests that make a round; at least one for each connection. */
  share: number
}

/** A server that answers questions from a database of its own. */
export interface QueryServer extends AsyncDisposable {
  name: string
  process: ServerProcess
  databaseUrl: string
  client: GraphQLTestClient
  /** Callers, who take turns; none where nobody is checked. */
  tokens: readonly string[]
  /** How many of the variables that can be used but once are. */
  used: number
}

/** One question to one server; equal requests are the same each time, the others the next one each time. */
export interface Asked {
  name: string
  server: QueryServer
  question: Question
  equal: boolean
}

export interface Measurement {
  /** Of the server a request. */
  serverUs: number
  /** Of PostgreSQL's backends, likewise; NaN where it cannot be known. */
  backendsUs: number
  perSecond: number
  p50Ms: number
  p99Ms: number
  bytesPerAnswer: number
  /** Of both, as a share of a core. */
  busy: number
  loadBusy: number
}

/**
 * Asks a round of requests, after half as many to warm up. With equal requests all ask the same, else each the next.
 */
export async function measure(
  load: LoadProcess,
  { server, question, equal }: Pick<Asked, 'server' | 'question' | 'equal'>,
  { connections, share }: Pace,
): Promise<Measurement> {
  const { query, variables, holds, once } = question
  const count = Math.max(connections, Math.round(question.requests * share))
  const bodies = (each: readonly Record<string, unknown>[]) =>
    each.map((used) => JSON.stringify({ query, variables: used }))
  const ask = async (requests: number) => {
    let asked = equal ? variables.slice(0, 1) : variables
    if (once) {
      asked = variables.slice(server.used, server.used + requests)
      server.used += requests
    }
    const { process, tokens } = server
    const { origin } = process
    return await load.ask('request', { origin, tokens, bodies: bodies(asked), holds, connections, count: requests })
  }
  await ask(Math.max(connections, Math.round(count / 2)))
  await load.ask('begin')
  const asked = await span(server, () => ask(count))
  const { took, serverMs, backendsMs } = asked
  return {
    ...asked.result,
    serverUs: (serverMs * 1000) / count,
    backendsUs: (backendsMs * 1000) / count,
    perSecond: (count * 1000) / took,
    busy: (serverMs + backendsMs) / took,
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
