import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ExecutionArgs } from 'graphql'
import { OperationTypeNode } from 'graphql'
import type { Server as ProtocolServer } from 'graphql-ws'
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import type { Authenticator } from '../auth/authenticator.ts'
import type { Viewer } from '../base/viewer.ts'
import { RefusedError } from '../base/errors.ts'
import type { SharedMember } from '../fanout/shared-group.ts'
import type { MessageSink } from '../fanout/shared-message.ts'
import { limitError } from '../engine/limit-error.ts'
import { INIT_TIMEOUT_MS, MAX_FRAME_BYTES, MAX_SUBSCRIPTIONS_PER_SOCKET, PING_MS } from '../base/limits.ts'
import { callerOf } from '../http/caller.ts'
import type { GraphQLEngine, PreparedOperation } from '../engine/graphql-engine.ts'
import { CLOSE_MESSAGES, type CloseReason, type LiveConnections } from './live-connections.ts'
import { refuseUpgrade } from '../http/responses.ts'
import { SocketInbox } from './socket-inbox.ts'
import { SocketWriter } from './socket-writer.ts'
import { UnauthenticatedSockets } from './unauthenticated-sockets.ts'

/** WebSocket's own codes, beside graphql-transport-ws's (CloseCode). */
const SERVICE_RESTART = 1012
const TRY_AGAIN_LATER = 1013
const POLICY_VIOLATION = 1008
/** What fits a close frame beside its code. */
const MAX_REASON_BYTES = 123

/** What graphql-ws keeps for us with each socket. */
interface SocketExtra {
  request: IncomingMessage
  socket: WebSocket
  writer: SocketWriter
  /** Ids of what is being followed. */
  subscriptions: Set<string>
  viewer?: Viewer
  /** It is known whose it is. */
  authenticated: () => void
  /** Says who is calling, now. */
  authenticate?: () => Promise<Viewer>
}

/** An operation and where its shared messages go. */
interface SocketOperation extends PreparedOperation {
  sinkOf: (member: SharedMember) => MessageSink
}

export interface GraphQLWebSocketsOptions {
  engine: GraphQLEngine
  authenticator: Authenticator
  connections: LiveConnections
  log: Logger
  /** For tests; milliseconds. */
  initTimeoutMs?: number
  pingMs?: number
}

/** GraphQL over WebSocket: graphql-transport-ws, its protocol kept by graphql-ws, its sockets by us. */
export class GraphQLWebSockets {
  readonly #options: GraphQLWebSocketsOptions
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    // 25 times the CPU per message and 1.7 MB per connection.
    perMessageDeflate: false,
    handleProtocols: (protocols) => handleProtocols(protocols),
  })
  readonly #protocol: ProtocolServer<SocketExtra>
  readonly #waiting = new UnauthenticatedSockets()
  /** Queries and mutations being executed; a shutdown lets them answer. */
  readonly #executing = new Set<Promise<unknown>>()
  /** The envelop that prepared an operation also runs it. */
  readonly #prepared = new WeakMap<ExecutionArgs, SocketOperation>()
  /** One for each socket until its operations have let go of their sources. */
  readonly #open = new Set<Promise<void>>()
  readonly #requestIds = new WeakMap<object, string>()

  constructor(options: GraphQLWebSocketsOptions) {
    this.#options = options
    this.#protocol = this.#createProtocol(options)
  }

  /** Takes over the connection of an upgrade request that may come in. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const leave = this.#waiting.enter(this.#options.authenticator.addressOf(callerOf(request)))
    if (leave === undefined) return refuseUpgrade(socket, 503, 'Too many sockets wait for their credentials.')
    socket.once('close', leave)
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#opened(ws, socket, request, leave))
  }

  /**
   * Lets running queries and mutations answer, then asks every client to come back later (1012). Resolves when all have
   * gone and their operations are closed.
   */
  async close(): Promise<void> {
    await Promise.allSettled(this.#executing)
    // Answers are sent in the turn after their execution.
    await new Promise((resolve) => setImmediate(resolve))
    for (const socket of this.#server.clients) socket.close(SERVICE_RESTART, 'Service restart')
    await Promise.all(this.#open)
  }

  /** Cuts whatever is still connected. */
  terminate(): void {
    for (const socket of this.#server.clients) socket.terminate()
  }

  #createProtocol({ engine, authenticator, connections, log }: GraphQLWebSocketsOptions): ProtocolServer<SocketExtra> {
    return makeServer<Record<string, unknown>, SocketExtra>({
      // Ours covers the time that authenticating takes as well.
      connectionInitWaitTimeout: 0,
      onConnect: async (ctx) => {
        const { request, socket } = ctx.extra
        const { authorization, token } = ctx.connectionParams ?? {}
        const authenticate = () =>
          authenticator.authenticate({
            authorization: typeof authorization === 'string' ? authorization : request.headers.authorization,
            token: typeof token === 'string' ? token : undefined,
            cookie: request.headers.cookie,
            ...callerOf(request),
          })
        try {
          const viewer = await authenticate()
          // Who left meanwhile has nothing to be closed.
          if (socket.readyState !== socket.OPEN) return false
          connections.checkRoom(viewer)
          const forget = connections.add({
            viewer,
            transport: 'websocket',
            close: (reason) => closeFor(socket, reason),
          })
          socket.once('close', forget)
          // Its credential may have ended before anybody could have closed the socket for it.
          ctx.extra.viewer = await authenticate()
          ctx.extra.authenticate = authenticate
          ctx.extra.authenticated()
          return socket.readyState === socket.OPEN
        } catch (error) {
          refuse(socket, engine.errors.refusalOf(error) ?? error, log)
          // Never acknowledged: the socket is closing already.
          return false
        }
      },
      // A mistake in a document answers its operation. Thrown from here it would close the socket.
      onSubscribe: async (ctx, id, payload) => {
        const { authenticate } = ctx.extra
        if (authenticate === undefined) throw new Error('An operation came before its socket was acknowledged.')
        const requestId = randomUUID()
        this.#requestIds.set(payload, requestId)
        try {
          const viewer = await authenticate()
          const prepared = await engine.prepare(payload, { viewer, requestId })
          if (!('args' in prepared)) return prepared
          const { writer, subscriptions } = ctx.extra
          if (prepared.kind === OperationTypeNode.SUBSCRIPTION) {
            const asked = subscriptions.size + 1
            if (asked > MAX_SUBSCRIPTIONS_PER_SOCKET) {
              return [limitError('subscriptions', MAX_SUBSCRIPTIONS_PER_SOCKET, asked)]
            }
            subscriptions.add(id)
          }
          const sinkOf = (member: SharedMember) => writer.sinkFor(id, () => member.isUnsubscribed)
          this.#prepared.set(prepared.args, { ...prepared, sinkOf })
          return prepared.args
        } catch (error) {
          return [engine.errors.error(error, requestId)]
        }
      },
      execute: async (args) => {
        const execution = this.#preparedOf(args).execute(args)
        this.#executing.add(execution)
        try {
          return await execution
        } finally {
          this.#executing.delete(execution)
        }
      },
      // The messages of a group go straight to the socket. What graphql-ws iterates yields only how the subscription ends.
      subscribe: async (args) => {
        const { subscribe, sinkOf } = this.#preparedOf(args)
        const answer = await subscribe(args)
        if (answer.kind === 'result') return answer.result
        answer.member.attach(sinkOf(answer.member))
        return answer.member
      },
      onNext: (_ctx, _id, payload, _args, result) => engine.errors.formatted(result, this.#requestIdOf(payload)),
      onError: (_ctx, _id, payload, errors) =>
        errors.map((error) => engine.errors.format(error, this.#requestIdOf(payload))),
    })
  }

  #opened(socket: WebSocket, stream: Duplex, request: IncomingMessage, authenticated: () => void): void {
    const { log, initTimeoutMs = INIT_TIMEOUT_MS, pingMs = PING_MS } = this.#options
    const subscriptions = new Set<string>()
    const writer = new SocketWriter(socket, stream, subscriptions)
    const extra: SocketExtra = { request, socket, writer, subscriptions, authenticated }
    const initTimeout = setTimeout(() => {
      if (extra.viewer !== undefined) return
      socket.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout')
    }, initTimeoutMs)
    const stopPinging = keepAlive(socket, pingMs)

    const closed = this.#protocol.opened(
      {
        protocol: socket.protocol,
        send: async (data) => await writer.send(data),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) => {
          const inbox = new SocketInbox(handle, (id) => subscriptions.delete(id))
          const mayReceive = () => {
            if (inbox.mayReceive()) return true
            socket.close(POLICY_VIOLATION, 'Too many messages')
            return false
          }
          socket.on('ping', () => socket.readyState === socket.OPEN && mayReceive())
          socket.on('message', (data, isBinary) => {
            // The protocol is JSON in text frames; binary ones skip the check of their UTF-8.
            // What comes after we have closed, for whatever reason, is not for us any more.
            if (socket.readyState !== socket.OPEN || !mayReceive()) return
            if (isBinary || !Buffer.isBuffer(data)) socket.close(CloseCode.BadRequest, 'Send text, not binary')
            else inbox.receive(data.toString('utf8')).catch((error: unknown) => this.#handleFailure(socket, error))
          })
        },
      },
      extra,
    )
    // What breaks the WebSocket protocol itself (a frame too large, invalid UTF-8) is answered by ws, with its code.
    socket.on('error', (err) => log.debug({ err }, 'a websocket failed'))
    const done = new Promise<void>((resolve) => {
      socket.once('close', (code, reason) => {
        clearTimeout(initTimeout)
        stopPinging()
        closed(code, String(reason))
          .catch((err: unknown) => log.error({ err }, 'closing the operations of a socket failed'))
          .finally(resolve)
      })
    })
    this.#open.add(done)
    void done.then(() => this.#open.delete(done))
  }

  #handleFailure(socket: WebSocket, error: unknown): void {
    // graphql-ws throws for types that only a server sends; to the protocol they are bad requests.
    if (error instanceof Error && error.message.startsWith('Unexpected message of type')) {
      socket.close(CloseCode.BadRequest, 'Invalid message received')
      return
    }
    this.#options.log.error({ err: error }, 'handling a websocket message failed')
    socket.close(CloseCode.InternalServerError, 'Internal server error')
  }

  #preparedOf(args: ExecutionArgs): SocketOperation {
    const prepared = this.#prepared.get(args)
    if (prepared === undefined) throw new Error('An operation reached its execution unprepared.')
    return prepared
  }

  #requestIdOf(payload: object): string {
    return this.#requestIds.get(payload) ?? randomUUID()
  }
}

function refuse(socket: WebSocket, error: unknown, log: Logger): void {
  if (error instanceof RefusedError) {
    const reason = Buffer.byteLength(error.message) <= MAX_REASON_BYTES ? error.message : 'Forbidden'
    const isForNow = error.code === 'UNAVAILABLE' || error.code === 'RATE_LIMITED'
    socket.close(isForNow ? TRY_AGAIN_LATER : CloseCode.Forbidden, reason)
    return
  }
  log.error({ err: error }, 'authenticating a websocket failed')
  socket.close(TRY_AGAIN_LATER, 'Try again later')
}

function closeFor(socket: WebSocket, reason: CloseReason): void {
  if (reason === 'shutdown') socket.close(SERVICE_RESTART, 'Service restart')
  else socket.close(CloseCode.Forbidden, CLOSE_MESSAGES[reason])
}

/** Finds peers that are gone without a word: one ping, one period to answer it. */
function keepAlive(socket: WebSocket, periodMs: number): () => void {
  let isAlive = true
  socket.on('pong', () => {
    isAlive = true
  })
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
  }, periodMs)
  return () => clearInterval(timer)
}
