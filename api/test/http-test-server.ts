import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { GraphQLFieldConfig } from 'graphql'
import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString, printSchema } from 'graphql'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import type { Auth } from '../src/auth/auth.ts'
import { createAuth } from '../src/auth/auth.ts'
import type { SessionStore, StoredSession } from '../src/auth/sessions.ts'
import type { Viewer } from '../src/auth/viewer.ts'
import { RefusedError } from '../src/errors.ts'
import type { HttpApp } from '../src/http/router.ts'
import type { HttpServer, HttpServerOptions, ListenAddress } from '../src/http/server.ts'
import { createHttpServer } from '../src/http/server.ts'

export const ADMIN_TOKEN = 'test-admin-token-0123456789-abcdefgh'

interface TestContext {
  viewer: Viewer
}

/** What the throwaway schema does, seen and steered from a test. */
export class TestState {
  /** Values pulled out of `count`, over all subscribers. */
  pulled = 0
  /** Sources that were closed by `return`. */
  closedSources = 0
  #onSourceClosed: (() => void)[] = []
  mutations = 0
  #lastPulled = -1
  readonly #waiting: (() => void)[] = []
  readonly #onWait: (() => void)[] = []

  /** Resolves once `wait` is being executed. */
  async untilWaiting(): Promise<void> {
    if (this.#waiting.length === 0) await new Promise<void>((resolve) => this.#onWait.push(resolve))
  }

  /**
   * Resolves when nothing more is pulled: not in two hundred turns of the event loop, each of which can move data. This
   * reads progress, not time.
   */
  async untilPulledStandsStill(): Promise<void> {
    let turnsAtRest = 0
    while (turnsAtRest < 200) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      turnsAtRest = this.pulled > 0 && this.pulled === this.#lastPulled ? turnsAtRest + 1 : 0
      this.#lastPulled = this.pulled
    }
  }

  /** Resolves once so many sources have been closed. */
  async untilClosedSources(count: number): Promise<void> {
    while (this.closedSources < count) await new Promise<void>((resolve) => this.#onSourceClosed.push(resolve))
  }

  sourceClosed(): void {
    this.closedSources += 1
    for (const resolve of this.#onSourceClosed.splice(0)) resolve()
  }

  async wait(): Promise<string> {
    const released = new Promise<void>((resolve) => this.#waiting.push(resolve))
    for (const resolve of this.#onWait.splice(0)) resolve()
    await released
    return 'waited'
  }

  padded(length: number): string {
    this.pulled += 1
    return '.'.repeat(length)
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/** Pulls only when asked, as the real sources do; `return` ends a pull that waits. */
function pulledCounter(state: TestState, to: number): AsyncIterableIterator<number> {
  let at = 0
  let finish: (() => void) | undefined
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      if (at < to) {
        state.pulled += 1
        at += 1
        return { done: false, value: at }
      }
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return { done: true, value: undefined }
    },
    async return() {
      state.sourceClosed()
      finish?.()
      return { done: true, value: undefined }
    },
  }
}

async function* countThenEnd(to: number) {
  for (let i = 1; i <= to; i += 1) yield i
}

// oxlint-disable-next-line require-yield
async function* failAfterOne() {
  yield 1
  throw new Error('secret detail of the source')
}

function createTestSchema(state: TestState): GraphQLSchema {
  const sharedError = new Error('secret detail of a shared bug')
  const text = new GraphQLNonNull(GraphQLString)
  const number = new GraphQLNonNull(GraphQLInt)
  const subscription = (
    subscribe: (args: { to: number }) => AsyncIterable<number>,
  ): GraphQLFieldConfig<number, TestContext, { to: number; padding: number }> => ({
    type: text,
    args: { to: { type: number, defaultValue: 0 }, padding: { type: number, defaultValue: 0 } },
    subscribe: (_root, args) => subscribe(args),
    resolve: (value, { padding }) => `${value}${'.'.repeat(padding)}`,
  })
  return new GraphQLSchema({
    query: new GraphQLObjectType<unknown, TestContext>({
      name: 'Query',
      fields: {
        hello: { type: text, args: { name: { type: GraphQLString } }, resolve: (_root, { name }) => `hello ${name}` },
        double: { type: number, args: { value: { type: number } }, resolve: (_root, { value }) => value * 2 },
        echo: {
          type: number,
          args: { to: { type: number, defaultValue: 0 } },
          resolve: (_root, { to }) => to,
        },
        whoami: { type: text, resolve: (_root, _args, { viewer }) => viewer.name },
        wait: { type: text, resolve: () => state.wait() },
        padded: { type: text, args: { length: { type: number } }, resolve: (_root, { length }) => state.padded(length) },
        bug: {
          type: GraphQLString,
          resolve: () => {
            throw new Error('secret detail of a bug')
          },
        },
        sameBug: {
          type: GraphQLString,
          resolve: () => {
            throw sharedError
          },
        },
        brokenType: { type: GraphQLInt, resolve: () => 'secret text where a number belongs' },
        forbidden: {
          type: GraphQLString,
          resolve: () => {
            throw new RefusedError('FORBIDDEN', 'Not for you.')
          },
        },
        databaseGone: {
          type: text,
          resolve: () => {
            throw new DatabaseGone('connect ECONNREFUSED 10.0.0.7')
          },
        },
      },
    }),
    mutation: new GraphQLObjectType<unknown, TestContext>({
      name: 'Mutation',
      fields: { bump: { type: number, resolve: () => (state.mutations += 1) } },
    }),
    subscription: new GraphQLObjectType<number, TestContext>({
      name: 'Subscription',
      fields: {
        count: subscription(({ to }) => pulledCounter(state, to)),
        countThenEnd: subscription(({ to }) => countThenEnd(to)),
        failing: subscription(() => failAfterOne()),
      },
    }),
  })
}

export class DatabaseGone extends Error {}

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

export interface HttpTestServerOptions extends Partial<Pick<HttpServerOptions, 'publicUrl' | 'allowedOrigins' | 'host'>> {
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
        logged.push(JSON.parse(String(chunk)))
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
