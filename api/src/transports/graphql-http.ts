import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult, GraphQLError } from 'graphql'
import { OperationTypeNode } from 'graphql'
import { RefusedError } from '../base/errors.ts'
import type { Viewer } from '../base/viewer.ts'
import { MAX_GRAPHQL_BODY_BYTES } from '../base/limits.ts'
import type { SharedMember } from '../fanout/shared-group.ts'
import type { MessageSink } from '../fanout/shared-message.ts'
import { acceptedBy, type Accepted, JSON_TYPES } from '../http/accept.ts'
import type { BudgetState, Budgets } from '../engine/budgets.ts'
import type { Answer } from '../engine/executor.ts'
import type { GraphQLEngine, OperationRequest, PreparedOperation } from '../engine/graphql-engine.ts'
import { CLOSE_MESSAGES, type CloseReason, type LiveConnections } from './live-connections.ts'
import type { OperationContext } from '../engine/operation-plugin.ts'
import { graphQLErrorOf } from '../engine/public-errors.ts'
import { operationOfBody, operationOfUrl } from './operation-request.ts'
import { readJson } from '../http/request-body.ts'
import { RequestError } from '../http/request-error.ts'
import { sendAnswer } from '../http/answer-response.ts'
import { sendMultipart } from './multipart.ts'
import type { UnreadBytes } from './unread-bytes.ts'
import { lastEventIdOf, OVER, sendEventStream, sendOver, type StreamEnd } from './sse.ts'

interface GraphQLHttpOptions {
  engine: GraphQLEngine
  connections: LiveConnections
  budgets: Budgets
  unread: UnreadBytes
}

/**
 * GraphQL over HTTP: queries and mutations in JSON; subscriptions as event streams or in Apollo's parts, and other
 * operations so on request.
 */
export class GraphQLHttp {
  readonly #options: GraphQLHttpOptions

  constructor(options: GraphQLHttpOptions) {
    this.#options = options
  }

  /**
   * Answers a GET or POST on /graphql.
   * @param authenticate finds out the caller. Called again whenever time has passed: after waiting for the body, and
   *   after
   *   adding a stream to the live connections, since the credential may have ended just before.
   * @throws RequestError, and what `authenticate` throws; nothing has been sent then.
   */
  async handle(
    req: IncomingMessage,
    res: ServerResponse,
    authenticate: () => Promise<Viewer>,
    requestId: string,
  ): Promise<void> {
    const { budgets, unread } = this.#options
    const accepted = acceptedBy(req.headers.accept)
    const answered = await this.#answer(req, res, accepted, authenticate, requestId)
    if (answered === undefined) return sendOver(res)
    const { answer, viewer, kind } = answered
    setBudgetHeaders(res, budgets.state('operations', viewer))
    if (answer.kind === 'shared' || accepted.json === undefined) {
      await this.#stream(res, answer, accepted, { viewer, requestId }, authenticate)
    } else {
      const { text } = answer
      unread.count(res, viewer, text.body.head.length + text.tail.length)
      await sendAnswer(res, accepted.json, text, kind)
    }
  }

  /**
   * Runs the operation; undefined when what it follows is over. On its own, because a function that waits keeps what it
   * has read, and a subscription may run for days.
   */
  async #answer(
    req: IncomingMessage,
    res: ServerResponse,
    accepted: Accepted,
    authenticate: () => Promise<Viewer>,
    requestId: string,
  ): Promise<{ answer: Answer; viewer: Viewer; kind: OperationTypeNode | undefined } | undefined> {
    let viewer = await authenticate()
    const isPost = req.method === 'POST'
    const isWhole = req.complete
    const request = isPost ? await this.#read(req, viewer) : operationOfUrl(req.url)
    if (!isWhole) viewer = await authenticate()
    this.#options.unread.checkRoom(viewer)
    const lastEventId = lastEventIdOf(req)
    const wantsEvents = accepted.json === undefined && accepted.events
    if (wantsEvents && lastEventId === OVER) return undefined

    const prepared = await this.#options.engine.prepare(request, { viewer, requestId, lastEventId })
    const kind = 'kind' in prepared ? prepared.kind : undefined
    if (kind === OperationTypeNode.MUTATION && !isPost) {
      res.setHeader('Allow', 'POST')
      throw new RequestError(405, 'Send mutations by POST.')
    }
    if (accepted.json === undefined && !accepted.events && !accepted.parts) throw notAcceptable()

    const answer = await this.#run(prepared, requestId)
    if (wantsEvents && lastEventId !== undefined && isGone(answer)) return undefined
    return { answer, viewer, kind }
  }

  /** The operation in a body; what has been received of it counts for its caller. */
  async #read(req: IncomingMessage, { key }: Viewer): Promise<OperationRequest> {
    const { requests } = this.#options.engine
    let bytes = 0
    const hold = (more: number) => {
      requests.hold(key, more)
      bytes += more
    }
    try {
      return { ...operationOfBody(await readJson(req, MAX_GRAPHQL_BODY_BYTES, JSON_TYPES, hold)), bytes }
    } finally {
      requests.release(key, bytes)
    }
  }

  async #run(prepared: PreparedOperation | readonly GraphQLError[], requestId: string): Promise<Answer> {
    if (!('args' in prepared)) {
      return { kind: 'text', text: this.#options.engine.textOf({ errors: prepared }, requestId) }
    }
    const { args, kind, execute, subscribe } = prepared
    if (kind === OperationTypeNode.SUBSCRIPTION) return await subscribe(args)
    return { kind: 'text', text: await execute(args) }
  }

  async #stream(
    res: ServerResponse,
    answer: Answer,
    accepted: Accepted,
    { viewer, requestId }: OperationContext,
    authenticate: () => Promise<Viewer>,
  ): Promise<void> {
    const { engine, connections, unread } = this.#options
    const member = answer.kind === 'shared' ? answer.member : undefined
    /** How the stream was ended from outside; the first reason counts. */
    let ended: ExecutionResult | 'cut' | undefined
    const end = (how: ExecutionResult | 'cut') => {
      ended ??= how
      void member?.return()
    }
    let forget = () => {}
    try {
      if (!accepted.events && !accepted.parts) throw notAcceptable()
      connections.checkRoom(viewer)
      forget = connections.add({ viewer, transport: 'sse', close: (reason) => end(endFor(reason)) })
      res.on('close', () => end('cut'))
      await authenticate().catch((error: unknown) => end({ errors: [engine.errors.error(error, requestId)] }))
      // A client that has disconnected meanwhile gets no stream; its source is ended below.
      if (res.closed) return
      const send = accepted.events ? sendEventStream : sendMultipart
      const account = unread.open(viewer, () => void res.destroy())
      await send(res, member?.id, account, async (sink): Promise<StreamEnd> => {
        const last = answer.kind === 'shared' ? await lastOf(answer.member, sink) : answer.text
        if (ended === 'cut') return 'cut'
        const end = ended ?? last
        return { last: end && ('tail' in end ? end : engine.textOf(end, requestId)) }
      })
    } finally {
      forget()
      end('cut')
    }
  }
}

/** Whether what a client comes back for was deleted meanwhile. */
function isGone(answer: Answer): boolean {
  if (answer.kind === 'shared') return false
  const { data, errors } = answer.text.body
  return data === 'absent' && errors.some(({ extensions }) => extensions?.['code'] === 'NOT_FOUND')
}

/**
 * Sends a member's messages to the sink until the subscription ends; gives the result that says why, if there is one.
 */
async function lastOf(member: SharedMember, sink: MessageSink): Promise<ExecutionResult | undefined> {
  member.attach(sink)
  const last = await member.next()
  return last.done === true ? undefined : last.value
}

function notAcceptable(): RequestError {
  const forSubscriptions = 'text/event-stream or multipart/mixed;subscriptionSpec=1.0'
  return new RequestError(406, `Accept application/json; for a subscription, accept ${forSubscriptions}.`)
}

/** As in the draft of the IETF, in the three headers that clients know. */
function setBudgetHeaders(res: ServerResponse, { limit, remaining, resetSeconds }: BudgetState): void {
  res.setHeader('RateLimit-Limit', limit)
  res.setHeader('RateLimit-Remaining', remaining)
  res.setHeader('RateLimit-Reset', resetSeconds)
}

/** How a stream is closed: with a last result; or cut at a restart, since the client is to reconnect. */
function endFor(reason: CloseReason): ExecutionResult | 'cut' {
  if (reason === 'shutdown') return 'cut'
  return { errors: [graphQLErrorOf(new RefusedError('UNAUTHENTICATED', `${CLOSE_MESSAGES[reason]}.`))] }
}
