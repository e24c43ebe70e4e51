import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ExecutionArgs } from 'graphql'
import { OperationTypeNode } from 'graphql'
import type { Server as ProtocolServer } from 'graphql-ws'
import { CloseCode, handleProtocols, makeServer, MessageType, stringifyMessage } from 'graphql-ws'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import type { Authenticator, Credentials } from '../auth/authenticator.ts'
import type { Viewer } from '../base/viewer.ts'
import type { SharedMember } from '../fanout/shared-group.ts'
import type { MessageSink } from '../fanout/shared-message.ts'
import { INIT_TIMEOUT_MS, MAX_FRAME_BYTES, MAX_FRAME_PARTS, PING_MS } from '../base/limits.ts'
import { callerOf } from '../http/caller.ts'
import type { GraphQLEngine, PreparedOperation } from '../engine/graphql-engine.ts'
import type { LiveConnections } from './live-connections.ts'
import type { AnswerText } from '../engine/answer-body.ts'
import { refuseUpgrade } from '../http/responses.ts'
import { socketAnswer } from './socket-answer.ts'
import { closeFor, refuseInit } from './socket-closing.ts'
import { KeepAlive } from './socket-keep-alive.ts'
import { BadMessageError, SocketInbox } from './socket-inbox.ts'
import { SocketSubscriptions } from './socket-subscriptions.ts'
import { SocketWriter } from './socket-writer.ts'
import { boundUnknownCaller } from './unknown-caller.ts'
import type { UnreadBytes } from './unread-bytes.ts'
import { UnauthenticatedSockets } from './unauthenticated-sockets.ts'

/** The close code of WebSocket itself for a peer that breaks our limits. */
const POLICY_VIOLATION = 1008

const PONG = stringifyMessage({ type: MessageType.Pong })

/** What graphql-ws stores for us with each socket. */
interface SocketExtra {
  /** Those of the upgrade request. */
  credentials: Credentials
  socket: WebSocket
  writer: SocketWriter
  subscriptions: SocketSubscriptions
  /** Set as soon as messages can arrive. */
  inbox?: SocketInbox
  viewer?: Viewer
  /** Called once the socket's caller is authenticated. */
  authenticated: () => void
  /** Authenticates the caller again, at the time of the call. */
  authenticate?: () => Promise<Viewer>
}

/** An operation, who reads its answer, and where that goes. */
interface SocketOperation extends PreparedOperation {
  writer: SocketWriter
  sinkOf: (member: SharedMember) => MessageSink
  sent: (text: AnswerText) => AsyncIterable<never>
}

interface GraphQLWebSocketsOptions {
  engine: GraphQLEngine
  authenticator: Authenticator
  connections: LiveConnections
  unread: UnreadBytes
  log: Logger
  /** For tests; milliseconds. */
  initTimeoutMs?: number
  pingMs?: number
}

/** GraphQL over WebSocket (graphql-transport-ws): graphql-ws handles the protocol, this class handles the sockets. */
export class GraphQLWebSockets {
  readonly #options: GraphQLWebSocketsOptions
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    // It would cost 25 times the CPU per message, and 1.7 MB per connection.
    perMessageDeflate: false,
    // Each part of an unfinished message takes some 200 bytes beside its content.
    maxBufferedChunks: MAX_FRAME_PARTS,
    maxFragments: MAX_FRAME_PARTS,
    handleProtocols: (protocols) => handleProtocols(protocols),
  })
  readonly #protocol: ProtocolServer<SocketExtra>
  readonly #unauthenticated = new UnauthenticatedSockets()
  readonly #keepAlive: KeepAlive
  /** In-flight queries and mutations; a graceful shutdown drains them. */
  readonly #executing = new Set<Promise<unknown>>()
  /** An operation runs with the plugins that prepared it. */
  readonly #prepared = new WeakMap<ExecutionArgs, SocketOperation>()
  /** The writer of each socket, with a promise that is pending until its operations have ended their sources. */
  readonly #open = new Map<SocketWriter, Promise<void>>()
  /** By what graphql-ws has in place of the payload (socket-inbox.ts). */
  readonly #requestIds = new WeakMap<object, string>()

  constructor(options: GraphQLWebSocketsOptions) {
    this.#options = options
    this.#keepAlive = new KeepAlive(options.pingMs ?? PING_MS)
    this.#protocol = this.#createProtocol(options)
  }

  /** Takes over the connection of an upgrade request that the server admits. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const leave = this.#unauthenticated.enter(this.#options.authenticator.addressOf(callerOf(request)))
    if (leave === undefined) return refuseUpgrade(socket, 503, 'Too many sockets are waiting to authenticate.')
    socket.once('close', leave)
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#opened(ws, socket, request, leave))
  }

  /**
   * Drains in-flight queries and mutations, then closes every socket with 1012, so that clients reconnect later.
   * Resolves when all sockets are closed and their operations have ended.
   */
  async close(): Promise<void> {
    for (const writer of this.#open.keys()) writer.refuseToWait()
    await Promise.allSettled(this.#executing)
    // An answer is sent in the turn of the event loop after its execution.
    await new Promise((resolve) => setImmediate(resolve))
    for (const socket of this.#server.clients) closeFor(socket, 'shutdown')
    await Promise.all(this.#open.values())
  }

  /** Cuts every connection that is still open. */
  terminate(): void {
    for (const socket of this.#server.clients) socket.terminate()
  }

  #createProtocol({
    engine,
    authenticator,
    connections,
    unread,
    log,
  }: GraphQLWebSocketsOptions): ProtocolServer<SocketExtra> {
    return makeServer<Record<string, unknown>, SocketExtra>({
      // Our own timeout also covers the time that authentication takes.
      connectionInitWaitTimeout: 0,
      onConnect: async (ctx) => {
        const { socket } = ctx.extra
        const param = (name: string) => textOf(ctx.connectionParams, name)
        const authorization = param('authorization') ?? ctx.extra.credentials.authorization
        const credentials: Credentials = { ...ctx.extra.credentials, authorization, token: param('token') }
        const authenticate = authenticator.callerWith(credentials)
        // The rest is not kept for as long as the socket is open.
        Object.assign(ctx, { connectionParams: undefined })
        try {
          const viewer = await authenticate()
          // A client that has disconnected meanwhile has no connection to be closed later.
          if (socket.readyState !== socket.OPEN) return false
          connections.checkRoom(viewer)
          const forget = connections.add({
            viewer,
            transport: 'websocket',
            close: (reason) => closeFor(socket, reason),
          })
          socket.once('close', forget)
          // The credential may have ended just before the socket was added to the live connections.
          ctx.extra.viewer = await authenticate()
          ctx.extra.authenticate = authenticate
          ctx.extra.authenticated()
          ctx.extra.writer.count(unread.open(viewer, () => socket.terminate()))
          return socket.readyState === socket.OPEN
        } catch (error) {
          refuseInit(socket, engine.errors.refusalOf(error) ?? error, log)
          // Never acknowledged: the socket is closing already.
          return false
        }
      },
      // A mistake in a document is answered to its operation. If it were thrown here, it would close the socket.
      onSubscribe: async (ctx, id, stub) => {
        const { authenticate, inbox, writer, subscriptions } = ctx.extra
        if (authenticate === undefined) throw new Error('An operation arrived before its connection was acknowledged.')
        const payload = inbox?.takePayload(id) ?? { ...stub, bytes: 0 }
        const requestId = randomUUID()
        this.#requestIds.set(stub, requestId)
        try {
          const viewer = await authenticate()
          unread.checkRoom(viewer)
          const prepared = await engine.prepare(payload, { viewer, requestId })
          if (!('args' in prepared)) return prepared
          if (prepared.kind === OperationTypeNode.SUBSCRIPTION) subscriptions.add(id)
          const sinkOf = (member: SharedMember) => writer.sinkFor(id, () => member.isUnsubscribed)
          const sent = (text: AnswerText) => socketAnswer(writer, id, text)
          this.#prepared.set(prepared.args, { ...prepared, writer, sinkOf, sent })
          return prepared.args
        } catch (error) {
          return [engine.errors.error(error, requestId)]
        }
      },
      execute: async (args) => {
        const { execute, writer, sent } = this.#preparedOf(args)
        const execution = execute(args, writer)
        this.#executing.add(execution)
        try {
          return sent(await execution)
        } finally {
          this.#executing.delete(execution)
        }
      },
      // The messages of a group go straight to the socket. What graphql-ws iterates yields only how the subscription
      // ends.
      subscribe: async (args) => {
        const { subscribe, sinkOf, sent } = this.#preparedOf(args)
        const answer = await subscribe(args)
        if (answer.kind === 'text') return sent(answer.text)
        // For as long as it runs, graphql-ws keeps the arguments: nothing may hang on them.
        this.#prepared.delete(args)
        answer.member.attach(sinkOf(answer.member))
        return answer.member
      },
      onNext: (_ctx, _id, stub, _args, result) => engine.errors.formatted(result, this.#requestIdOf(stub)),
      onError: (_ctx, _id, stub, errors) => errors.map((error) => engine.errors.format(error, this.#requestIdOf(stub))),
    })
  }

  #opened(socket: WebSocket, stream: Duplex, request: IncomingMessage, leave: () => void): void {
    const { log, initTimeoutMs = INIT_TIMEOUT_MS } = this.#options
    const subscriptions = new SocketSubscriptions()
    const writer = new SocketWriter(socket, stream, subscriptions)
    const forgetUnknown = boundUnknownCaller(socket, request.socket)
    const initTimeout = setTimeout(() => {
      socket.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout')
      // The closing handshake would wait for a reader that may never read, and who it is we do not know.
      socket.terminate()
    }, initTimeoutMs)
    const authenticated = () => {
      clearTimeout(initTimeout)
      forgetUnknown()
      leave()
    }
    const { authorization, cookie } = request.headers
    const credentials = { authorization, cookie, ...callerOf(request) }
    const extra: SocketExtra = { credentials, socket, writer, subscriptions, authenticated }
    const stopPinging = this.#keepAlive.add(writer)

    const closed = this.#protocol.opened(
      {
        protocol: socket.protocol,
        send: async (data) => await writer.send(data),
        close: (code, reason) => socket.close(code, reason),
        // Without the payload of the ping: what was received need not be kept for a reader.
        onPing: async () => await writer.send(PONG),
        onMessage: (handle) => {
          const inbox = new SocketInbox(handle, (id) => subscriptions.delete(id))
          extra.inbox = inbox
          const mayReceive = () => {
            if (inbox.mayReceive()) return true
            socket.close(POLICY_VIOLATION, 'Too many messages')
            return false
          }
          socket.on('ping', () => {
            if (socket.readyState === socket.OPEN && mayReceive()) writer.pauseIfBehind()
          })
          socket.on('message', (data, isBinary) => {
            // The protocol is JSON in text frames; for binary frames, ws does not check the UTF-8.
            // Messages that arrive after we have begun to close the socket are ignored, whatever the reason.
            if (socket.readyState !== socket.OPEN || !mayReceive()) return
            if (isBinary || !Buffer.isBuffer(data)) socket.close(CloseCode.BadRequest, 'Send text, not binary')
            else inbox.receive(data.toString('utf8')).catch((error: unknown) => this.#handleFailure(socket, error))
          })
        },
      },
      extra,
    )
    // A violation of the WebSocket protocol itself (a frame too large, invalid UTF-8) is answered by ws, with its code.
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
    this.#open.set(writer, done)
    void done.then(() => this.#open.delete(writer))
  }

  #handleFailure(socket: WebSocket, error: unknown): void {
    if (error instanceof BadMessageError) return socket.close(CloseCode.BadRequest, error.message)
    this.#options.log.error({ err: error }, 'handling a websocket message failed')
    socket.close(CloseCode.InternalServerError, 'Internal server error')
  }

  #preparedOf(args: ExecutionArgs): SocketOperation {
    const prepared = this.#prepared.get(args)
    if (prepared === undefined) throw new Error('An operation reached its execution without being prepared.')
    return prepared
  }

  #requestIdOf(stub: object): string {
    return this.#requestIds.get(stub) ?? randomUUID()
  }
}

/** A text of the `connection_init`. Its name is that of a header, so it is written in any case. */
function textOf(params: Record<string, unknown> = {}, name: string): string | undefined {
  const [, value] = Object.entries(params).find(([key]) => key.toLowerCase() === name) ?? []
  return typeof value === 'string' ? value : undefined
}
