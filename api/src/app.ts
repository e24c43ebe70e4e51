import { fileURLToPath } from 'node:url'
import { type Database, DatabaseStartError, isUnavailable, openDatabase } from '@gaugeline/prisma'
import type { Logger } from 'pino'
import { createAuth } from './auth/auth.ts'
import type { RecordingClock } from './base/clock.ts'
import { createDeps, createSource, type Deps, TraceError } from './deps.ts'
import type { Env } from './env.ts'
import { RefusedError } from './base/errors.ts'
import { createContext } from './graphql/context.ts'
import { operationCost, runningCost } from './engine/operation-cost.ts'
import { printedSchema } from './schema/printed-schema.ts'
import { schema } from './schema/schema.ts'
import { useWellFormedStrings } from './engine/well-formed-strings.ts'
import type { Readiness } from './server/health.ts'
import { createHttpServer, type HttpServer, ListenError } from './server/server.ts'
import { seed } from './seed.ts'

const CLIENT_FOLDER = fileURLToPath(new URL('../../client/dist', import.meta.url))
/** What is under way at the end may take this long. */
const GRACE_MS = 5000
/** A database that does not answer by then is taken for gone. */
const READINESS_MS = 1000

export interface AppOptions {
  env: Env
  log: Logger
  onProgress: (line: string) => void
  /** Called once when the embedded database dies: nothing can be served from then on. */
  onFailure: (error: Error) => void
  clock?: RecordingClock
}

export interface RunningApp {
  /** Where it is reached. */
  origin: string
  /** Opens a session: single use, ten minutes. */
  newSignInUrl: () => string
  deps: Deps
}

/** A fault that whoever starts the server can mend; the message is one line that says how. */
export class StartError extends Error {
  override name = 'StartError'
}

/** The start was given up because `stop` was called meanwhile. */
export class StoppedError extends Error {
  override name = 'StoppedError'
}

export interface App {
  /** Throws StartError or StoppedError; nothing is left open or locked then. */
  start(): Promise<RunningApp>
  /** Lets requests finish, ends streams, closes the database. Idempotent. */
  stop(): Promise<void>
}

export function createApp({ env, log, onProgress, onFailure, clock }: AppOptions): App {
  /** What was opened, newest last. */
  const opened: (() => Promise<void>)[] = []
  let starting: Promise<RunningApp> | null = null
  let stopping: Promise<void> | null = null

  /** Ends all of it, whatever fails on the way, so that nothing is left locked. Throws the first failure. */
  async function close(): Promise<void> {
    const failures: unknown[] = []
    for (let end = opened.pop(); end !== undefined; end = opened.pop()) {
      // In order: each may use what was opened before it.
      // oxlint-disable-next-line no-await-in-loop
      await end().catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
  }

  function goOn(): void {
    if (stopping !== null) throw new StoppedError('The server was stopped while it started.')
  }

  async function open(): Promise<RunningApp> {
    const source = createSource(env)
    const server = createHttpServer({ ...env, log })
    // First of all: a port that is taken must stop the start before a database is opened.
    const address = await server.listen()
    const endServer = { end: () => server.close(GRACE_MS) }
    opened.push(() => endServer.end())
    goOn()
    const database = await openDatabase({
      url: env.databaseUrl,
      dataDir: env.dataDir,
      onProgress,
      onIdleError: (error) => log.warn({ err: error }, 'the database is in trouble'),
    })
    opened.push(() => database.close())
    goOn()
    database.onFailure(onFailure)
    const deps = createDeps(env, database, source, log, clock)
    try {
      if (env.seed === 'demo') await seed(database, deps, env.sampleIntervalMs, onProgress)
      goOn()
      opened.push(() => deps.stop())
      await deps.start()
    } catch (error) {
      throw isUnavailable(error) ? databaseGone(error) : error
    }
    goOn()
    // From here on answers rest on all of it: the door closes first.
    endServer.end = () => Promise.resolve()
    opened.push(() => server.close(GRACE_MS))
    return serve(server, address, database, deps)
  }

  async function serve(
    server: HttpServer,
    address: Awaited<ReturnType<HttpServer['listen']>>,
    database: Database,
    deps: Deps,
  ): Promise<RunningApp> {
    const auth = createAuth({
      ...deps.access,
      findToken: (hash) => deps.access.apiTokens.byHash(hash),
      onTokenUse: (tokenId) => deps.access.tokenUses.note(tokenId),
      clock: deps.clock,
      port: address.port,
      secure: address.publicOrigin.startsWith('https:'),
      adminToken: env.adminToken,
    })
    server.serve({
      graphql: {
        schema,
        createContext: (viewer, requestId) => createContext(deps.services, viewer, requestId),
        refusalOf,
        costOf: operationCost,
        runningCostOf: (args) => runningCost(args, deps.services.activeDeployments.size),
        plugins: [useWellFormedStrings()],
      },
      auth,
      sdl: printedSchema,
      clientFolder: CLIENT_FOLDER,
      readiness: () => readiness(database),
      metrics: deps.figures,
      clock: deps.clock,
    })
    return { origin: address.publicOrigin, newSignInUrl: () => auth.newSignInUrl(address.publicOrigin), deps }
  }

  return {
    start() {
      starting ??= open().catch(async (error: unknown) => {
        await close().catch((err: unknown) => log.error({ err }, 'what was opened could not be closed'))
        throw asStartError(error)
      })
      return starting
    },
    stop() {
      // What is being opened must be open before it can be closed; a failed start has closed it by itself.
      stopping ??= Promise.allSettled([starting]).then(close)
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

/** A database that is gone or full is said to be so, fast; the caller may try again. */
function refusalOf(error: unknown): RefusedError | undefined {
  if (!isUnavailable(error)) return undefined
  return new RefusedError(
    'UNAVAILABLE',
    'The database cannot be reached right now, or takes no writes. Try again in a moment.',
  )
}

async function readiness({ pool }: Database): Promise<Readiness> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), READINESS_MS)
  })
  const answered = pool.query('select 1').then(
    () => true,
    () => false,
  )
  const ready = await Promise.race([answered, late])
  clearTimeout(timer)
  return { ready, checks: { database: ready ? 'ok' : 'down' } }
}
