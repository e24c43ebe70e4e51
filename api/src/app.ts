import { fileURLToPath } from 'node:url'
import { type Database, DatabaseStartError, isUnavailable, openDatabase } from '@gaugeline/prisma'
import type { Logger } from 'pino'
import { createAuth } from './auth/auth.ts'
import { createPrismaSessionStore } from './auth/prisma-session-store.ts'
import type { RecordingClock } from './clock.ts'
import { createDeps, createSource, type Deps, TraceError } from './deps.ts'
import type { Env } from './env.ts'
import { RefusedError } from './errors.ts'
import { createContext } from './graphql/context.ts'
import { printedSchema } from './graphql/printed-schema.ts'
import { schema } from './graphql/schema.ts'
import { refuseMalformedStrings } from './graphql/well-formed-strings.ts'
import type { Readiness } from './http/health.ts'
import { createHttpServer, type HttpServer, ListenError } from './http/server.ts'
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

export interface App {
  /** Throws StartError; nothing is left open or locked then. */
  start(): Promise<RunningApp>
  /** Lets requests finish, ends streams, closes the database. Idempotent. */
  stop(): Promise<void>
}

export function createApp({ env, log, onProgress, onFailure, clock }: AppOptions): App {
  /** What was opened, newest last. */
  const opened: (() => Promise<void>)[] = []
  let stopping: Promise<void> | null = null

  async function close(): Promise<void> {
    for (const end of opened.toReversed()) {
      // In order: each may use what was opened before it.
      // oxlint-disable-next-line no-await-in-loop
      await end()
    }
  }

  async function open(): Promise<RunningApp> {
    const source = createSource(env)
    const server = createHttpServer({ ...env, log })
    // First of all: a port that is taken must stop the start before a database is opened.
    const address = await server.listen()
    const endServer = { end: () => server.close(GRACE_MS) }
    opened.push(() => endServer.end())
    const database = await openDatabase({
      url: env.databaseUrl,
      dataDir: env.dataDir,
      onProgress,
      onIdleError: (error) => log.warn({ err: error }, 'a database connection was lost'),
    })
    opened.push(() => database.close())
    database.onFailure(onFailure)
    const deps = createDeps(env, database, source, log, clock)
    if (env.seed === 'demo') await seed(database, deps, env.sampleIntervalMs, onProgress)
    await deps.start()
    opened.push(() => deps.stop())
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
      store: createPrismaSessionStore(database.prisma),
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
        plugins: [refuseMalformedStrings()],
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
    async start() {
      try {
        return await open()
      } catch (error) {
        await close()
        const mendable = [ListenError, DatabaseStartError, TraceError].some((type) => error instanceof type)
        throw mendable && error instanceof Error ? new StartError(error.message, { cause: error }) : error
      }
    },
    stop() {
      stopping ??= close()
      return stopping
    },
  }
}

/** A database that is gone is said to be so, fast; the caller may try again. */
function refusalOf(error: unknown): RefusedError | undefined {
  if (!isUnavailable(error)) return undefined
  return new RefusedError('UNAVAILABLE', 'The database cannot be reached right now. Try again in a moment.')
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
