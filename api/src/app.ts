import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Database, DatabaseStartError, isUnavailable, openDatabase } from '@gaugeline/prisma'
import type { Logger } from 'pino'
import type { TimeSources } from './base/clock.ts'
import { RefusedError } from './base/errors.ts'
import { Lifecycle } from './base/lifecycle.ts'
import { createDeps, createSource, type Deps, TraceError } from './deps.ts'
import type { Env } from './env.ts'
import { createApi } from './schema/api.ts'
import { printedSchema } from './schema/printed-schema.ts'
import { seed } from './seed.ts'
import type { Readiness } from './server/health.ts'
import { HttpServer, ListenError } from './server/server.ts'

const CLIENT_FOLDER = fileURLToPath(new URL('../../client/dist', import.meta.url))
/** In-flight requests have this long to finish at a shutdown. */
const GRACE_MS = 5000
/** From the beginning of a shutdown; what then still waits for a database that is silent waits no longer. */
const DATABASE_GRACE_MS = 6000
/** A database that does not answer within this time counts as down. */
const READINESS_MS = 1000

export interface AppOptions {
  env: Env
  log: Logger
  onProgress: (line: string) => void
  /** Called once when the database is lost for good (see Database.onFailure): nothing can be served from then on. */
  onFailure: (error: Error) => void
  /** Injected by tests. */
  time?: TimeSources
}

export interface RunningApp {
  /** Where people reach the server; with the path of PUBLIC_URL, if it has one. */
  origin: string
  /** A link that opens a session: single use, ten minutes. */
  newSignInUrl: () => string
  deps: Deps
}

/** A fault that the person who starts the server can mend; the message is one line that says how. */
export class StartError extends Error {
  override name = 'StartError'
}

/** The start was abandoned because `stop` was called meanwhile. */
export class StoppedError extends Error {
  override name = 'StoppedError'
}

export interface App {
  /**
   * Opens everything and serves it.
   * @throws StartError or StoppedError; nothing is left open or locked then
   */
  start(): Promise<RunningApp>
  /** Graceful shutdown: drains in-flight requests, ends streams, closes the database. Idempotent. */
  stop(): Promise<void>
}

export function createApp({ env, log, onProgress, onFailure, time }: AppOptions): App {
  const lifecycle = new Lifecycle()
  const startEnd = new AbortController()
  const databaseEnd = new AbortController()
  // Each connection listens to it.
  setMaxListeners(0, databaseEnd.signal)
  let starting: Promise<RunningApp> | null = null
  let stopping: Promise<void> | null = null

  function throwIfStopped(): void {
    if (stopping !== null) throw new StoppedError('The server was stopped while it started.')
  }

  async function open(): Promise<RunningApp> {
    const source = createSource(env)
    const server = new HttpServer({ ...env, log })
    // Before anything else: a port that is taken must stop the start before a database is opened.
    const address = await server.listen()
    const door = { stop: () => server.close(GRACE_MS) }
    // While it starts, the server refuses requests and depends on nothing, so it may close last.
    await lifecycle.start(door)
    throwIfStopped()
    const database = await openDatabase({
      url: env.databaseUrl,
      dataDir: env.dataDir,
      onProgress,
      onIdleError: (error) => log.warn({ err: error }, 'a connection to the database failed in the background'),
      signal: databaseEnd.signal,
      startSignal: startEnd.signal,
    })
    await lifecycle.start({ stop: () => database.close() })
    throwIfStopped()
    database.onFailure(onFailure)
    const deps = createDeps({ env, database, source, log, address, time })
    try {
      if (env.seed !== 'none') await seed({ database, deps, env, onProgress })
      throwIfStopped()
      await lifecycle.start(...deps.parts)
    } catch (error) {
      throw isUnavailable(error) ? databaseGone(error) : error
    }
    throwIfStopped()
    server.serve({
      graphql: { ...createApi(deps.services), refusalOf },
      auth: deps.auth,
      sdl: printedSchema,
      clientFolder: CLIENT_FOLDER,
      basePath: env.basePath,
      readiness: readinessOf(database),
      telemetry: deps.telemetry,
      deploymentMetrics: () => deps.deploymentTotals.scrape(),
      exports: deps.metricsExports,
      otlp: deps.reporting.otlp,
      clock: deps.clock,
      monotonic: deps.monotonic,
    })
    // A second time: now that answers depend on everything above, the server must close first. It closes only once.
    await lifecycle.start(door)
    const origin = address.publicOrigin + env.basePath
    return { origin, newSignInUrl: () => deps.auth.newSignInUrl(origin), deps }
  }

  async function shutDown(): Promise<void> {
    startEnd.abort()
    const timer = setTimeout(() => databaseEnd.abort(), DATABASE_GRACE_MS)
    try {
      // A start must be over before what it opened can be closed; a failed one has cleaned up after itself.
      await Promise.allSettled([starting])
      await lifecycle.stop()
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    start() {
      starting ??= open().catch(async (error: unknown) => {
        await lifecycle.stop().catch((err: unknown) => log.error({ err }, 'cleaning up after a failed start failed'))
        throwIfStopped()
        throw asStartError(error)
      })
      return starting
    },
    stop() {
      stopping ??= shutDown()
      return stopping
    },
  }
}

function asStartError(error: unknown): unknown {
  if (error instanceof TraceError) {
    return new StartError(`TRAFFIC_TRACE names a recording that cannot be used: ${error.message}`, { cause: error })
  }
  if (error instanceof ListenError || error instanceof DatabaseStartError) {
    return new StartError(error.message, { cause: error })
  }
  return error
}

function databaseGone(cause: unknown): StartError {
  return new StartError('The database stopped answering during the start: see that it runs, then start again.', {
    cause,
  })
}

/** An unreachable or full database is reported as such, and fast; the caller may try again. */
function refusalOf(error: unknown): RefusedError | undefined {
  if (!isUnavailable(error)) return undefined
  return new RefusedError(
    'UNAVAILABLE',
    'The database cannot be reached right now, or takes no writes. Try again in a moment.',
  )
}

/** Asks whether the database answers, on a connection that no caller can take; one question at a time. */
function readinessOf(database: Database): () => Promise<Readiness> {
  let answered: Promise<boolean> | undefined
  return async () => {
    answered ??= database.reserved
      .query('select 1')
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        answered = undefined
      })
    const answers = await Promise.race([answered, sleep(READINESS_MS, false, { ref: false })])
    const checks: Readiness['checks'] = { database: answers ? 'ok' : 'down' }
    if (database.kind === 'embedded') checks['disk'] = database.isDiskFull() ? 'down' : 'ok'
    return { ready: Object.values(checks).every((check) => check === 'ok'), checks }
  }
}
