import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { RefusedError } from '../base/errors.ts'
import {
  CONNECTIONS_CHECKING_INTERVAL_MS,
  CROWDED_TCP_CONNECTIONS,
  HEADERS_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  MAX_TCP_CONNECTIONS,
  REQUEST_TIMEOUT_MS,
} from '../base/limits.ts'
import { withoutBasePath } from './base-path.ts'
import { pathOf } from '../http/path.ts'
import { RequestError } from '../http/request-error.ts'
import { Connections } from './connections.ts'
import { isExport } from './export-route.ts'
import { asksForWebSocket, ignoreUpgrade } from './ignored-upgrade.ts'
import type { OriginPolicy, Verdict } from './origins.ts'
import { createOriginPolicy } from './origins.ts'
import { refuseUpgrade, sendError, sendText, setSecurityHeaders } from '../http/responses.ts'
import type { HttpApp, Router } from './router.ts'
import { isEventSource, sendEmptyStream } from '../transports/sse.ts'
import { createRouter, routeOf } from './router.ts'

/** A thousand clients that reconnect at once must fit; the kernel caps it at net.core.somaxconn. */
const BACKLOG = 4096
const PREFLIGHT_MAX_AGE_SECONDS = 600
/** What a page needs for GraphQL, and what GraphQL clients and tracing add by themselves. */
const CORS_HEADERS = [
  'Accept',
  'Authorization',
  'Content-Type',
  'If-None-Match',
  'Last-Event-ID',
  'X-Requested-With',
  'Apollo-Require-Preflight',
  'Apollographql-Client-Name',
  'Apollographql-Client-Version',
  'Traceparent',
  'Tracestate',
  'Baggage',
]

/** The server cannot listen on the address. The message is one line, for the person who starts the server. */
export class ListenError extends Error {
  override name = 'ListenError'
}

export interface HttpServerOptions {
  host: string
  /** 0: any free port. */
  port: number
  publicUrl?: string | undefined
  /** The path of PUBLIC_URL, which requests may begin with. Default: none. */
  basePath?: string
  allowedHosts: readonly string[]
  allowedOrigins: readonly string[]
  /** Further headers that pages of the allowed origins may send. */
  allowedHeaders: readonly string[]
  log: Logger
  /** How long a connection stays open between two requests. */
  keepAliveMs: number
  /** Tests set a shorter one. */
  idleTimeoutMs?: number | undefined
  /** Tests set a smaller one. */
  crowdedAt?: number | undefined
}

export interface ListenAddress {
  port: number
  /** The origin that a person on this machine opens. */
  localOrigin: string
  /** The origin for links: PUBLIC_URL, or else the local one. */
  publicOrigin: string
}

/** One port for everything. Listens before anything else is opened, and answers 503 until `serve` is called. */
export class HttpServer {
  readonly #options: HttpServerOptions
  readonly #server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CONNECTIONS_CHECKING_INTERVAL_MS,
  })
  /** How many requests are being handled, or have responses that have not been sent completely. */
  #inFlight = 0
  #onIdle = () => {}
  readonly #connections: Connections
  #policy: OriginPolicy | undefined
  #router: Router | undefined
  #telemetry: HttpApp['telemetry'] | undefined
  #closing: Promise<void> | undefined

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.#connections = new Connections(options.crowdedAt ?? CROWDED_TCP_CONNECTIONS)
    this.#server.on('connection', (socket) => this.#connections.add(socket))
    this.#server.timeout = options.idleTimeoutMs ?? IDLE_TIMEOUT_MS
    this.#server.keepAliveTimeout = options.keepAliveMs
    this.#server.maxConnections = MAX_TCP_CONNECTIONS
    // All that fit into Node's 16 KiB. It would leave out those beyond a number silently: a second Host, or the length
    // of the body.
    this.#server.maxHeadersCount = 0
    this.#server.on('request', (req, res) => this.#track(req, res))
    this.#server.on('upgrade', (req, _socket, head) => {
      if (asksForWebSocket(req)) return this.#upgrade(req, req.socket, head)
      ignoreUpgrade(this.#server, req, req.socket, head, this.#connections.untilAnswered(req.socket))
    })
  }

  /** @throws ListenError when the address is taken or not one of this machine. Nothing is left open then. */
  async listen(): Promise<ListenAddress> {
    const { host, port } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => reject(listenError(cause, host, port)))
      this.#server.listen({ host, port, backlog: BACKLOG }, () => resolve())
    })
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.')
    this.#policy = createOriginPolicy({ ...this.#options, port: address.port })
    const { localOrigin, publicOrigin } = this.#policy
    this.#server.on('error', (err) => this.#options.log.error({ err }, 'the http server failed'))
    return { port: address.port, localOrigin, publicOrigin }
  }

  /** Serves the app from now on. Called once, after `listen`. */
  serve(app: HttpApp): void {
    this.#router = createRouter(app, this.#options.log)
    this.#telemetry = app.telemetry
  }

  /**
   * Graceful shutdown: refuses new requests at once, cuts streams and closes sockets with 1012, so that their clients
   * come back, and drains in-flight requests. After `graceMs` it destroys the connections that are left. Resolves when
   * the port is free and no request is in flight. Further calls return the same promise.
   */
  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs)
    return this.#closing
  }

  async #close(graceMs: number): Promise<void> {
    // The HTTP server's own close would destroy connections whose response is complete, but not sent yet.
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(this.#server, () => resolve()))
    // Browsers open connections ahead of need. Node treats one that never sent a byte as a request that is coming in.
    for (const socket of this.#connections) if (socket.bytesRead === 0) socket.destroy()
    const drained = new AbortController()
    const grace = sleep(graceMs, undefined, { signal: drained.signal })
    await Promise.race([this.#drain().then(() => closed), grace])
    drained.abort()
    this.#router?.terminate()
    // Node's own closeAllConnections leaves upgraded connections out.
    for (const socket of this.#connections) socket.destroy()
    await closed
  }

  async #drain(): Promise<void> {
    await this.#router?.shutDown()
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve))
    // Their last response promised to keep them alive.
    this.#server.closeIdleConnections()
  }

  #track(req: IncomingMessage, res: ServerResponse): void {
    this.#removeBasePath(req)
    const requestId = randomUUID()
    const begin = performance.now()
    const { socket } = req
    this.#connections.begin(socket)
    this.#inFlight += 1
    // A mutation keeps running when its caller disconnects: it must be answered, and the response sent or lost.
    let left = 2
    const end = () => {
      left -= 1
      if (left === 0) this.#inFlight -= 1
      if (this.#inFlight === 0) this.#onIdle()
    }
    res.once('close', () => {
      this.#connections.end(socket)
      this.#count(req, res, performance.now() - begin)
      end()
    })
    const answered = this.#answer(req, res, requestId).catch((error: unknown) => this.#fail(req, res, requestId, error))
    void answered.then(end)
  }

  #count(req: IncomingMessage, res: ServerResponse, durationMs: number): void {
    const route = routeOf(req)
    const isStream =
      isExport(pathOf(req)) || /^(text\/event-stream|multipart\/)/.test(String(res.getHeader('content-type')))
    this.#telemetry?.onRequest({
      route,
      method: req.method ?? '',
      status: res.headersSent ? res.statusCode : undefined,
      durationMs: isStream ? undefined : durationMs,
    })
  }

  async #answer(req: IncomingMessage, res: ServerResponse, requestId: string): Promise<void> {
    setSecurityHeaders(res, requestId, this.#policy?.publicOrigin.startsWith('https:') ?? false)
    // A connection that is kept alive would keep a server alive that is shutting down.
    if (this.#closing !== undefined) res.setHeader('Connection', 'close')
    const verdict = this.#verdictOn(req)
    if (verdict.kind === 'redirect') {
      res.writeHead(308, { Location: verdict.location, 'Cache-Control': 'no-store' })
      res.end()
      return
    }
    if (verdict.kind === 'refuse') {
      return sendError(req, res, { code: verdict.status === 403 ? 'FORBIDDEN' : 'BAD_REQUEST', ...verdict })
    }
    if (applyCors(req, res, verdict.corsOrigin, this.#options.allowedHeaders)) return
    if (pathOf(req) === '/healthz') return sendText(res, 200, 'ok')
    if (this.#router === undefined || this.#closing !== undefined) {
      if (isEventSource(req)) return sendEmptyStream(res)
      const message = this.#closing !== undefined ? 'The server is shutting down.' : 'The server is starting.'
      return sendError(req, res, { code: 'UNAVAILABLE', message })
    }
    await this.#router.handle(req, res, requestId)
  }

  #fail(req: IncomingMessage, res: ServerResponse, requestId: string, error: unknown): void {
    // A caller who disconnects while sending is nobody's fault.
    if (req.destroyed && !req.complete) return
    const isExpected = error instanceof RefusedError || error instanceof RequestError
    if (!isExpected) this.#options.log.error({ err: error, requestId }, 'a request failed on our side')
    if (res.headersSent) return void res.destroy()
    this.#telemetry?.onError(isExpected ? error.code : 'INTERNAL')
    if (isExpected) return sendError(req, res, error)
    const message = `Something went wrong in the server. Its log says more under request ${requestId}.`
    sendError(req, res, { code: 'INTERNAL', message, requestId })
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', (err) => this.#options.log.debug({ err }, 'an upgraded connection failed'))
    this.#removeBasePath(req)
    const verdict = this.#verdictOn(req)
    if (verdict.kind === 'refuse') return refuseUpgrade(socket, verdict.status, verdict.message)
    if (verdict.kind === 'redirect') return refuseUpgrade(socket, 421, `Connect to ${verdict.location}.`)
    // Of the protocols that the client lists, we have chosen this one.
    req.headers.upgrade = 'websocket'
    if (pathOf(req) !== '/graphql') return refuseUpgrade(socket, 404, 'WebSockets are served at /graphql.')
    if (this.#router === undefined || this.#closing !== undefined)
      return refuseUpgrade(socket, 503, 'Try again in a moment.')
    this.#router.upgrade(req, socket, head)
  }

  #removeBasePath(req: IncomingMessage): void {
    req.url = withoutBasePath(req.url ?? '/', this.#options.basePath ?? '')
  }

  #verdictOn(req: IncomingMessage): Verdict {
    if (this.#policy === undefined) throw new Error('A request came before the server was listening.')
    return this.#policy.check(req)
  }
}

/** Lets an allowed foreign origin read the response; true when the request was a preflight and is answered. */
function applyCors(
  req: IncomingMessage,
  res: ServerResponse,
  corsOrigin: string | undefined,
  allowedHeaders: readonly string[],
): boolean {
  res.setHeader('Vary', 'Origin')
  if (corsOrigin === undefined) return false
  // Pages, and signing in and out, are for our own origin only.
  const isApi = pathOf(req) === '/graphql' || pathOf(req) === '/schema.graphql' || isExport(pathOf(req))
  if (!isApi) throw new RefusedError('FORBIDDEN', 'Other origins may call /graphql, /schema.graphql and /export/ only.')
  res.setHeader('Access-Control-Allow-Origin', corsOrigin)
  res.setHeader('Access-Control-Allow-Credentials', 'true')
  res.setHeader(
    'Access-Control-Expose-Headers',
    'Content-Disposition, ETag, X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset',
  )
  if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) return false
  res.setHeader('Access-Control-Allow-Methods', 'GET, POST')
  res.setHeader('Access-Control-Allow-Headers', [...CORS_HEADERS, ...allowedHeaders].join(', '))
  res.setHeader('Access-Control-Max-Age', String(PREFLIGHT_MAX_AGE_SECONDS))
  res.writeHead(204)
  res.end()
  return true
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const reasons: Record<string, string> = {
    EADDRINUSE: 'another program is listening there. Stop it, or set PORT to a free port.',
    EACCES: 'this user lacks the permission. Set PORT to a port above 1023.',
    EADDRNOTAVAIL: 'this machine has no such address. Set HOST to one that it has.',
    ENOTFOUND: 'this host name is not known. Set HOST to an address of this machine.',
  }
  const reason = reasons[cause.code ?? ''] ?? `${cause.message}.`
  return new ListenError(`Cannot listen on ${host}, port ${port}: ${reason}`, { cause })
}
