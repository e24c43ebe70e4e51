import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import type { Auth } from '../auth/auth.ts'
import type { Credentials } from '../auth/authenticator.ts'
import { requireScope } from '../base/viewer.ts'
import type { Clock } from '../base/clock.ts'
import { Budgets } from '../engine/budgets.ts'
import { callerOf } from '../http/caller.ts'
import { pathOf } from '../http/path.ts'
import { GraphiQL } from './graphiql.ts'
import { type Exports, exportOf, isExport } from './export-route.ts'
import { type OtlpReports, OtlpRoute } from './otlp-route.ts'
import { GraphQLHttp } from '../transports/graphql-http.ts'
import { createGraphQLEngine, type GraphQLOptions } from '../engine/graphql-engine.ts'
import { GraphQLWebSockets } from '../transports/graphql-ws.ts'
import type { Readiness } from './health.ts'
import { cachedForASecond, sendReadiness } from './health.ts'
import { LiveConnections } from '../transports/live-connections.ts'
import { sendBody, sendError, sendNotFound, sendText } from '../http/responses.ts'
import { handleSession } from './session-routes.ts'
import { StaticFiles } from './static-files.ts'
import { type StreamedAnswer, StreamedAnswers } from './streamed-answers.ts'
import type { Telemetry } from '../telemetry.ts'
import { UnreadBytes } from '../transports/unread-bytes.ts'

/** What the server serves once everything below it is open. */
export interface HttpApp {
  graphql: GraphQLOptions
  auth: Auth
  /** The answer of `/schema.graphql`. */
  sdl: string
  /** The folder of the built web client. */
  clientFolder: string
  /** The path of PUBLIC_URL, for the links of pages. Default: none. */
  basePath?: string
  /** Called for `/readyz`, at most once a second; must answer fast, even when a part hangs. */
  readiness: () => Promise<Readiness>
  /** Answers `/metrics`; the router adds the readers of its own metrics. */
  telemetry: Telemetry
  /** Answers `/metrics/deployments`. */
  deploymentMetrics: () => StreamedAnswer
  /** Answers what is below `/export/`. */
  exports: Exports
  /** Takes what is sent to `/v1/metrics`. */
  otlp: OtlpReports
  clock: Clock
  monotonic: Clock
  /** Tests set smaller ones. */
  budgets?: ConstructorParameters<typeof Budgets>[0]
  /** Tests set smaller ones. */
  unread?: ConstructorParameters<typeof UnreadBytes>[0]
  /** Tests set shorter times. */
  exportStallMs?: number | undefined
  /** Tests set shorter times. */
  webSockets?: { initTimeoutMs?: number; pingMs?: number } | undefined
}

/** As OTLP says: exporters add it to the address that they are given. */
const OTLP_PATH = '/v1/metrics'
const READ_ONLY_PATHS = new Set(['/', '/readyz', '/schema.graphql', '/metrics', '/metrics/deployments'])

/**
 * Routes by path. The server has checked Host, Origin and CORS before (server.ts); the caller is authenticated here.
 */
export interface Router {
  handle(req: IncomingMessage, res: ServerResponse, requestId: string): Promise<void>
  /** Takes over a WebSocket upgrade on /graphql. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void
  /**
   * Ends what never ends by itself: cuts streams, and closes sockets with 1012. Resolves when the sockets are closed.
   */
  shutDown(): Promise<void>
  /** Destroys the sockets that are still open. */
  terminate(): void
}

export function createRouter(app: HttpApp, log: Logger): Router {
  const { auth } = app
  const connections = new LiveConnections(app.clock)
  auth.ends.on((end) => connections.closeEnded(end))
  const budgets = new Budgets(app.budgets)
  const { telemetry } = app
  const engine = createGraphQLEngine(
    {
      ...app.graphql,
      onOperation: (type, isSuccess) => telemetry.onOperation(type, isSuccess),
      onError: (code) => telemetry.onError(code),
    },
    budgets,
    log,
  )
  const unread = new UnreadBytes(app.unread)
  const graphql = new GraphQLHttp({ engine, connections, budgets, unread })
  const sockets = new GraphQLWebSockets({
    engine,
    authenticator: auth.authenticator,
    connections,
    unread,
    log,
    ...app.webSockets,
  })
  const stallMs = app.exportStallMs
  const exports = new StreamedAnswers({ name: 'exports', unread, stallMs })
  const scrapes = new StreamedAnswers({ name: 'scrapes', unread, stallMs })
  const otlp = new OtlpRoute({
    reports: app.otlp,
    budgets,
    requests: engine.requests,
    refusalOf: (error) => engine.errors.refusalOf(error),
  })
  // The same bytes for everybody, however slowly they are read.
  const sdl = Buffer.from(app.sdl)
  const graphiql = new GraphiQL(app.basePath)
  const staticFiles = new StaticFiles(app.clientFolder, app.basePath)
  const readiness = cachedForASecond(app.readiness, app.monotonic)
  telemetry.addServer({ connections, shared: engine.shared, unread })

  async function handleGraphQL(req: IncomingMessage, res: ServerResponse, requestId: string): Promise<void> {
    if (req.method !== 'GET' && req.method !== 'POST') return refuseMethod(req, res, 'GET, POST')
    if (req.method === 'GET' && wantsPage(req)) return await graphiql.send(req, res)
    await graphql.handle(req, res, auth.authenticator.callerWith(credentialsOf(req)), requestId)
  }

  async function handleSdl(req: IncomingMessage, res: ServerResponse): Promise<void> {
    requireScope(await auth.authenticator.authenticate(credentialsOf(req)), 'READ')
    sendBody(res, 200, 'text/plain; charset=utf-8', sdl)
  }

  async function route(req: IncomingMessage, res: ServerResponse, requestId: string): Promise<void> {
    const path = pathOf(req)
    if (path === '/graphql') return await handleGraphQL(req, res, requestId)
    if (path === '/session') return await handleSession(req, res, auth)
    if (path === OTLP_PATH) {
      return await otlp.handle(req, res, () => auth.authenticator.authenticate(credentialsOf(req)))
    }
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      const isHere = READ_ONLY_PATHS.has(path) || exportOf(req) !== undefined || (await staticFiles.has(path))
      return isHere ? refuseMethod(req, res, 'GET, HEAD') : sendNotFound(req, res)
    }
    if (path === '/readyz') return sendReadiness(res, await readiness())
    if (path === '/schema.graphql') return await handleSdl(req, res)
    if (path === '/metrics') return await handleMetrics(req, res)
    if (path === '/metrics/deployments') return await stream(req, res, scrapes, async () => app.deploymentMetrics())
    if (isExport(path)) return await handleExport(req, res)
    await staticFiles.send(req, res, path)
  }

  async function handleMetrics(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const viewer = await auth.authenticator.authenticate(credentialsOf(req))
    requireScope(viewer, 'READ')
    const { contentType, text } = await telemetry.scrape()
    unread.count(res, viewer, Buffer.byteLength(text))
    sendBody(res, 200, contentType, text)
  }

  async function handleExport(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const asked = exportOf(req)
    if (asked === undefined) return sendNotFound(req, res)
    await stream(req, res, exports, () => app.exports.open(asked.target, asked.query))
  }

  /** Asks who is calling again before each part: the credential may end before the answer does. */
  async function stream(
    req: IncomingMessage,
    res: ServerResponse,
    answers: StreamedAnswers,
    open: () => Promise<StreamedAnswer>,
  ): Promise<void> {
    const check = async () => {
      const viewer = await auth.authenticator.authenticate(credentialsOf(req))
      requireScope(viewer, 'READ')
      return viewer
    }
    await answers.send(res, await check(), open, check)
  }

  return {
    async handle(req, res, requestId) {
      try {
        await route(req, res, requestId)
      } catch (error) {
        throw engine.errors.refusalOf(error) ?? error
      }
    },
    upgrade: (req, socket, head) => sockets.accept(req, socket, head),
    async shutDown() {
      connections.shutDown('sse')
      await sockets.close()
    },
    terminate: () => sockets.terminate(),
  }
}

/** The paths that have a meaning of their own; files of the client are all one route. */
const ROUTES = new Set([
  '/graphql',
  '/session',
  '/healthz',
  '/readyz',
  '/schema.graphql',
  '/metrics',
  '/metrics/deployments',
  OTLP_PATH,
])

/** What `/metrics` counts a path as. */
export function routeOf(req: IncomingMessage): string {
  const path = pathOf(req)
  if (isExport(path)) return '/export'
  return ROUTES.has(path) ? path : 'other'
}

function credentialsOf(req: IncomingMessage): Credentials {
  return { authorization: req.headers.authorization, cookie: req.headers.cookie, ...callerOf(req) }
}

/** Whether a person opened the address in a browser; scripts ask for JSON. */
function wantsPage(req: IncomingMessage): boolean {
  return req.headers.accept?.includes('text/html') ?? false
}

function refuseMethod(req: IncomingMessage, res: ServerResponse, allowed: string): void {
  res.setHeader('Allow', allowed)
  if (req.method === 'OPTIONS') return sendText(res, 200, allowed)
  sendError(req, res, { code: 'BAD_REQUEST', status: 405, message: `Use ${allowed} here. GraphQL is at /graphql.` })
}
