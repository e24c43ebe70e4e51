import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import { GraphQLError } from 'graphql'
import type { GraphQLParams } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Viewer } from '../auth/viewer.ts'
import { EndableResults } from './endable-results.ts'
import type { GraphQLEngine, GraphQLOptions, OperationContext, OperationPlugin } from './graphql-engine.ts'
import { createGraphQLEngine } from './graphql-engine.ts'
import type { CloseReason, LiveConnections } from './live-connections.ts'
import { readJson } from './request-body.ts'
import { sendError } from './responses.ts'
import { sendEventStream } from './sse.ts'

/** Ample for any document a person writes; a page of variables fits too. */
export const MAX_GRAPHQL_BODY_BYTES = 256 * 1024
const MEDIA_TYPES = ['application/json', 'application/graphql-response+json']
const JSON_RANGES = [...MEDIA_TYPES, 'application/*', '*/*']

export interface GraphQLHttp {
  engine: GraphQLEngine
  /** Answers a GET or POST on /graphql of a viewer who is known. */
  handle(req: IncomingMessage, res: ServerResponse, viewer: Viewer, requestId: string): Promise<void>
}

export interface GraphQLHttpOptions {
  graphql: GraphQLOptions
  connections: LiveConnections
  log: Logger
}

export function createGraphQLHttp({ graphql, connections, log }: GraphQLHttpOptions): GraphQLHttp {
  const engine = createGraphQLEngine(
    { ...graphql, plugins: [withReadBody, withEventStream, ...(graphql.plugins ?? [])] },
    log,
  )

  async function stream(res: ServerResponse, source: AsyncIterable<ExecutionResult>, context: OperationContext) {
    const { viewer, requestId } = context
    const results = new EndableResults(source, (err) => log.error({ err, requestId }, 'closing a subscription failed'))
    const forget = connections.add({ viewer, transport: 'sse', close: (reason) => results.end(lastWords(reason)) })
    res.on('close', () => results.end())
    try {
      // Who left before the stream was there gets none, but the source hears of it.
      if (res.closed) return
      await sendEventStream(res, async () => {
        const pulled = await nextOrError(results)
        return pulled.done === true ? undefined : engine.errors.formatted(pulled.value, requestId)
      })
    } finally {
      forget()
      await results.close()
    }
  }

  return {
    engine,
    async handle(req, res, viewer, requestId) {
      const body = req.method === 'POST' ? await readJson(req, MAX_GRAPHQL_BODY_BYTES, MEDIA_TYPES) : undefined
      const http: NonNullable<OperationContext['http']> = { body }
      const context: OperationContext = { viewer, requestId, http }
      const response = await engine.yoga.handleNodeRequestAndResponse(req, res, context)
      if (http.stream !== undefined) return await stream(res, http.stream, context)
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
  const message = reason === 'expired' ? 'This session has expired. Sign in again.' : 'Signed out.'
  return { errors: [new GraphQLError(message, { extensions: { code: 'UNAUTHENTICATED' } })] }
}

/** Yoga's own body parsers take forms and text too, and replace broken UTF-8. */
const withReadBody: OperationPlugin = {
  onRequestParse(payload) {
    if (payload.request.method !== 'POST') return
    payload.setRequestParser(() => paramsOf(payload.serverContext.http?.body))
  },
}

function paramsOf(body: unknown): GraphQLParams | GraphQLParams[] {
  // A list is a batch, which Yoga refuses by itself.
  if (typeof body === 'object' && body !== null) return body
  throw new GraphQLError('The body must be a JSON object with a "query".', {
    extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
  })
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
