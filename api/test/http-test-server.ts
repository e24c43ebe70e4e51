import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { printSchema } from 'graphql'
import { pino } from 'pino'
import { AccessEnds } from '../src/auth/access-ends.ts'
import { tokenHashOf } from '../src/auth/api-tokens.ts'
import { type Auth, type AuthOptions, createAuth } from '../src/auth/auth.ts'
import type { KnownToken } from '../src/auth/authenticator.ts'
import { newSecret } from '../src/auth/secrets.ts'
import {
  type SessionHolder,
  Sessions,
  type SessionStore,
  type SessionToken,
  type StoredSession,
} from '../src/auth/sessions.ts'
import { type Scope, SCOPES } from '../src/base/viewer.ts'
import { RefusedError } from '../src/base/errors.ts'
import type { HttpApp } from '../src/server/router.ts'
import { HttpServer, type HttpServerOptions, type ListenAddress } from '../src/server/server.ts'
import { Telemetry } from '../src/telemetry.ts'
import { DatabaseGone, TestState, createTestSchema } from './http-test-schema.ts'

export const ADMIN_TOKEN = 'test-admin-token-0123456789-abcdefgh'

/** What a server needs to listen on any free port, as an unset environment has it. */
export const LISTEN_OPTIONS = {
  host: '127.0.0.1',
  port: 0,
  allowedHosts: [],
  allowedOrigins: [],
  allowedHeaders: [],
  keepAliveMs: 75_000,
}

/** Sessions and API tokens in memory; `isGone` makes every call fail like an unreachable database. */
export class MemorySessionStore implements SessionStore {
  readonly rows = new Map<string, StoredSession>()
  readonly tokens = new Map<string, KnownToken & SessionToken>()
  isGone = false
  /** Makes `find` and `findToken` wait for ever. */
  hangs = false
  /** Calls of `find` and `findToken`. */
  lookups = 0

  #check(): void {
    if (this.isGone) throw new DatabaseGone('connect ECONNREFUSED 10.0.0.7')
  }

  async #lookUp(): Promise<void> {
    this.lookups += 1
    this.#check()
    if (this.hangs) await new Promise(() => undefined)
  }

  /** Creates an API token and returns its secret. */
  addToken(id: string, scopes: readonly Scope[] = SCOPES, expiresAt: Date | null = null): string {
    const secret = `gl_${newSecret()}`
    this.tokens.set(tokenHashOf(secret) ?? '', {
      id,
      name: `token ${id}`,
      scopes,
      expiresAt,
      revokedAt: null,
      deploymentId: null,
    })
    return secret
  }

  revoke(id: string, revokedAt: Date): void {
    for (const token of this.tokens.values()) if (token.id === id) token.revokedAt ??= revokedAt
  }

  async findToken(hash: string): Promise<KnownToken | undefined> {
    await this.#lookUp()
    const token = this.tokens.get(hash)
    return token?.revokedAt === null ? token : undefined
  }

  async insert(session: StoredSession): Promise<void> {
    this.#check()
    this.rows.set(session.tokenHash, session)
  }

  async find(tokenHash: string) {
    await this.#lookUp()
    const session = this.rows.get(tokenHash)
    if (session === undefined) return null
    return { ...session, apiToken: [...this.tokens.values()].find(({ id }) => id === session.apiTokenId) ?? null }
  }

  async hashesOf({ name, apiTokenId }: SessionHolder, now: Date): Promise<string[]> {
    this.#check()
    const rows = [...this.rows.values()].filter(
      (row) => row.name === name && row.apiTokenId === apiTokenId && row.expiresAt > now,
    )
    return rows.toReversed().map(({ tokenHash }) => tokenHash)
  }

  async remove(tokenHashes: readonly string[]): Promise<number> {
    this.#check()
    return tokenHashes.filter((hash) => this.rows.delete(hash)).length
  }

  async removeEnded(now: Date): Promise<number> {
    this.#check()
    const ended = [...this.rows.values()].filter(({ expiresAt }) => expiresAt <= now)
    return await this.remove(ended.map(({ tokenHash }) => tokenHash))
  }
}

/** Auth as the app wires it, over a store in memory. */
export function createTestAuth(
  store: MemorySessionStore,
  options: Pick<AuthOptions, 'clock' | 'port' | 'secure' | 'trustedProxies' | 'basePath' | 'adminToken' | 'onTokenUse'>,
): Auth {
  const ends = new AccessEnds()
  const sessions = new Sessions({
    store,
    clock: options.clock,
    adminToken: options.adminToken,
    onEnd: (sessionId) => ends.emit({ sessionId }),
  })
  return createAuth({
    ...options,
    monotonic: options.clock,
    sessions,
    ends,
    findToken: (hash) => store.findToken(hash),
  })
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
  /** Only the test moves it. */
  clock: { nowMs: number; now(): number }
  /** Every line logged so far, parsed. */
  logged: Record<string, unknown>[]
  /** A `Cookie` header of a fresh session. */
  signIn(token?: string): Promise<string>
  /** Revokes an API token of the store. */
  revoke(id: string): void
}

type ListenOptions = Partial<Omit<HttpServerOptions, 'port' | 'log'>>

export interface HttpTestServerOptions extends ListenOptions {
  clientFolder?: string
  basePath?: string
  trustedProxies?: readonly string[]
  readiness?: HttpApp['readiness']
  deploymentMetrics?: HttpApp['deploymentMetrics']
  exports?: HttpApp['exports']
  otlp?: HttpApp['otlp']
  exportStallMs?: HttpApp['exportStallMs']
  webSockets?: HttpApp['webSockets']
  budgets?: HttpApp['budgets']
  unread?: HttpApp['unread']
}

/** A real server on a free port, over a throwaway schema and a session store in memory. Closes with `await using`. */
export async function createHttpTestServer(options: HttpTestServerOptions = {}): Promise<HttpTestServer> {
  const { publicUrl, basePath = '' } = options
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
  const server = new HttpServer({ ...LISTEN_OPTIONS, ...options, port: 0, log })
  const address = await server.listen()
  const auth = createTestAuth(store, {
    clock,
    port: address.port,
    secure: publicUrl?.startsWith('https:') ?? false,
    trustedProxies: options.trustedProxies,
    basePath,
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
    basePath,
    readiness: options.readiness ?? (async () => ({ ready: true, checks: { database: 'ok' } })),
    telemetry: new Telemetry(),
    deploymentMetrics: options.deploymentMetrics ?? (() => ({ contentType: 'text/plain', parts: [() => 'metrics'] })),
    otlp: options.otlp ?? { receive: async () => ({ rejected: 0, message: '' }) },
    exports: options.exports ?? { open: async () => ({ contentType: 'text/csv', parts: [() => 'figures'] }) },
    exportStallMs: options.exportStallMs,
    clock,
    monotonic: clock,
    webSockets: options.webSockets,
    ...(options.budgets && { budgets: options.budgets }),
    ...(options.unread && { unread: options.unread }),
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
    async signIn(token = ADMIN_TOKEN) {
      const secret = await auth.signIn({ token })
      return `${auth.cookie.name}=${secret}`
    },
    revoke(id) {
      store.revoke(id, new Date(clock.nowMs))
      auth.ends.emit({ tokenId: id })
    },
    async [Symbol.asyncDispose]() {
      state.release()
      await server.close(2_000)
      await rm(emptyFolder, { recursive: true })
    },
  }
}
