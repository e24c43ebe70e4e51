import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import { GraphQLError, OperationTypeNode } from 'graphql'
import type { Logger } from 'pino'
import { RefusedError } from '../base/errors.ts'
import type { Viewer } from '../base/viewer.ts'
import { MAX_GRAPHQL_BODY_BYTES } from '../base/limits.ts'
import { SharedMember } from '../fanout/shared-group.ts'
import { acceptedBy, type Accepted, JSON_TYPES } from '../http/accept.ts'
import type { BudgetState, Budgets } from '../engine/budgets.ts'
import { CancellableResults } from './cancellable-results.ts'
import type { GraphQLEngine, PreparedOperation, Results } from '../engine/graphql-engine.ts'
import { CLOSE_MESSAGES, type CloseReason, type LiveConnections } from './live-connections.ts'
import type { OperationContext } from '../engine/operation-plugin.ts'
import { graphQLErrorOf } from '../engine/public-errors.ts'
import { operationOfBody, operationOfUrl } from './operation-request.ts'
import { readJson } from '../http/request-body.ts'
import { RequestError } from '../http/request-error.ts'
import { sendResult } from '../http/responses.ts'
import { sendEventStream } from './sse.ts'

export interface GraphQLHttpOptions {
  engine: GraphQLEngine
  connections: LiveConnections
  budgets: Budgets
  log: Logger
}

/** GraphQL over HTTP: queries and mutations in JSON, subscriptions (and whatever is asked for so) as event streams. */
export class GraphQLHttp {
  readonly #options: GraphQLHttpOptions

  constructor(options: GraphQLHttpOptions) {
    this.#options = options
  }

  /**
   * Answers a GET or POST on /graphql.
   * @param authenticate says who is calling. Asked again whenever time has passed: when the body was waited for, and when
   *   a stream has been made known to those who end it.
   * @throws RequestError, and what `authenticate` throws; nothing has been sent then.
   */
  async handle(
    req: IncomingMessage,
    res: ServerResponse,
    authenticate: () => Promise<Viewer>,
    requestId: string,
  ): Promise<void> {
    const { engine, budgets } = this.#options
    const accepted = acceptedBy(req.headers.accept)
    let viewer = await authenticate()
    const isPost = req.method === 'POST'
    const isWhole = req.complete
    const request = isPost
      ? operationOfBody(await readJson(req, MAX_GRAPHQL_BODY_BYTES, JSON_TYPES))
      : operationOfUrl(req.url)
    if (!isWhole) viewer = await authenticate()
    const context = { viewer, requestId }

    const prepared = await engine.prepare(request, context)
    if ('kind' in prepared && prepared.kind === OperationTypeNode.MUTATION && !isPost) {
      res.setHeader('Allow', 'POST')
      throw new RequestError(405, 'Send mutations by POST.')
    }
    if (accepted.json === undefined && !accepted.events) throw notAcceptable()

    const results = await resultsOf(prepared)
    setBudgetHeaders(res, budgets.state('operations', viewer))
    if (Symbol.asyncIterator in results) await this.#stream(res, results, accepted, context, authenticate)
    else if (accepted.json === undefined) await this.#stream(res, once(results), accepted, context, authenticate)
    else sendResult(res, accepted.json, engine.errors.formatted(results, requestId))
  }

  async #stream(
    res: ServerResponse,
    source: AsyncIterable<ExecutionResult>,
    accepted: Accepted,
    { viewer, requestId }: OperationContext,
    authenticate: () => Promise<Viewer>,
  ): Promise<void> {
    const { engine, connections, log } = this.#options
    const results = new CancellableResults(source, (err) =>
      log.error({ err, requestId }, 'closing a subscription failed'),
    )
    try {
      if (!accepted.events) throw notAcceptable()
      connections.checkRoom(viewer)
    } catch (error) {
      await results.close()
      throw error
    }
    const forget = connections.add({ viewer, transport: 'sse', close: (reason) => results.end(finalResult(reason)) })
    res.on('close', () => results.end())
    try {
      // Who left before the stream was there gets none, but the source hears of it.
      await authenticate().catch((error: unknown) => results.end({ errors: [engine.errors.error(error, requestId)] }))
      if (res.closed) return
      const pull = async () => {
        const pulled = await nextOrError(results)
        return pulled.done === true ? undefined : engine.errors.formatted(pulled.value, requestId)
      }
      await sendEventStream(res, pull, (sink) => {
        if (source instanceof SharedMember) source.attach(sink)
      })
    } finally {
      forget()
      await results.close()
    }
  }
}

async function resultsOf(prepared: PreparedOperation | readonly GraphQLError[]): Promise<Results> {
  if (!('args' in prepared)) return { errors: prepared }
  const { args, kind, execute, subscribe } = prepared
  return await (kind === OperationTypeNode.SUBSCRIPTION ? subscribe(args) : execute(args))
}

function notAcceptable(): RequestError {
  return new RequestError(406, 'Accept application/json, or text/event-stream for a subscription.')
}

/** As in the IETF's draft, in the three headers that clients know. */
function setBudgetHeaders(res: ServerResponse, { limit, remaining, resetSeconds }: BudgetState): void {
  res.setHeader('RateLimit-Limit', limit)
  res.setHeader('RateLimit-Remaining', remaining)
  res.setHeader('RateLimit-Reset', resetSeconds)
}

/** A source that throws tells its subscriber so, and then it is over. */
async function nextOrError(results: CancellableResults) {
  try {
    return await results.next()
  } catch (error) {
    results.end()
    const originalError = error instanceof Error ? error : new Error(String(error))
    return { done: false as const, value: { errors: [new GraphQLError('The source failed.', { originalError })] } }
  }
}

/** What a stream says before it ends; a restart says nothing, since the client is to come back. */
function finalResult(reason: CloseReason): ExecutionResult | undefined {
  if (reason === 'shutdown') return undefined
  return { errors: [graphQLErrorOf(new RefusedError('UNAUTHENTICATED', `${CLOSE_MESSAGES[reason]}.`))] }
}

async function* once(result: ExecutionResult): AsyncGenerator<ExecutionResult> {
  yield result
}
