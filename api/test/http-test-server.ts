import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { printSchema } from 'graphql'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import type { Auth } from '../src/auth/auth.ts'
import { createAuth } from '../src/auth/auth.ts'
import type { SessionStore, StoredSession } from '../src/auth/sessions.ts'
import { RefusedError } from '../src/errors.ts'
import type { HttpApp } from '../src/http/router.ts'
import type { HttpServer, HttpServerOptions, ListenAddress } from '../src/http/server.ts'
import { createHttpServer } from '../src/http/server.ts'
import { DatabaseGone, TestState, createTestSchema } from './http-test-schema.ts'

export const ADMIN_TOKEN = 'test-admin-token-0123456789-abcdefgh'

/** Sessions in memory; `isGone` makes every call fail, as a database does that can't be reached. */
export class MemorySessionStore implements SessionStore {
  readonly rows = new Map<string, StoredSession>()
  isGone = false
  /** Makes `find` wait for ever. */
  hangs = false

  #check(): void {
    if (this.isGone) throw new DatabaseGone('connect ECONNREFUSED 10.0.0.7')
  }

  async insert(session: StoredSession): Promise<void> {
    this.#check()
    this.rows.set(session.tokenHash, session)
  }

  async find(tokenHash: string): Promise<StoredSession | null> {
    this.#check()
    if (this.hangs) await new Promise(() => undefined)
    return this.rows.get(tokenHash) ?? null
  }

  async remove(tokenHash: string): Promise<void> {
    this.#check()
    this.rows.delete(tokenHash)
  }

  async removeExpired(now: Date): Promise<void> {
    this.#check()
    for (const [key, row] of this.rows) if (row.expiresAt <= now) this.rows.delete(key)
  }
}

export interface HttpTestServer extends AsyncDisposable {
  server: HttpServer
  address: ListenAddress
  port: number
  /** `http://127.0.0.1:<port>` */
  origin: string
  auth: Auth
  store: MemorySessionStore
  state: TestState
  /** Milliseconds since the epoch, which only the test moves. */
  clock: { nowMs: number; now(): number }
  /** Every line logged so far, parsed. */
  logged: Record<string, unknown>[]
  /** A `Cookie` header of a fresh session. */
  signIn(): Promise<string>
}

type ListenOptions = Partial<Pick<HttpServerOptions, 'publicUrl' | 'allowedOrigins' | 'host'>>

export interface HttpTestServerOptions extends ListenOptions {
  clientFolder?: string
  readiness?: HttpApp['readiness']
  webSockets?: HttpApp['webSockets']
}

/** A real server on a free port, over a throwaway schema and a session store in memory. Closes with `await using`. */
export async function createHttpTestServer(options: HttpTestServerOptions = {}): Promise<HttpTestServer> {
  const { publicUrl, allowedOrigins = [], host = '127.0.0.1' } = options
  const logged: Record<string, unknown>[] = []
  const log = pino(
    { level: 'info' },
    new Writable({
      write(chunk, _encoding, done) {
        logged.push(JSON.parse(String(chunk)) as Record<string, unknown>)
        done()
      },
    }),
  )
  const emptyFolder = await mkdtemp(join(tmpdir(), 'gaugeline-http-'))
  const clock = { nowMs: Date.UTC(2026, 0, 1), now: () => clock.nowMs }
  const store = new MemorySessionStore()
  const state = new TestState()
  const server = createHttpServer({ host, port: 0, publicUrl, allowedOrigins, log })
  const address = await server.listen()
  const auth = createAuth({
    store,
    clock,
    port: address.port,
    secure: publicUrl?.startsWith('https:') ?? false,
    adminToken: ADMIN_TOKEN,
  })
  const schema = createTestSchema(state)
  server.serve({
    graphql: {
      schema,
      createContext: (viewer) => ({ viewer }),
      refusalOf: (error) =>
        error instanceof DatabaseGone ? new RefusedError('UNAVAILABLE', 'The database is not reachable.') : undefined,
    },
    auth,
    sdl: printSchema(schema),
    clientFolder: options.clientFolder ?? emptyFolder,
    readiness: options.readiness ?? (async () => ({ ready: true, checks: { database: 'ok' } })),
    metrics: new Registry(),
    clock,
    webSockets: options.webSockets,
  })
  return {
    server,
    address,
    port: address.port,
    origin: `http://127.0.0.1:${address.port}`,
    auth,
    store,
    state,
    clock,
    logged,
    async signIn() {
      const secret = await auth.signIn({ token: ADMIN_TOKEN })
      return `${auth.cookie.name}=${secret}`
    },
    async [Symbol.asyncDispose]() {
      state.release()
      await server.close(2_000)
      await rm(emptyFolder, { recursive: true })
    },
  }
}
