import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import { GraphQLError } from 'graphql'
import type { GraphQLParams } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Viewer } from '../auth/viewer.ts'
import { MAX_GRAPHQL_BODY_BYTES } from '../limits.ts'
import type { BudgetState, Budgets } from './budgets.ts'
import { EndableResults } from './endable-results.ts'
import type { GraphQLEngine, GraphQLOptions, OperationContext, OperationPlugin } from './graphql-engine.ts'
import { createGraphQLEngine } from './graphql-engine.ts'
import { CLOSE_MESSAGES, type CloseReason, type LiveConnections } from './live-connections.ts'
import { readJson } from './request-body.ts'
import { sendError } from './responses.ts'
import { sendEventStream } from './sse.ts'

const MEDIA_TYPES = ['application/json', 'application/graphql-response+json']
const JSON_RANGES = [...MEDIA_TYPES, 'application/*', '*/*']

export interface GraphQLHttp {
  engine: GraphQLEngine
  /**
   * Answers a GET or POST on /graphql.
   * @param authenticate says who is calling. Asked again whenever time has passed: while the body came, and when a stream
   *   has been made known to those who end it.
   */
  handle(
    req: IncomingMessage,
    res: ServerResponse,
    authenticate: () => Promise<Viewer>,
    requestId: string,
  ): Promise<void>
}

export interface GraphQLHttpOptions {
  graphql: GraphQLOptions
  connections: LiveConnections
  budgets: Budgets
  log: Logger
}

export function createGraphQLHttp({ graphql, connections, budgets, log }: GraphQLHttpOptions): GraphQLHttp {
  const engine = createGraphQLEngine(
    { ...graphql, plugins: [withReadBody, withEventStream, ...(graphql.plugins ?? [])] },
    budgets,
    log,
  )

  async function stream(
    res: ServerResponse,
    source: AsyncIterable<ExecutionResult>,
    context: OperationContext,
    authenticate: () => Promise<Viewer>,
  ) {
    const { viewer, requestId } = context
    const results = new EndableResults(source, (err) => log.error({ err, requestId }, 'closing a subscription failed'))
    try {
      connections.checkRoom(viewer)
    } catch (error) {
      await results.close()
      throw error
    }
    const forget = connections.add({ viewer, transport: 'sse', close: (reason) => results.end(lastWords(reason)) })
    res.on('close', () => results.end())
    try {
      // Who left before the stream was there gets none, but the source hears of it.
      await authenticate().catch((error: unknown) => results.end({ errors: [engine.errors.error(error, requestId)] }))
      if (res.closed) return
      const pull = async () => {
        const pulled = await nextOrError(results)
        return pulled.done === true ? undefined : engine.errors.formatted(pulled.value, requestId)
      }
      await sendEventStream(res, pull, (sink) => context.http?.member?.attach(sink))
    } finally {
      forget()
      await results.close()
    }
  }

  return {
    engine,
    async handle(req, res, authenticate, requestId) {
      let viewer = await authenticate()
      let body: unknown
      if (req.method === 'POST') {
        body = await readJson(req, MAX_GRAPHQL_BODY_BYTES, MEDIA_TYPES)
        viewer = await authenticate()
      }
      const http: NonNullable<OperationContext['http']> = { body }
      const context: OperationContext = { viewer, requestId, http }
      const response = await engine.yoga.handleNodeRequestAndResponse(req, res, context)
      setBudgetHeaders(res, budgets.state('operations', viewer))
      if (http.stream !== undefined) return await stream(res, http.stream, context, authenticate)
      if (response.status === 406) {
        const message = 'Accept application/json, or text/event-stream for a subscription.'
        return sendError(req, res, { code: 'BAD_REQUEST', status: 406, message })
      }
      const text = await response.text()
      response.headers.forEach((value, name) => res.setHeader(name, value))
      res.setHeader('Cache-Control', 'no-store')
      res.setHeader('Content-Length', Buffer.byteLength(text))
      res.writeHead(response.status)
      res.end(text)
    },
  }
}

/** As in the IETF's draft, in the three headers that clients know. */
function setBudgetHeaders(res: ServerResponse, { limit, remaining, resetSeconds }: BudgetState): void {
  res.setHeader('RateLimit-Limit', limit)
  res.setHeader('RateLimit-Remaining', remaining)
  res.setHeader('RateLimit-Reset', resetSeconds)
}

/** A source that throws tells its subscriber so, and then it is over. */
async function nextOrError(results: EndableResults) {
  try {
    return await results.next()
  } catch (error) {
    results.end()
    const originalError = error instanceof Error ? error : new Error(String(error))
    return { done: false as const, value: { errors: [new GraphQLError('The source failed.', { originalError })] } }
  }
}

/** What a stream says before it ends; a restart says nothing, since the client is to come back. */
function lastWords(reason: CloseReason): ExecutionResult | undefined {
  if (reason === 'shutdown') return undefined
  return { errors: [new GraphQLError(`${CLOSE_MESSAGES[reason]}.`, { extensions: { code: 'UNAUTHENTICATED' } })] }
}

/** Yoga's own parsers take forms and text too, replace broken UTF-8, and fail at a query string that is no JSON. */
const withReadBody: OperationPlugin = {
  onRequestParse({ request, serverContext, setRequestParser }) {
    if (request.method === 'POST') setRequestParser(() => paramsOf(serverContext.http?.body))
    else setRequestParser(() => paramsOfQuery(new URL(request.url).searchParams))
  },
}

function paramsOfQuery(search: URLSearchParams): GraphQLParams {
  const objectOf = (name: string): Record<string, unknown> | undefined => {
    const text = search.get(name)
    if (text === null || text === '') return undefined
    try {
      return JSON.parse(text) as Record<string, unknown>
    } catch {
      throw badRequest(`"${name}" must be JSON.`)
    }
  }
  return {
    operationName: search.get('operationName') || undefined,
    query: search.get('query') || undefined,
    variables: objectOf('variables'),
    extensions: objectOf('extensions'),
  }
}

function paramsOf(body: unknown): GraphQLParams | GraphQLParams[] {
  // A list is a batch, which Yoga refuses by itself.
  if (typeof body === 'object' && body !== null) return body
  throw badRequest('The body must be a JSON object with a "query".')
}

function badRequest(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } })
}

/**
 * Takes streams, and single results for a caller who reads nothing else, out of Yoga's hands: its streams can't be
 * ended from outside, and a source that fails while closing would end the process.
 */
const withEventStream: OperationPlugin = {
  onResultProcess(payload) {
    const { result, serverContext } = payload
    const isStream = Symbol.asyncIterator in result
    const accepted = acceptedMediaTypes(payload.request)
    const acceptsEvents = accepted.includes('text/event-stream')
    const acceptsAny = accepted.includes('*/*') || accepted.includes('text/*')
    const acceptsJson = accepted.some((type) => JSON_RANGES.includes(type))
    if (isStream && !acceptsEvents && !acceptsAny) {
      // Yoga answers 406 and forgets the stream.
      new EndableResults(result, () => undefined).end()
      return
    }
    if (!isStream && (!acceptsEvents || acceptsJson)) return
    // A list is a refused batch; it is answered as JSON, whatever is accepted.
    if (Array.isArray(result)) return
    if (serverContext.http !== undefined) serverContext.http.stream = isStream ? result : once(result)
    payload.setResultProcessor((_result, fetchAPI) => new fetchAPI.Response(null, { status: 200 }), 'text/event-stream')
  },
}

function acceptedMediaTypes(request: Request): string[] {
  const entries = (request.headers.get('accept') ?? '*/*').split(',')
  return entries.map((entry) => (entry.split(';')[0] ?? '').trim().toLowerCase())
}

async function* once(result: ExecutionResult): AsyncGenerator<ExecutionResult> {
  yield result
}
