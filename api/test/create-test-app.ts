import { prepareTestDatabase, type TestDatabaseKind, type TestDatabaseLocation } from '@gaugeline/prisma/testing'
import pino, { type Logger } from 'pino'
import { createApp, type RunningApp } from '../src/app.ts'
import type { TimeSources } from '../src/base/clock.ts'
import { type Env, readEnv } from '../src/env.ts'
import { GraphQLTestClient } from './graphql-client.ts'

export const ADMIN_TOKEN = 'test-token-of-at-least-32-characters'

export interface TestApp extends RunningApp, AsyncDisposable {
  /** Acts as `admin`, with every scope. */
  client: GraphQLTestClient
  stop(): Promise<void>
  /** Stops this server and starts another one on the same data; disposing either removes the database. */
  restart(): Promise<TestApp>
}

/** The whole server on a free port and a database of its own, with nothing in it unless `seed` says so. */
export async function createTestApp(
  kind: TestDatabaseKind,
  settings: Partial<Env> = {},
  log: Logger = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }),
  time?: TimeSources,
): Promise<TestApp> {
  const database = await prepareTestDatabase(kind)
  try {
    return await startOn(database, settings, log, time)
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

async function startOn(
  database: TestDatabaseLocation,
  settings: Partial<Env>,
  log: Logger,
  time?: TimeSources,
): Promise<TestApp> {
  const app = createApp({
    env: {
      ...readEnv({}),
      port: 0,
      databaseUrl: database.url,
      dataDir: database.dataDir ?? '',
      adminToken: ADMIN_TOKEN,
      seed: 'none',
      ...settings,
    },
    log,
    onProgress: () => undefined,
    onFailure: (error) => {
      throw error
    },
    ...(time && { time }),
  })
  const running = await app.start()
  return {
    ...running,
    client: GraphQLTestClient.withToken(running.origin, ADMIN_TOKEN),
    stop: () => app.stop(),
    restart: async () => {
      await app.stop()
      return startOn(database, settings, log, time)
    },
    [Symbol.asyncDispose]: async () => {
      await app.stop()
      await database[Symbol.asyncDispose]()
    },
  }
}
