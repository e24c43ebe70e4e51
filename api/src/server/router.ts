import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { Gauge } from 'prom-client'
import type { Auth } from '../auth/auth.ts'
import type { Credentials } from '../auth/authenticator.ts'
import { requireScope } from '../base/viewer.ts'
import type { Clock } from '../base/clock.ts'
import { Budgets } from '../engine/budgets.ts'
import { callerOf } from '../http/caller.ts'
import type { SharedSubscriptions } from '../fanout/shared-subscriptions.ts'
import { GraphiQL } from './graphiql.ts'
import { GraphQLHttp } from '../transports/graphql-http.ts'
import { createGraphQLEngine, type GraphQLOptions } from '../engine/graphql-engine.ts'
import { GraphQLWebSockets } from '../transports/graphql-ws.ts'
import type { Readiness } from './health.ts'
import { askedOnceASecond, createMetricsRoute, sendReadiness } from './health.ts'
import { LiveConnections } from '../transports/live-connections.ts'
import { sendBody, sendError, sendText } from '../http/responses.ts'
import { handleSession } from './session-routes.ts'
import { StaticFiles } from './static-files.ts'

/** What is served once everything below is open. */
export interface HttpApp {
  graphql: GraphQLOptions
  auth: Auth
  /** What `/schema.graphql` gives. */
  sdl: string
  /** The folder of the built web client. */
  clientFolder: string
  /** Asked at each `/readyz`; must answer fast, also when a part hangs. */
  readiness: () => Promise<Readiness>
  /** The server's own figures; the process's and this layer's are added to it. */
  metrics: Registry
  clock: Clock
  /** Smaller ones for tests. */
  budgets?: ConstructorParameters<typeof Budgets>[0]
  /** Shorter times for tests. */
  webSockets?: { initTimeoutMs?: number; pingMs?: number } | undefined
}

/** Routes by path. Host, Origin and CORS were settled before (server.ts); who is calling is settled here. */
export interface Router {
  handle(req: IncomingMessage, res: ServerResponse, requestId: string): Promise<void>
  /** Takes over a WebSocket upgrade on /graphql. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends what never ends by itself: streams say `complete`, sockets 1012. Resolves when the sockets have gone. */
  shutDown(): Promise<void>
  /** Cuts the sockets that are still there. */
  terminate(): void
}

export function createRouter(app: HttpApp, log: Logger): Router {
  const { auth } = app
  const connections = new LiveConnections(app.clock)
  auth.ends.on((end) => connections.closeEnded(end))
  const budgets = new Budgets(app.budgets)
  const engine = createGraphQLEngine(app.graphql, budgets, log)
  const graphql = new GraphQLHttp({ engine, connections, budgets })
  const sockets = new GraphQLWebSockets({
    engine,
    authenticator: auth.authenticator,
    connections,
    log,
    ...app.webSockets,
  })
  const graphiql = new GraphiQL()
  const staticFiles = new StaticFiles(app.clientFolder)
  const readiness = askedOnceASecond(app.readiness, app.clock)
  const sendMetrics = createMetricsRoute(app.metrics)
  addConnectionFigures(app.metrics, connections)
  addSharedFigures(app.metrics, engine.shared)

  async function handleGraphQL(req: IncomingMessage, res: ServerResponse, requestId: string): Promise<void> {
    if (req.method !== 'GET' && req.method !== 'POST') return refuseMethod(req, res, 'GET, POST')
    if (req.method === 'GET' && wantsPage(req)) return await graphiql.send(req, res)
    await graphql.handle(req, res, () => auth.authenticator.authenticate(credentialsOf(req)), requestId)
  }

  async function handleSdl(req: IncomingMessage, res: ServerResponse): Promise<void> {
    requireScope(await auth.authenticator.authenticate(credentialsOf(req)), 'READ')
    sendBody(res, 200, 'text/plain; charset=utf-8', app.sdl)
  }

  async function route(req: IncomingMessage, res: ServerResponse, requestId: string): Promise<void> {
    const path = pathOf(req)
    if (path === '/graphql') return await handleGraphQL(req, res, requestId)
    if (path === '/session') return await handleSession(req, res, auth)
    if (req.method !== 'GET' && req.method !== 'HEAD') return refuseMethod(req, res, 'GET, HEAD')
    if (path === '/readyz') return sendReadiness(res, await readiness())
    if (path === '/schema.graphql') return await handleSdl(req, res)
    if (path === '/metrics') return await handleMetrics(req, res)
    await staticFiles.send(req, res, path)
  }

  async function handleMetrics(req: IncomingMessage, res: ServerResponse): Promise<void> {
    requireScope(await auth.authenticator.authenticate(credentialsOf(req)), 'READ')
    await sendMetrics(res)
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

/** The path without its query. Not decoded: no route and no file of ours needs it. */
export function pathOf(req: IncomingMessage): string {
  return (req.url ?? '/').split('?', 1)[0] ?? '/'
}

function credentialsOf(req: IncomingMessage): Credentials {
  return { authorization: req.headers.authorization, cookie: req.headers.cookie, ...callerOf(req) }
}

/** A browser that opens the address; its scripts ask for JSON. */
function wantsPage(req: IncomingMessage): boolean {
  return req.headers.accept?.includes('text/html') ?? false
}

function refuseMethod(req: IncomingMessage, res: ServerResponse, allowed: string): void {
  res.setHeader('Allow', allowed)
  if (req.method === 'OPTIONS') return sendText(res, 200, allowed)
  sendError(req, res, { code: 'BAD_REQUEST', status: 405, message: `Use ${allowed}.` })
}

function addConnectionFigures(registry: Registry, connections: LiveConnections): void {
  void new Gauge({
    name: 'gaugeline_live_connections',
    help: 'Open WebSockets and event streams whose caller is known.',
    labelNames: ['transport'],
    registers: [registry],
    collect() {
      for (const transport of ['websocket', 'sse'] as const) this.set({ transport }, connections.count(transport))
    },
  })
}

function addSharedFigures(registry: Registry, shared: SharedSubscriptions): void {
  const figures = { groups: 'Groups of equal subscriptions.', members: 'Subscriptions in groups.' }
  for (const [name, help] of Object.entries(figures)) {
    void new Gauge({
      name: `gaugeline_shared_subscription_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(shared.counts[name as keyof typeof figures])
      },
    })
  }
}
